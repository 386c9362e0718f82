#!/usr/bin/env bash
# Examine a project, run it, and write its report if anything in it is new.
#   workflow/run.sh PROJECT [SNAKEMAKE OPTION…]     PROJECT: a name in config/projects, a folder, or a config file
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH"

readsight() { PYTHONPATH="$PWD/scripts" python "$@"; }

config=$(workflow/config.sh "$1")
shift
readsight -m readsight.doctor "$config"
snakemake --configfile "$config" --sdm conda --cores all "$@"
for option in "$@"; do
    case $option in -n | --dry-run | --dryrun | --lint | --unlock | --conda-create-envs-only) exit 0 ;; esac
done

results=$(readsight -c 'import sys; from pathlib import Path; from readsight import config; print(config.read(Path(sys.argv[1])).folder)' "$config")
if [ "$results/summary.json" -nt "$results/report.html" ]; then
    echo "Writing the report"
    snakemake --configfile "$config" --report "$results/report.html" >/dev/null
fi
printf '\nReport:  %s\nFigures: %s\n' "$results/report.html" "$results/summary.json"
