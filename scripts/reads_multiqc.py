"""Collect the quality of reads, alignments, counts and calls in one page (MultiQC)."""

import json
from pathlib import Path

from readsight import pipes
from readsight.step import step


def build_configuration(project: str) -> dict:
    """Settings of MultiQC: no network access, and no times or paths of this run in the page."""
    return {
        "title": project,
        "no_version_check": True,
        "no_ai": True,
        "show_analysis_paths": False,
        "show_analysis_time": False,
        "disable_version_detection": True,
        "make_data_dir": False,
        "plots_force_interactive": True,
        # replaces the default list of MultiQC, which would shorten sample.unit.clean_1 to sample.unit
        "fn_clean_exts": [".gz", ".fastq", "_fastqc", ".flagstat", ".stats", ".mosdepth", ".trim", ".Log.final.out"],
        "fn_clean_trim": [],
        "module_order": [
            {"fastqc": {"name": "FastQC, raw reads", "anchor": "fastqc_raw", "path_filters": ["*.raw_?_fastqc.zip"]}},
            {"fastqc": {"name": "FastQC, clean reads", "anchor": "fastqc_clean", "path_filters": ["*.clean_?_fastqc.zip"]}},
            "trimmomatic",
            "star",
            "featurecounts",
            "samtools",
            "mosdepth",
            "bcftools",
        ],
    }


def main(files: list[Path], project: str, html: Path, scratch: Path) -> None:
    """Run MultiQC on exactly these files."""
    settings, names = scratch / "multiqc.yaml", scratch / "files.txt"
    settings.write_text(json.dumps(build_configuration(project)))  # JSON is YAML
    names.write_text("".join(f"{path.resolve()}\n" for path in files))
    out = ["--filename", html.name, "--outdir", html.parent]
    command = ["multiqc", "--no-ansi", "--force", "--config", settings, *out, "--file-list", names]
    pipes.run_tool(command, environment={"HOME": str(scratch)})


if __name__ == "__main__":
    with step(snakemake) as job:
        main(list(job.input), job.params.project, job.output.html, job.scratch)
