"""What the steps that run Delly share: samples that it cannot judge, and notes of them."""

import json
import logging
from pathlib import Path

from readsight.errors import ToolError
from readsight.pipes import Command, run_tool
from readsight.variants.vcf_files import write_empty_bcf

log = logging.getLogger("readsight")

# Delly's words for alignments that it cannot learn a library from: such a sample is left out, the run goes on
TOO_FEW_READS = "not enough data to estimate library"


def run_delly(command: Command, out: Path, lengths: dict[str, int], sample: str) -> str | None:
    """Run Delly on a sample; where it cannot judge it, write a file without calls.

    Returns why there are no calls, or None. Raises ToolError for any other failure.
    """
    try:
        run_tool(command)
    except ToolError as error:
        if TOO_FEW_READS not in str(error):
            raise
        reason = "too few reads, or fragments, for Delly to learn the library from"
    else:
        if out.exists():
            return None
        reason = "Delly ended without writing a file"
    log.warning("%s has no structural variants: %s", sample, reason)
    write_empty_bcf(out, lengths, [sample])
    return reason


def write_note(path: Path, sample: str, reason: str | None) -> None:
    """Keep why a sample has no calls (null: it was judged)."""
    path.write_text(json.dumps({"sample": sample, "reason": reason}) + "\n")
