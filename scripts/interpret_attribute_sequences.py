"""Attribute predictions of a task's first model to the bases of test sequences, by every method that is asked for.

Each example is explained by the model of its fold in the first repeat, which did not see it. What is written stands at the head of
`readsight/interpret/sequence_attribution/attribution_file.py`.
"""

from pathlib import Path
from typing import Any

from readsight.interpret.sequence_attribution import attribution_file
from readsight.interpret.sequence_attribution.explained_examples import FILES, OPTIONAL_FILES, attribute_examples, select_examples
from readsight.step import step


def main(inputs: dict[str, Path], task: str, spec: dict[str, Any], seed: int, out: Path) -> None:
    """Write attributions of test examples, drawn at random and balanced over classes.

    inputs: FILES, and MAY where the model has a representation. spec: attributions (words of methods); explained, examples in all;
    interpret (baseline, baselines, correction). Raises InputError where the files do not belong together, for methods that are not
    defined on the model, and for attributions that are no numbers.
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
