"""The tests share modules that stand beside them: pytest and mypy find these by their bare names."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
