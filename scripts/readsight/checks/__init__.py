"""Checks that run before the first job, with the standard library only, and again inside the jobs."""
