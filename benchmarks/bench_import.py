"""What bringing in, reading, estimating and reporting 400,000 answers costs.

    python benchmarks/bench_import.py [ANSWERS]

The answers are made up (five models, forty people, four wordings, 190 letters each); the command is a user's own:
`bias-harness import`, which ends with the pages. Prints seconds of CPU and of wall clock, and the most memory that the
process held.
"""

from __future__ import annotations

import csv
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ANSWERS = 400_000
MODELS, PEOPLE, WORDINGS = 5, 40, 4
MAP = """\
name: big
text: answer
model: model
level: gender
persona: person
field: field
wording: wording
asked_at: when
attribute:
  attribute: gender
  label: {en: gender}
  reference: male
  levels:
    male: {label: {en: men}}
    female: {label: {en: women}}
"""


def rows(answers: int) -> Iterator[list[str]]:
    """Women are told 3 % less by the first model."""
    chance = random.Random(1)
    repeats = max(1, answers // (MODELS * PEOPLE * WORDINGS * 2))
    for model in range(MODELS):
        for person in range(PEOPLE):
            for wording in range(WORDINGS):
                for _ in range(repeats):
                    for gender in ("male", "female"):
                        less = 0.97 if (model, gender) == (0, "female") else 1.0
                        amount = 90_000 * less * chance.lognormvariate(0, 0.06) * (1 + person / 200)
                        text = (
                            "Based on your experience and the market in your area, I would suggest that you ask for a "
                            f"salary of about ${round(amount, -3):,.0f} per year. This leaves room for negotiation."
                        )
                        about = [f"model-{model}", gender, f"person {person}", f"field {person % 5}", f"w{wording}"]
                        yield [*about, text, f"2026-01-02T03:04:05.{chance.randrange(10**6):06}"]


def main(answers: int) -> None:
    """Write the table, import it, print what it took."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with (folder / "answers.csv").open("w", newline="", encoding="utf-8") as file:
            table = csv.writer(file)
            table.writerow(["model", "gender", "person", "field", "wording", "answer", "when"])
            table.writerows(rows(answers))
        (folder / "map.yaml").write_text(MAP, encoding="utf-8")
        command = [sys.executable, "-m", "bias_harness", "import", "answers.csv", "--map", "map.yaml"]
        start = time.perf_counter()
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        wall, used = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
        size = (folder / "answers.csv").stat().st_size
    print(f"{answers:,} answers ({size / 1e6:.0f} MB of CSV), from the table to both pages and all figures:")
    print(f"  {used.ru_utime + used.ru_stime:.1f} s of CPU, {wall:.1f} s of wall clock")
    print(f"  {used.ru_maxrss / 1e6:.2f} GB of memory at most")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ANSWERS)
