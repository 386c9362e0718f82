"""Attribute predictions of a task's first model to the bases of test sequences, with every configured method.

Each example is explained by the model of the fold in which it is a test example (first repeat). The output format is described in
`readsight/interpret/sequence_attribution/attribution_file.py`.
"""

from pathlib import Path
from typing import Any

from readsight.interpret.sequence_attribution import attribution_file
from readsight.interpret.sequence_attribution.explained_examples import FILES, OPTIONAL_FILES, attribute_examples, select_examples
from readsight.step import step


def main(inputs: dict[str, Path], task: str, spec: dict[str, Any], seed: int, out: Path) -> None:
    """Write attributions of test examples, drawn at random and balanced over classes.

    Parameters
    ----------
    inputs : FILES, and OPTIONAL_FILES if the model has a representation.
    spec : attributions (names of methods), explained (number of examples in total), interpret (baseline, baselines, correction).

    Raises
    ------
    InputError if the files do not belong to the same split and model, if a method does not support the model, or if
    attributions are not finite.
    """
    selected = select_examples(inputs, spec["explained"], seed)
    attribution_file.write(
        out, attribute_examples(selected, spec["attributions"], spec["interpret"], seed, inputs["examples"], task)
    )


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        optional_inputs = [name for name in OPTIONAL_FILES if job.input.get(name)]
        main(
            {name: getattr(job.input, name) for name in (*FILES, *optional_inputs)},
            job.wildcards.task,
            dict(job.params.spec),
            job.params.seed,
            job.output.attributions,
        )
