"""Run external tools: alone, or joined by pipes of which no member fails unseen."""

import logging
import os
import shlex
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from readsight.errors import ToolError

log = logging.getLogger("readsight")

Command = Sequence[str | Path]

# samtools and its kin look for a CRAM's reference on the internet first; here it is always a file.
# Whoever sets the variable themselves is heard.
OFFLINE = {"REF_PATH": "/dev/null"}


def write_list(items: Iterable[object], path: Path) -> Path:
    """Write a line an item, which is how tools take many files or samples; returns the path."""
    path.write_text("".join(f"{item}\n" for item in items))
    return path


def run_tool(command: Command, **options) -> None:
    """Run one tool; options as of `run_pipe`."""
    run_pipe([command], **options)


def run_pipe(
    commands: Sequence[Command],
    stdin: Path | None = None,
    stdout: Path | None = None,
    environment: dict[str, str] | None = None,
    folder: Path | None = None,
    feed: Callable[[BinaryIO], None] | None = None,
    messages_file: Path | None = None,
) -> None:
    """Run tools with each one's standard output joined to the next one's input.

    stdin, stdout: files at the two ends. environment: variables added to the
    present ones. folder: working directory. feed: instead of stdin, a function that
    writes the first member's input. messages_file: a file that keeps the tools' words, too;
    they always go to the log.
    Raises ToolError naming every member that failed, with its status and last
    words: one that a signal killed first, then in the order in which they died. Members that only
    died because a neighbour did (SIGPIPE) come last.
    """
    source = open(stdin, "rb") if stdin else subprocess.PIPE if feed else subprocess.DEVNULL
    sink = open(stdout, "wb") if stdout else None
    members = _Members(commands, source, sink, environment, folder)
    with members:
        if feed:
            try:
                with members.first_input as entrance:
                    feed(entrance)
            except BrokenPipeError:
                # the first member went away: judged below, unless it had simply read enough
                pass
        members.check_exits(messages_file)


@contextmanager
def read_pipe(commands: Sequence[Command], environment: dict[str, str] | None = None) -> Iterator[BinaryIO]:
    """Run tools joined by pipes and read what the last one writes.

    All of it must be read before the block ends. Raises ToolError as `run_pipe` does;
    where the block itself fails, the tools are killed and its error passes on.
    """
    members = _Members(commands, subprocess.DEVNULL, subprocess.PIPE, environment, None)
    with members, members.last_output as out:
        yield out
        members.check_exits()


def capture_output(command: Command) -> str:
    """Run one tool and return what it wrote to standard output.

    Raises ToolError if it fails.
    """
    with read_pipe([command]) as out:
        return out.read().decode()


class _Members:
    """The running tools of one pipe; leaving the block kills those that still run."""

    def __init__(self, commands: Sequence[Command], source, sink, environment, folder):
        self.commands = [[str(argument) for argument in command] for command in commands]
        self.message_files = [_open_message_file() for _ in self.commands]
        self.tools: list[subprocess.Popen] = []
        self.death_times: dict[int, float] = {}
        log.info("%s", " | ".join(shlex.join(argument) for argument in self.commands))
        try:
            self._start_tools(source, sink, OFFLINE | os.environ | (environment or {}), folder)
        except BaseException:
            self.__exit__()
            raise
        self.watchers = [threading.Thread(target=self._await_exit, args=(i,), daemon=True) for i in range(len(self.tools))]
        for watcher in self.watchers:
            watcher.start()

    def _start_tools(self, source, sink, environment: dict[str, str], folder: Path | None) -> None:
        for i, command in enumerate(self.commands):
            last = i == len(self.commands) - 1
            out = subprocess.PIPE if not last else self.message_files[i] if sink is None else sink
            try:
                tool = subprocess.Popen(
                    command, stdin=source, stdout=out, stderr=self.message_files[i], env=environment, cwd=folder
                )
            except FileNotFoundError:
                raise ToolError(f"{command[0]}: this tool is not in the step's environment") from None
            finally:
                # this process must hold no end, or a member would never see its neighbour's death
                for end in (source, sink) if last else (source,):
                    if hasattr(end, "close"):
                        end.close()
            self.tools.append(tool)
            source = tool.stdout

    @property
    def first_input(self) -> BinaryIO:
        return self.tools[0].stdin

    @property
    def last_output(self) -> BinaryIO:
        return self.tools[-1].stdout

    def _await_exit(self, i: int) -> None:
        self.tools[i].wait()
        self.death_times[i] = time.monotonic()

    def __enter__(self) -> "_Members":
        return self

    def __exit__(self, *_) -> None:
        for tool in self.tools:
            if tool.poll() is None:
                tool.kill()
                tool.wait()

    def check_exits(self, messages_file: Path | None = None) -> None:
        """Wait for the members, log what they said, and raise if any failed."""
        for watcher in self.watchers:
            watcher.join()
        faults, echoes = [], []
        messages = [self._read_messages(i) for i in range(len(self.tools))]
        if messages_file:
            messages_file.write_text("".join(f"{text}\n" for text in messages if text))
        for i in sorted(self.death_times, key=self._failure_order):
            code = self.tools[i].returncode
            if code:
                tail = "\n    ".join(messages[i].splitlines()[-5:])
                fault = f"{' '.join(self.commands[i][:2])} {_describe_status(code)}" + (f":\n    {tail}" if tail else "")
                (echoes if code == -signal.SIGPIPE else faults).append(fault)
        if faults or echoes:
            raise ToolError("\n".join(faults + echoes))

    def _failure_order(self, i: int) -> tuple[bool, float]:
        """Who comes first among the dead: one that a signal killed, for its neighbours fall within a moment; then by time."""
        return self.tools[i].returncode >= 0, self.death_times[i]

    def _read_messages(self, i: int) -> str:
        """What a member said, also to the log."""
        with self.message_files[i] as handle:
            handle.seek(0)
            text = handle.read().decode(errors="replace").strip()
        if text:
            log.info("[%s] %s", Path(self.commands[i][0]).name, text)
        return text


def _open_message_file() -> BinaryIO:
    """A place for what a tool says: in memory where the system has such files, for the disk may be what is full."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("words"), "w+b")
    return tempfile.TemporaryFile()


def _describe_status(code: int) -> str:
    """An exit status in words."""
    if code < 0:
        return f"was killed by {signal.Signals(-code).name}"
    return f"failed with exit status {code}"
