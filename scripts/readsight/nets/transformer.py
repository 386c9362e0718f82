"""Network of sequence."""

RESUMES = True
