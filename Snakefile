"""Readsight: from sequencing reads to validated deep models."""

import gc
import sys
from pathlib import Path

from snakemake.utils import min_version

min_version("9.0")

# The job graph consists of many long-lived objects; garbage collection at the default threshold takes a sixth of the time.
gc.set_threshold(100_000, 20, 100)

sys.path[:0] = [str(Path(workflow.current_basedir) / folder) for folder in ("scripts", "workflow")]

import wakeups
from readsight.doctor import preflight
from readsight.doctor.paths import check_paths
from readsight.wiring.code_hash import hash_code
from readsight.errors import InputError
from readsight.wiring.project import Project, mem, one_of

if not config:

    configfile: "config/config.yaml"


try:
    project = Project.from_raw(config, workflow.configfiles)
    if workflow.is_main_process and check_paths(project):
        preflight.examine_project(project)
except InputError as error:
    sys.exit(preflight.format_faults(error.faults, "This project"))


pathvars:
    results=project.folder,
    logs=f"{project.folder}/logs",
    benchmarks=f"{project.folder}/benchmarks",


report: "workflow/report/workflow.rst"


wildcard_constraints:
    sample=one_of(project.samples),
    caller=one_of(project.callers),
    task=one_of(list(project.config.tasks)),
    table=one_of(list(project.config.tables)),


include: "workflow/rules/demo.smk"
include: "workflow/rules/reads.smk"
include: "workflow/rules/align.smk"
include: "workflow/rules/align_star.smk"
include: "workflow/rules/expression.smk"
include: "workflow/rules/expression_tables.smk"
include: "workflow/rules/expression_cohort.smk"
include: "workflow/rules/variants.smk"
include: "workflow/rules/variants_callers.smk"
include: "workflow/rules/variants_structural.smk"
include: "workflow/rules/variants_compare.smk"
include: "workflow/rules/dataset.smk"
include: "workflow/rules/model.smk"
include: "workflow/rules/interpret.smk"
include: "workflow/rules/interpret_sequences.smk"
include: "workflow/rules/interpret_motifs.smk"
include: "workflow/rules/interpret_effects.smk"
include: "workflow/rules/dossier.smk"


onstart:
    preflight.examine_at_start(project)


onerror:
    print(dossier.describe_unfinished(), file=sys.stderr)


rule all:
    default_target: True
    input:
        dossier.targets(),
