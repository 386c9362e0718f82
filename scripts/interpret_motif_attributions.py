"""Attribute predictions of a task's first model to the bases of many test sequences with one method, as input of motif discovery.

The file has the same format as that of `interpret_attribute_sequences`.
"""

from pathlib import Path
from typing import Any

from readsight.interpret.sequence_attribution import attribution_file
from readsight.interpret.sequence_attribution.explained_examples import FILES, OPTIONAL_FILES, attribute_examples, select_examples
from readsight.step import step


def main(inputs: dict[str, Path], task: str, spec: dict[str, Any], seed: int, out: Path) -> None:
    """Write attributions of test examples, drawn at random and balanced over classes.

    inputs: as for `interpret_attribute_sequences`. spec: method; sequences, their number in total; interpret (baseline, baselines,
    correction). Raises InputError under the same conditions.
    """
    selected = select_examples(inputs, spec["sequences"], seed)
    attribution_file.write(out, attribute_examples(selected, [spec["method"]], spec["interpret"], seed, inputs["examples"], task))


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        optional_inputs = [name for name in OPTIONAL_FILES if job.input.get(name)]
        main(
            {name: getattr(job.input, name) for name in (*FILES, *optional_inputs)},
            job.wildcards.task,
            dict(job.params.spec),
            job.params.seed,
            job.output.contributions,
        )
