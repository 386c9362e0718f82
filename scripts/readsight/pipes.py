"""Run external tools: alone, or joined by pipes of which no member fails unseen."""

import logging
import os
import shlex
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from readsight.errors import ToolError

log = logging.getLogger("readsight")

Command = Sequence[str | Path]


def run(command: Command, **options) -> None:
    """Run one tool; options as of `pipe`."""
    pipe([command], **options)


def pipe(
    commands: Sequence[Command],
    stdin: Path | None = None,
    stdout: Path | None = None,
    environment: dict[str, str] | None = None,
    folder: Path | None = None,
) -> None:
    """Run tools with each one's standard output joined to the next one's input.

    stdin, stdout: files at the two ends. environment: variables added to the
    present ones. folder: working directory. What the tools say goes to the log.
    Raises ToolError naming every member that failed, with its status and last
    words; members that only died because a neighbour did (SIGPIPE) come last.
    """
    words = [[str(w) for w in command] for command in commands]
    log.info("%s", " | ".join(shlex.join(w) for w in words))
    says = [tempfile.TemporaryFile() for _ in words]
    members: list[subprocess.Popen] = []
    env = os.environ | (environment or {})
    try:
        source = open(stdin, "rb") if stdin else subprocess.DEVNULL
        for i, command in enumerate(words):
            last = i == len(words) - 1
            sink = (open(stdout, "wb") if stdout else says[i]) if last else subprocess.PIPE
            try:
                members.append(subprocess.Popen(command, stdin=source, stdout=sink, stderr=says[i], env=env, cwd=folder))
            except FileNotFoundError:
                raise ToolError(f"{command[0]}: this tool is not in the step's environment") from None
            finally:
                for end in (source, sink):
                    if hasattr(end, "close") and end is not says[i]:
                        end.close()
            source = members[-1].stdout
        for member in members:
            member.wait()
    finally:
        for member in members:
            if member.poll() is None:
                member.kill()
                member.wait()
    _judge(words, members, says)


def capture(command: Command) -> str:
    """Run one tool and return what it wrote to standard output.

    Raises ToolError if it fails.
    """
    with tempfile.NamedTemporaryFile() as out:
        run(command, stdout=Path(out.name))
        return Path(out.name).read_text()


def _judge(words: list[list[str]], members: list[subprocess.Popen], says: list) -> None:
    """Log what the members said, and raise if any failed."""
    faults, echoes = [], []
    for command, member, said in zip(words, members, says, strict=True):
        said.seek(0)
        text = said.read().decode(errors="replace").strip()
        said.close()
        if text:
            log.info("[%s] %s", Path(command[0]).name, text)
        if member.returncode:
            tail = "\n    ".join(text.splitlines()[-5:])
            fault = f"{' '.join(command[:2])} {_status(member.returncode)}" + (f":\n    {tail}" if tail else "")
            (echoes if member.returncode == -signal.SIGPIPE else faults).append(fault)
    if faults or echoes:
        raise ToolError("\n".join(faults + echoes))


def _status(code: int) -> str:
    """An exit status in words."""
    if code < 0:
        return f"was killed by {signal.Signals(-code).name}"
    return f"failed with exit status {code}"
