"""Letters of DNA sequences: bases, ambiguity codes and invalid letters. Standard library only."""

BASES = b"ACGTacgt"
# IUPAC ambiguity codes, and X, which some tools use for masking: all are read as N.
AMBIGUOUS = b"NRYSWKMBDHVXnryswkmbdhvx"
ALLOWED = BASES + AMBIGUOUS
RNA = set(b"Uu")
GAPS = set(b"-.")
MIN_NUCLEOTIDE_FRACTION = 0.6
BLANKS = b"\n\r \t"


def find_odd_letters(sequence: bytes) -> bytes:
    """Letters of a sequence that are neither bases nor ambiguity codes, in order."""
    return sequence.translate(None, ALLOWED)


def is_all_unknown(sequence: bytes) -> bool:
    """Whether a sequence has no known base: all letters are N or ambiguity codes."""
    return not sequence.translate(None, AMBIGUOUS)


def is_protein(sequence: bytes) -> bool:
    """Whether a sequence looks like amino acids: at least 8 letters, of which fewer than 60 % are nucleotides."""
    nucleotides = len(sequence) - len(sequence.translate(None, BASES + b"NnUu"))
    return len(sequence) >= 8 and nucleotides < MIN_NUCLEOTIDE_FRACTION * len(sequence.translate(None, b"-.*"))


def describe_fault(sequence: bytes) -> str | None:
    """Why a sequence is not valid DNA; None if it is. Positions are left to the caller."""
    if not sequence:
        return "is empty; remove it"
    if is_protein(sequence):
        return "looks like a protein; DNA sequences are required"
    odd_letters = find_odd_letters(sequence)
    if not odd_letters:
        return "contains no known base (all are N); remove it" if is_all_unknown(sequence) else None
    if set(odd_letters) <= RNA:
        return "is RNA (it has U); write it as DNA, with T for U"
    if set(odd_letters) <= GAPS:
        return "has alignment gaps; remove them"
    kinds = sorted({chr(letter) for letter in odd_letters})
    letter_list = ", ".join(map(repr, kinds[:4])) + ", …" * (len(kinds) > 4)
    return f"has {letter_list}, which {'is not a base' if len(kinds) == 1 else 'are not bases'}; use A, C, G, T and the IUPAC ambiguity codes"


def find_first_odd(sequence: bytes) -> int | None:
    """Position (from 0) of the first letter that is not a base; None if there is none."""
    odd_letters = find_odd_letters(sequence)
    return sequence.index(odd_letters[:1]) if odd_letters else None
