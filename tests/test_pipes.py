"""A pipe fails if any member fails, and blames the one that died first."""

import os
import time

import pytest

from readsight import pipes
from readsight.errors import ToolError

PASS = ["cat"]


def shell(script):
    return ["sh", "-c", script]


def test_members_are_joined_from_file_to_file(tmp_path):
    (tmp_path / "in").write_text("b\na\n")
    pipes.pipe([PASS, ["sort"], ["tr", "a", "A"]], stdin=tmp_path / "in", stdout=tmp_path / "out")
    assert (tmp_path / "out").read_text() == "A\nb\n"


@pytest.mark.parametrize("place", [0, 1, 2])
def test_any_member_that_fails_fails_the_pipe(place, tmp_path):
    members = [shell("echo x"), PASS, PASS]
    members[place] = shell("cat > /dev/null; echo broken here >&2; exit 3")
    with pytest.raises(ToolError, match=r"^sh -c failed with exit status 3:\n    broken here"):
        pipes.pipe(members, stdout=tmp_path / "out")


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_killed_member_is_named_before_those_that_starve_of_it(place, tmp_path):
    starving = shell("sleep 0.2; read line || { echo nothing to read >&2; exit 1; }")
    members = [shell("sleep 0.1; yes | head -c 1000000"), PASS, starving]
    members[place] = shell("kill -KILL $$")
    with pytest.raises(ToolError) as error:
        pipes.pipe(members, stdout=tmp_path / "out")
    assert str(error.value).splitlines()[0] == "sh -c was killed by SIGKILL"


def test_a_member_whose_reader_died_is_not_blamed():
    with pytest.raises(ToolError) as error:
        pipes.pipe([["yes"], shell("head -c 1 > /dev/null; exit 4")])
    first, second = str(error.value).splitlines()
    assert first == "sh -c failed with exit status 4"
    assert second == "yes was killed by SIGPIPE"


def test_a_reader_that_leaves_early_loses_data_and_is_an_error():
    with pytest.raises(ToolError, match="yes was killed by SIGPIPE"):
        pipes.pipe([["yes"], ["head", "-1"]])


def test_a_tool_that_is_not_there_is_named_and_the_others_end(tmp_path):
    start = time.monotonic()
    with pytest.raises(ToolError, match="no-such-tool: this tool is not in the step's environment"):
        pipes.pipe([["sleep", "60"], ["no-such-tool"]])
    assert time.monotonic() - start < 10


def test_more_passes_through_than_any_buffer_holds(tmp_path):
    data = bytes(range(256)) * 40_000
    pipes.pipe([PASS, PASS, PASS], feed=lambda sink: sink.write(data), stdout=tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == data


def test_a_feed_that_fails_kills_the_tools(tmp_path):
    def feed(sink):
        sink.write(b"half")
        raise KeyError("lost")

    start = time.monotonic()
    with pytest.raises(KeyError, match="lost"):
        pipes.pipe([shell("cat; sleep 60")], feed=feed, stdout=tmp_path / "out")
    assert time.monotonic() - start < 10


def test_a_feed_whose_tool_died_blames_the_tool():
    def feed(sink):
        while True:
            sink.write(b"x" * 65536)

    with pytest.raises(ToolError, match="sh -c was killed by SIGKILL"):
        pipes.pipe([shell("head -c 100000 > /dev/null; kill -KILL $$")], feed=feed)


def test_reading_gives_the_end_and_judges_afterwards():
    with pipes.reading([shell("printf 'a\\nb\\n'"), PASS]) as out:
        assert out.read() == b"a\nb\n"
    with pytest.raises(ToolError, match="exit status 7"):
        with pipes.reading([shell("echo half; exit 7")]) as out:
            out.read()


def test_a_block_that_fails_while_reading_kills_its_tool():
    with pytest.raises(ValueError, match="own"):
        with pipes.reading([shell("echo $$; exec sleep 60")]) as out:
            process = int(out.readline())
            raise ValueError("own")
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def test_capture_returns_standard_output_alone():
    assert pipes.capture(shell("echo out; echo err >&2")) == "out\n"


def test_what_tools_say_is_kept_also_when_they_fail(tmp_path):
    with pytest.raises(ToolError):
        pipes.run(shell("echo words >&2; exit 1"), said=tmp_path / "said")
    assert (tmp_path / "said").read_text() == "words\n"


def test_no_tool_asks_the_network_for_a_reference(monkeypatch):
    monkeypatch.delenv("REF_PATH", raising=False)
    assert pipes.capture(shell("echo $REF_PATH")) == "/dev/null\n"
    monkeypatch.setenv("REF_PATH", "/cache/%s")
    assert pipes.capture(shell("echo $REF_PATH")) == "/cache/%s\n"
