"""The benchmarks are scripts: their folder is no package, and theirs to import from."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))
