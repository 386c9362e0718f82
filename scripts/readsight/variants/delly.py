"""Shared parts of the steps that run Delly: handling and notes of samples with too few reads."""

import json
import logging
from pathlib import Path

from readsight.errors import ToolError
from readsight.pipes import Command, run_tool
from readsight.variants.vcf_files import write_empty_bcf

log = logging.getLogger("readsight")

# Delly's message if it cannot estimate the library; such a sample is skipped, and the run continues
TOO_FEW_READS = "not enough data to estimate library"


def run_delly(command: Command, out: Path, lengths: dict[str, int], sample: str) -> str | None:
    """Run Delly on a sample; write a file without calls if Delly cannot estimate its library.

    Returns the reason for missing calls, or None. Raises ToolError for any other failure.
    """
    try:
        run_tool(command)
    except ToolError as error:
        if TOO_FEW_READS not in str(error):
            raise
        reason = "too few reads, or fragments, for Delly to estimate the library"
    else:
        if out.exists():
            return None
        reason = "Delly ended without writing a file"
    log.warning("%s has no structural variants: %s", sample, reason)
    write_empty_bcf(out, lengths, [sample])
    return reason


def write_note(path: Path, sample: str, reason: str | None) -> None:
    """Write the reason why a sample has no calls (null if it was processed)."""
    path.write_text(json.dumps({"sample": sample, "reason": reason}) + "\n")
