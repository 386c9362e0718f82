"""A pipe fails if any of its commands fails, and names the first failure first."""

import os
import time

import pytest

from readsight import pipes
from readsight.errors import ToolError

PASS = ["cat"]


def shell_command(script):
    return ["sh", "-c", script]


def test_commands_are_joined_from_file_to_file(tmp_path):
    (tmp_path / "in").write_text("b\na\n")
    pipes.run_pipe([PASS, ["sort"], ["tr", "a", "A"]], stdin=tmp_path / "in", stdout=tmp_path / "out")
    assert (tmp_path / "out").read_text() == "A\nb\n"


@pytest.mark.parametrize("position", [0, 1, 2])
def test_failure_of_any_command_fails_the_pipe(position, tmp_path):
    members = [shell_command("echo x"), PASS, PASS]
    members[position] = shell_command("cat > /dev/null; echo broken here >&2; exit 3")
    with pytest.raises(ToolError, match=r"^sh -c failed with exit status 3:\n    broken here"):
        pipes.run_pipe(members, stdout=tmp_path / "out")


@pytest.mark.parametrize("position", [0, 1, 2])
def test_killed_command_is_named_before_its_neighbours(position, tmp_path):
    starving = shell_command("sleep 0.2; read line || { echo nothing to read >&2; exit 1; }")
    members = [shell_command("sleep 0.1; yes | head -c 1000000"), PASS, starving]
    members[position] = shell_command("kill -KILL $$")
    with pytest.raises(ToolError) as error:
        pipes.run_pipe(members, stdout=tmp_path / "out")
    assert str(error.value).splitlines()[0] == "sh -c was killed by SIGKILL"


def test_command_whose_reader_died_is_named_last():
    with pytest.raises(ToolError) as error:
        pipes.run_pipe([["yes"], shell_command("head -c 1 > /dev/null; exit 4")])
    first, second = str(error.value).splitlines()
    assert first == "sh -c failed with exit status 4"
    assert second == "yes was killed by SIGPIPE"


def test_reader_that_stops_early_is_an_error():
    with pytest.raises(ToolError, match="yes was killed by SIGPIPE"):
        pipes.run_pipe([["yes"], ["head", "-1"]])


def test_missing_tool_is_named_and_the_pipe_ends(tmp_path):
    start = time.monotonic()
    with pytest.raises(ToolError, match="no-such-tool: this tool is missing from the environment of the step"):
        pipes.run_pipe([["sleep", "60"], ["no-such-tool"]])
    assert time.monotonic() - start < 10


def test_data_larger_than_buffers_pass_through(tmp_path):
    data = bytes(range(256)) * 40_000
    pipes.run_pipe([PASS, PASS, PASS], feed=lambda sink: sink.write(data), stdout=tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == data


def test_failing_feed_kills_the_tools(tmp_path):
    def feed(sink):
        sink.write(b"half")
        raise KeyError("lost")

    start = time.monotonic()
    with pytest.raises(KeyError, match="lost"):
        pipes.run_pipe([shell_command("cat; sleep 60")], feed=feed, stdout=tmp_path / "out")
    assert time.monotonic() - start < 10


def test_feed_to_a_dead_tool_names_the_tool():
    def feed(sink):
        while True:
            sink.write(b"x" * 65536)

    with pytest.raises(ToolError, match="sh -c was killed by SIGKILL"):
        pipes.run_pipe([shell_command("head -c 100000 > /dev/null; kill -KILL $$")], feed=feed)


def test_read_pipe_raises_after_reading():
    with pipes.read_pipe([shell_command("printf 'a\\nb\\n'"), PASS]) as out:
        assert out.read() == b"a\nb\n"
    with pytest.raises(ToolError, match="exit status 7"):
        with pipes.read_pipe([shell_command("echo half; exit 7")]) as out:
            out.read()


def test_failing_block_kills_its_tool():
    with pytest.raises(ValueError, match="own"):
        with pipes.read_pipe([shell_command("echo $$; exec sleep 60")]) as out:
            process = int(out.readline())
            raise ValueError("own")
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def test_capture_returns_standard_output_only():
    assert pipes.capture_output(shell_command("echo out; echo err >&2")) == "out\n"


def test_messages_of_failed_tools_are_saved(tmp_path):
    with pytest.raises(ToolError):
        pipes.run_tool(shell_command("echo message >&2; exit 1"), messages_file=tmp_path / "messages")
    assert (tmp_path / "messages").read_text() == "message\n"


def test_references_are_not_looked_up_online(monkeypatch):
    monkeypatch.delenv("REF_PATH", raising=False)
    assert pipes.capture_output(shell_command("echo $REF_PATH")) == "/dev/null\n"
    monkeypatch.setenv("REF_PATH", "/cache/%s")
    assert pipes.capture_output(shell_command("echo $REF_PATH")) == "/cache/%s\n"
