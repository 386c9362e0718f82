"""One of several processes of a training: `python -m readsight.models.training.worker JOB RESULT`; see `distributed`."""

import logging
import os
import pickle
import sys
from pathlib import Path

from readsight.errors import InputError, ToolError
from readsight.models.training.distributed import unpack_fold
from readsight.models.training.fitting import fit_in_process


def main(job: Path, result: Path) -> int:
    """Run the job; the first process writes the result, and a failing process its error. Returns the exit status."""
    arguments = pickle.loads(job.read_bytes())
    rank = int(os.environ.get("LOCAL_RANK", os.environ.get("SLURM_PROCID", "0")))
    arguments |= {"train": unpack_fold(arguments["train"]), "validation": unpack_fold(arguments["validation"])}
    try:
        fitted = fit_in_process(**arguments, is_main=rank == 0)
    except (InputError, ToolError) as error:
        result.with_name(f"{result.name}.error{rank}").write_bytes(pickle.dumps(error))
        return 1
    if rank == 0:
        result.write_bytes(pickle.dumps(fitted))
    return 0


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
