#!/usr/bin/env bash
# Create the runner (.venv) and the environments; existing ones are kept.
#   envs/setup.sh [ENVIRONMENT…]     default: all that the steps need; --runner: none
# Environments come from conda, mamba or micromamba if one of them is on PATH, otherwise from Debian packages and PyPI
# (envs/native). READSIGHT_PROVIDER=native or =conda overrides this choice.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '[set-up] %s\n' "$*"; }
fail() { printf '%s\n' "$*" >&2; exit 1; }

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# Find a program on PATH outside this project.
outside() {
    local path
    path=$(type -aP "$1" | grep -v -e "^$PWD/\.venv/" -e "^$PWD/\.readsight/" | head -n 1 || true)
    [ -n "$path" ] && printf '%s' "$path"
}

frontend() {
    local name
    for name in conda mamba micromamba; do
        outside "$name" && return
    done
    return 1
}

choose_provider() {
    solver=$(frontend || true)
    provider=${READSIGHT_PROVIDER:-}
    if [ -z "$provider" ]; then
        if [ -n "$solver" ]; then
            provider=conda
        elif [ -n "$(type -P apt-get)" ]; then
            provider=native
        fi
    fi
    case $provider in
        native) ;;
        conda) [ -n "$solver" ] || fail "READSIGHT_PROVIDER is conda, but none of conda, mamba, micromamba is on PATH." ;;
        "") fail "Readsight needs conda, mamba or micromamba, or a Debian machine with apt; neither is available." ;;
        *) fail "READSIGHT_PROVIDER is '$provider'; it can be native or conda." ;;
    esac
}

# Check that a Python can create the runner.
fit() { "$1" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
    local name
    for name in python3 /usr/bin/python3 python3.13 python3.12 python3.11; do
        if path=$(outside "$name") && fit "$path"; then
            python=$path
            return
        fi
    done
    return 1
}

get_python() {
    find_python && return
    if [ "$provider" = conda ]; then
        say "Python 3.12 from conda-forge"
        "$solver" create --quiet --yes --prefix .readsight/python --channel conda-forge "python=3.12" pip >/dev/null
        python=.readsight/python/bin/python
        return
    fi
    [ "$(id -u)" = 0 ] || [ -n "$(type -P sudo)" ] ||
        fail "Python 3.11 with venv is missing, and you have neither root rights nor sudo: ask an administrator to install python3-venv."
    say "python3-venv, by apt"
    export DEBIAN_FRONTEND=noninteractive
    local install="apt-get -qq -o DPkg::Lock::Timeout=900 install --yes --no-install-recommends python3 python3-venv"
    as_root $install >/dev/null 2>&1 || { as_root apt-get -qq update && as_root $install >/dev/null; }
    find_python || fail "Python 3.11 or later is needed, and apt does not provide it."
}

make_runner() {
    local stamp=.venv/.made-from
    if [ -x .venv/bin/snakemake ] && cmp -s envs/runner.txt "$stamp"; then
        return
    fi
    if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
        get_python
        say "the runner (.venv) with $("$python" --version)"
        rm -rf .venv
        "$python" -m venv .venv
    fi
    say "Snakemake, by pip"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --prefer-binary --use-pep517 -r envs/runner.txt 2> >(grep -v '^WARNING' >&2)
    cp envs/runner.txt "$stamp"
}

# Snakemake calls `conda`, 24.7.1 or later, and nothing else.
recent() {
    local version
    version=$("$1" --version 2>/dev/null | grep -oE '[0-9]+\.[0-9]+\.[0-9]+' | head -n 1) || return 1
    [ "$(printf '%s\n' 24.7.1 "$version" | sort -V | head -n 1)" = 24.7.1 ]
}

link_conda() {
    local target fallback=.readsight/conda/bin/conda
    if [ "$provider" = native ]; then
        target=$PWD/envs/native/bin/conda
    elif [ "$(basename "$solver")" = conda ] && recent "$solver"; then
        target=$solver
    else
        if ! [ -x "$fallback" ]; then
            say "conda, by $(basename "$solver") (Snakemake needs conda 24.7.1 or later)"
            "$solver" create --quiet --yes --prefix "$PWD/.readsight/conda" --channel conda-forge "conda>=24.7.1" >/dev/null
        fi
        target=$PWD/$fallback
    fi
    if [ "$(readlink .venv/bin/conda || true)" != "$target" ]; then
        ln -sfn "$target" .venv/bin/conda
    fi
}

choose_provider
make_runner
link_conda
[ "${1:-}" != --runner ] || exit 0
PATH="$PWD/.venv/bin:$PATH" exec .venv/bin/python envs/prepare.py "$@"
