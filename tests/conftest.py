"""What all tests share: the environments' provider can be imported."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "envs/native"))
