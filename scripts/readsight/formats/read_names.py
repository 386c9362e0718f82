"""Template name and mate number from read names (bytes)."""

import re

SRA = re.compile(rb"(.*\.\d+)\.([12])")


def are_paired(left: list[bytes], right: list[bytes]) -> bool:
    """Whether two lists of names belong to the same templates, with first mates left and second mates right.

    Blocks are compared first; names are compared one by one only if comments differ.
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
    """Split a read name into template name and mate number (b"" if the name has none)."""
    first, _, comment = name.replace(b"\t", b" ").partition(b" ")
    if first[-2:] in (b"/1", b"/2"):
        return first[:-2], first[-1:]
    if comment[:2] in (b"1:", b"2:"):
        return first, comment[:1]
    sra = SRA.fullmatch(first)
    return (sra[1], sra[2]) if sra else (first, b"")


def is_pair(left: bytes, right: bytes) -> bool:
    """Whether two names belong to one template; a name may end in .1 without a mate number."""
    (a, left_mate), (b, right_mate) = split_mate_number(left), split_mate_number(right)
    is_same_sra_name = left == right and bool(SRA.fullmatch(first_token(left)))
    return is_same_sra_name or (a == b and (left_mate, right_mate) in ((b"1", b"2"), (b"", b"")))
