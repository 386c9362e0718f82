"""How Java is started for a tool over some files."""

from collections.abc import Sequence
from pathlib import Path

# Below this, a Java tool ends before its optimising compiler has paid for itself.
SMALL = 50_000_000


def build_environment(files: Sequence[Path], heap_mb: int | None = None) -> dict[str, str]:
    """Environment that tells Java its heap, in MB, and to start fast where the files are small.

    The serial collector, for the parallel ones start a thread for every core of the machine,
    whatever the job was given.
    """
    flags = ["-XX:+UseSerialGC"]
    if heap_mb:
        flags.append(f"-Xmx{heap_mb}m")
    if sum(path.stat().st_size for path in files) < SMALL:
        flags.append("-XX:TieredStopAtLevel=1")
    return {"JAVA_TOOL_OPTIONS": " ".join(flags)}
