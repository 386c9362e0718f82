#!/usr/bin/env bash
# The config file of a project: a name in config/projects, a folder, or the file itself.
set -euo pipefail
cd "$(dirname "$0")/.."
for path in "config/projects/$1/config.yaml" "$1/config.yaml" "$1"; do
    if [ -f "$path" ]; then
        echo "$path"
        exit 0
    fi
done
echo "No project '$1': there is neither config/projects/$1/config.yaml, nor a folder or config file of that name." >&2
echo "Available projects: $(ls config/projects | paste -sd ' ')" >&2
exit 1
