#!/usr/bin/env bash
# Check a project, run it, and write its report if any result is new.
#   workflow/run.sh PROJECT [SNAKEMAKE OPTION…]     PROJECT: a name in config/projects, a folder, or a config file
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH"

readsight() { PYTHONPATH="$PWD/scripts" python "$@"; }

config=$(workflow/config.sh "$1")
shift
readsight -m readsight.doctor "$config"

# One run at a time in this folder. A killed run leaves Snakemake's lock behind, which is stale if this lock is free.
mkdir -p .readsight
exec 9>.readsight/run.lock
flock --nonblock 9 || { echo "Another run is active in this folder: wait for it to finish, or stop it." >&2; exit 1; }
if [ -n "$(ls .snakemake/locks 2>/dev/null)" ]; then
    echo "An earlier run was interrupted; continuing from where it stopped"
    snakemake --configfile "$config" --unlock >/dev/null 2>&1
fi
snakemake --configfile "$config" --sdm conda --cores all "$@"
for option in "$@"; do
    case $option in -n | --dry-run | --dryrun | --lint | --unlock | --conda-create-envs-only) exit 0 ;; esac
done

results=$(readsight -c 'import sys; from pathlib import Path; from readsight.config import schema; print(schema.read_config(Path(sys.argv[1])).folder)' "$config")
if [ "$results/dossier/audit.tsv" -nt "$results/report.html" ]; then
    echo "Writing the report"
    snakemake --configfile "$config" --report "$results/report.html" >/dev/null
fi
printf '\nReport:  %s\nFigures: %s\n' "$results/report.html" "$results/summary.json"
