"""Runner of external tools, alone or connected by pipes; the failure of any tool is an error."""

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

# htslib looks for a CRAM's reference on the internet first; here it is always a file.
# A value that the user sets is kept.
OFFLINE = {"REF_PATH": "/dev/null"}


def write_list(items: Iterable[object], path: Path) -> Path:
    """Write one line per item, a format in which many tools accept lists of files or samples; returns the path."""
    path.write_text("".join(f"{item}\n" for item in items))
    return path


def run_tool(command: Command, **options) -> None:
    """Run one tool; options as for `run_pipe`."""
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
    """Run tools, with the standard output of each connected to the standard input of the next.

    Parameters
    ----------
    commands : the tools with their arguments.
    stdin, stdout : files at both ends.
    environment : additional environment variables.
    folder : working directory.
    feed : function that writes the input of the first tool, instead of stdin.
    messages_file : additional file for the tools' messages, which always go to the log.

    Raises
    ------
    ToolError with status and last messages of every tool that failed: those killed by a signal first, then in the order
    in which they ended. Tools that ended because of a failed neighbour (SIGPIPE) come last.
    """
    source = open(stdin, "rb") if stdin else subprocess.PIPE if feed else subprocess.DEVNULL
    sink = open(stdout, "wb") if stdout else None
    members = _Members(commands, source, sink, environment, folder)
    with members:
        if feed:
            try:
                with members.first_input as first_input:
                    feed(first_input)
            except BrokenPipeError:
                # the first tool ended: reported below, unless it needed no more input
                pass
        members.check_exits(messages_file)


@contextmanager
def read_pipe(commands: Sequence[Command], environment: dict[str, str] | None = None) -> Iterator[BinaryIO]:
    """Run tools connected by pipes, and yield the output of the last one.

    The block must read the output to its end. Raises ToolError like `run_pipe`; if the block raises, the tools are
    killed and the error propagates.
    """
    members = _Members(commands, subprocess.DEVNULL, subprocess.PIPE, environment, None)
    with members, members.last_output as out:
        yield out
        members.check_exits()


def capture_output(command: Command) -> str:
    """Run one tool and return its standard output. Raises ToolError if it fails."""
    with read_pipe([command]) as out:
        return out.read().decode()


class _Members:
    """The running tools of one pipe; leaving the block kills those that are still running."""

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
                raise ToolError(f"{command[0]}: this tool is missing from the environment of the step") from None
            finally:
                # this process must close its ends, or a tool would not notice that its neighbour has ended
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
        """Wait for the tools, log their messages, and raise ToolError if any failed."""
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
        """Sort key of failures: tools killed by a signal first, because their neighbours fail right after; then by time."""
        return self.tools[i].returncode >= 0, self.death_times[i]

    def _read_messages(self, i: int) -> str:
        """Messages of a tool, which are also logged."""
        with self.message_files[i] as handle:
            handle.seek(0)
            text = handle.read().decode(errors="replace").strip()
        if text:
            log.info("[%s] %s", Path(self.commands[i][0]).name, text)
        return text


def _open_message_file() -> BinaryIO:
    """Open a file for the messages of a tool, in memory where the system supports it, because the disk may be full."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("messages"), "w+b")
    return tempfile.TemporaryFile()


def _describe_status(code: int) -> str:
    """Exit status as text."""
    if code < 0:
        return f"was killed by {signal.Signals(-code).name}"
    return f"failed with exit status {code}"
