"""Command line with the part of conda's interface that Snakemake uses."""

import argparse
import json
import platform
import sys
from pathlib import Path

from provider import debian, plan, prefix

HOME = Path(__file__).resolve().parents[1]
VERSION = "24.7.1"


def main(argv: list[str]) -> int:
    """Run one command; returns the exit status."""
    arguments = build_parser().parse_args(argv)
    try:
        return arguments.answer(arguments) or 0
    except plan.RefusalError as error:
        print(f"The environment was not built:\n{error}", file=sys.stderr)
        return 1


def build_parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="conda", description="Builds environment files from Debian packages and PyPI.")
    top.add_argument("--version", action="version", version=f"conda {VERSION}")
    commands = top.add_subparsers(required=True)

    info = commands.add_parser("info")
    info.add_argument("--json", action="store_true")
    info.set_defaults(answer=print_info)

    config = commands.add_parser("config")
    config.add_argument("--get", nargs="*", default=[])
    config.add_argument("--json", action="store_true")
    config.set_defaults(answer=print_config)

    clean = commands.add_parser("clean")
    for flag in ("--yes", "--tarballs", "--packages", "--all"):
        clean.add_argument(flag, action="store_true")
    clean.add_argument("-y", action="store_true")
    clean.set_defaults(answer=lambda arguments: 0)

    listing = commands.add_parser("list")
    listing.add_argument("--prefix", "-p", type=Path, required=True)
    listing.add_argument("--json", action="store_true")
    listing.set_defaults(answer=print_list)

    env = commands.add_parser("env").add_subparsers(required=True)
    create = env.add_parser("create")
    create.add_argument("--file", "-f", type=Path, required=True)
    create.add_argument("--prefix", "-p", type=Path, required=True)
    for flag in ("--quiet", "--no-default-packages", "--yes"):
        create.add_argument(flag, action="store_true")
    create.set_defaults(answer=lambda arguments: prefix.create_prefix(arguments.file, arguments.prefix))

    apt = commands.add_parser("debian-packages", help="install the Debian packages of several environment files at once")
    apt.add_argument("files", nargs="+", type=Path)
    apt.set_defaults(
        answer=lambda arguments: debian.ensure_installed([w for file in arguments.files for w in plan.read_plan(file).debian])
    )
    return top


def print_info(arguments: argparse.Namespace) -> None:
    machine = {"x86_64": "64", "arm64": "aarch64"}.get(platform.machine(), platform.machine())
    print(json.dumps({"conda_prefix": str(HOME), "conda_version": VERSION, "platform": f"linux-{machine}"}))


def print_config(arguments: argparse.Namespace) -> None:
    print(json.dumps({"get": {name: "strict" for name in arguments.get if name == "channel_priority"}, "success": True}))


def print_list(arguments: argparse.Namespace) -> None:
    records = prefix.read_records(arguments.prefix)
    if arguments.json:
        print(json.dumps(records, indent=2))
    else:
        print("\n".join(f"{e['name']}\t{e['version']}\t{e['build']}\t{e['channel']}" for e in records))
