"""Java options for tools that process files."""

from collections.abc import Sequence
from pathlib import Path

# For smaller input (bytes), the optimising compiler of Java costs more time than it saves.
SMALL = 50_000_000


def build_environment(files: Sequence[Path], heap_mb: int | None = None) -> dict[str, str]:
    """Environment variables that set the heap of Java (MB) and a fast start for small files.

    The serial garbage collector is used because the parallel ones start one thread per core of the
    machine, regardless of the threads of the job.
    """
    flags = ["-XX:+UseSerialGC"]
    if heap_mb:
        flags.append(f"-Xmx{heap_mb}m")
    if sum(path.stat().st_size for path in files) < SMALL:
        flags.append("-XX:TieredStopAtLevel=1")
    return {"JAVA_TOOL_OPTIONS": " ".join(flags)}
