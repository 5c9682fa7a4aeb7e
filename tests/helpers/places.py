"""Where things are: the repository, the reference answers and the recorded fixtures."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "tests" / "reference"
FIXTURES = ROOT / "tests" / "fixtures"
