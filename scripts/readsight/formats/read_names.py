"""Names of reads, as bytes: which template a read is of, and which mate."""

import re

SRA = re.compile(rb"(.*\.\d+)\.([12])")


def are_paired(left: list[bytes], right: list[bytes]) -> bool:
    """Whether two lists of names are of the same templates, first mates left and second mates right.

    Whole blocks are compared first; name by name only where comments differ.
    """
    if left == right:
        return all(is_pair(x, x) for x in (left[0], left[-1]))
    a, b = b"\n".join(left) + b"\n", b"\n".join(right) + b"\n"
    if b"/2\n" not in a and a.replace(b"/1\n", b"/2\n") == b or b" 2:" not in a and a.replace(b" 1:", b" 2:") == b:
        return True
    return all(is_pair(x, y) for x, y in zip(left, right, strict=True))


def first_token(name: bytes) -> bytes:
    return name.replace(b"\t", b" ").partition(b" ")[0]


def split_mate_number(name: bytes) -> tuple[bytes, bytes]:
    """A read's name without its mate number, and that number (b"" where the name has none)."""
    first, _, comment = name.replace(b"\t", b" ").partition(b" ")
    if first[-2:] in (b"/1", b"/2"):
        return first[:-2], first[-1:]
    if comment[:2] in (b"1:", b"2:"):
        return first, comment[:1]
    sra = SRA.fullmatch(first)
    return (sra[1], sra[2]) if sra else (first, b"")


def is_pair(left: bytes, right: bytes) -> bool:
    """Whether two names are of one template; a name that ends in .1 may simply be called so."""
    (a, left_mate), (b, right_mate) = split_mate_number(left), split_mate_number(right)
    is_same_sra_name = left == right and bool(SRA.fullmatch(first_token(left)))
    return is_same_sra_name or (a == b and (left_mate, right_mate) in ((b"1", b"2"), (b"", b"")))
