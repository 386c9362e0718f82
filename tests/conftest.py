"""Make the environment provider importable in all tests."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "envs/native"))
