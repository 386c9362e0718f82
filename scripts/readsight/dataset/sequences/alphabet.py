"""The letters of a sequence: bases, ambiguity codes, and what is neither. With the standard library alone."""

BASES = b"ACGTacgt"
# IUPAC's codes of several bases, and X, by which some tools mask: each is read as N.
AMBIGUOUS = b"NRYSWKMBDHVXnryswkmbdhvx"
ALLOWED = BASES + AMBIGUOUS
RNA = set(b"Uu")
GAPS = set(b"-.")
OF_PROTEIN = set(b"EFILPQZJOeeilpqzjo*")
MOSTLY = 0.6
BLANKS = b"\n\r \t"


def find_odd_letters(sequence: bytes) -> bytes:
    """The letters of a sequence that are neither bases nor ambiguity codes, in order."""
    return sequence.translate(None, ALLOWED)


def is_all_unknown(sequence: bytes) -> bool:
    """Whether no base of a sequence is known: all are N or another ambiguity code."""
    return not sequence.translate(None, AMBIGUOUS)


def is_protein(sequence: bytes) -> bool:
    """Whether a sequence is one of amino acids: it has letters that only these have, or that bases hardly have, in number."""
    nucleotides = len(sequence) - len(sequence.translate(None, BASES + b"NnUu"))
    return len(sequence) >= 8 and nucleotides < MOSTLY * len(sequence.translate(None, b"-.*"))


def describe_fault(sequence: bytes) -> str | None:
    """What keeps a sequence from being one of DNA, in words; None where nothing does. The place of a letter is another's to say."""
    if not sequence:
        return "is empty; leave it out"
    if is_protein(sequence):
        return "looks like a protein; sequences of DNA are needed"
    odd_letters = find_odd_letters(sequence)
    if not odd_letters:
        return "has no base that is known (all are N); leave it out" if is_all_unknown(sequence) else None
    if set(odd_letters) <= RNA:
        return "is RNA (it has U); write it as DNA, with T for U"
    if set(odd_letters) <= GAPS:
        return "has gaps, as alignments have; take them out"
    kinds = sorted({chr(letter) for letter in odd_letters})
    shown = ", ".join(map(repr, kinds[:4])) + ", …" * (len(kinds) > 4)
    return f"has {shown}, which {'is no base' if len(kinds) == 1 else 'are no bases'}; A, C, G, T and the ambiguity codes of IUPAC are read"


def find_first_odd(sequence: bytes) -> int | None:
    """Place, from 0, of the first letter that is no base; None where there is none."""
    odd_letters = find_odd_letters(sequence)
    return sequence.index(odd_letters[:1]) if odd_letters else None
