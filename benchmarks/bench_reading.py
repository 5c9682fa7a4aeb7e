"""How fast answers are read, in seconds of one core's time, and how well: `python benchmarks/bench_reading.py`.

Bare answers ("$95,000") and prose of 1,000 characters, every text different, nothing remembered between texts; beside
them the floor (a single regular expression that takes the first number) and, for prose, how often that floor would have
been the wrong amount on the reference answers. The gate of a check reads each again with other pronouns and groups. At
the end, what the second reader buys and costs on answers that were written after the grammar: of the blind half no
failure was ever read.
"""

from __future__ import annotations

import json
import random
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bias_harness.checking.blind import level_words, neighbours
from bias_harness.pipeline import load_experiment
from bias_harness.reading import read
from bias_harness.reading.invariance import find_moved, pronouns_and_groups
from bias_harness.reading.reader import looked_at
from bias_harness.reading.scan import Mention

REFERENCE = Path(__file__).parents[1] / "tests" / "reference"
FIRST_NUMBER = re.compile(r"\d[\d.,]*")
ROUNDS = 3
SETS = ("written_tuned", "written_held_out", "written_blind", "written_fresh_tuned", "written_fresh_blind")
LEVELS = list(level_words(load_experiment("quickstart"), "en"))
FORMS = ("${:,}", "{}", "{:,}", "${:,}.", "USD {:,}", "**${:,}**", "€{:,}", "${:,} per year")


def bare_answers(count: int) -> list[str]:
    """Different bare answers in the forms that models use most."""
    draw = random.Random(1)
    return [draw.choice(FORMS).format(draw.randrange(30_000, 400_000)) for _ in range(count)]


def prose_answers(count: int, length: int) -> list[str]:
    """Different texts of one length, put together from the reference answers."""
    draw = random.Random(2)
    lines = (REFERENCE / "prose_answers.jsonl").read_text(encoding="utf-8").splitlines()
    texts = [case["text"] for case in map(json.loads, lines) if case["lang"] == "en" and len(case["text"]) > 350]
    made = []
    for _ in range(count):
        text = ""
        while len(text) < length:
            text += draw.choice(texts) + "\n\n"
        made.append(text[:length])
    return made


def per_second(work: Callable[[str], object], texts: list[str]) -> float:
    """The best of a few rounds, in texts a second of processor time."""
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.process_time()
        for text in texts:
            work(text)
        best = min(best, time.process_time() - start)
    return len(texts) / best


def first_number_is_wrong() -> tuple[int, int]:
    """On how many of the reference answers with prose the first number is not the advice."""
    wrong = total = 0
    for line in (REFERENCE / "prose_answers.jsonl").read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        found = FIRST_NUMBER.search(case["text"])
        digits = re.sub(r"\D", "", found[0]) if found else ""
        total += 1
        wrong += bool(digits) and (case["amount"] is None or float(digits) != case["amount"])
    return wrong, total


def how_well(name: str) -> list[str]:
    """What the grammar alone and both readers make of a labelled set: right of those that advise, wrong of all."""
    cases = [json.loads(line) for line in (REFERENCE / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
    marked = [_marked(case) for case in cases]
    advise = [one for one in marked if one["advises"]]
    wrong = {who: sum(one[who] == "wrong" for one in marked) for who in ("alone", "both")}
    told = [
        f"{sum(one[who] == 'right' for one in advise) / len(advise):.1%} right, {wrong[who]} wrong or invented"
        f" ({wrong[who] / len(cases):.1%})"
        for who in ("alone", "both")
    ]
    refusals = [one for one in marked if one["kind"] == "refusal"]
    known = sum(one["refused"] for one in refusals)
    others = sum(one["refused"] for one in marked) - known
    kinds = [("ranges", [one for one in advise if one["kind"] == "range"])]
    kinds += [(lang, [one for one in advise if one["lang"] == lang]) for lang in sorted({c["lang"] for c in cases})]
    apart = (f"{kind} {sum(o['both'] == 'right' for o in ones)} of {len(ones)}" for kind, ones in kinds if ones)
    return [
        f"{name:20} {len(cases)} answers: grammar alone {told[0]}; both {told[1]}",
        f"{'':20} refusals told {known} of {len(refusals)}, in error {others}; right of {', '.join(apart)}",
    ]


def _marked(case: dict[str, Any]) -> dict[str, Any]:
    """How both ways of reading do on one labelled answer."""
    wanted = {case["amount"], *(accepted[0] for accepted in case["accept"])} - {None}
    answer = read(case["text"], language=case["lang"], prompt=case["prompt"])
    seen = looked_at(case["text"], language=case["lang"], prompt=case["prompt"])
    grammar = seen[1] if seen else None
    first = grammar.low / 2 + grammar.high / 2 if isinstance(grammar, Mention) else None
    said = {"alone": first, "both": answer.amount}
    marks = {who: "" if found is None else "right" if found in wanted else "wrong" for who, found in said.items()}
    about = {"kind": case["kind"], "lang": case["lang"], "advises": case["amount"] is not None}
    return {**marks, **about, "refused": answer.status == "refused"}


def main() -> None:
    """Print the table."""
    bare, prose, big = bare_answers(20_000), prose_answers(1_000, 1_000), "1.2,3 4-5'6" * 90_909
    start = time.process_time()
    read(big)
    megabyte = time.process_time() - start
    print(f"{'':34}{'read':>14}{'first number':>16}{'ratio':>8}{'goal':>10}")
    for name, texts, goal in (
        ("bare answers a second", bare, 15_000),
        ("prose of 1,000 characters a second", prose, 1_500),
    ):
        ours, floor = per_second(read, texts), per_second(FIRST_NUMBER.search, texts)
        print(f"{name:34}{ours:>14,.0f}{floor:>16,.0f}{floor / ours:>8.0f}{goal:>10,}")
    swaps = [pair for family in (*pronouns_and_groups("en"), *LEVELS) for pair in neighbours(family)]
    gate = per_second(lambda text: list(find_moved([(text, None)], swaps, language="en")), prose)
    print(f"{'the gate of a check, the same prose':34}{gate:>14,.0f}")
    amounts = sum(len(read(text).candidates) for text in prose) / len(prose)
    wrong, total = first_number_is_wrong()
    print(f"{'1 MB of digits and separators, s':34}{megabyte:>14.2f}{'':>16}{'':>8}{1:>10}")
    print(f"\nThe prose has {amounts:.1f} numbers a text.")
    print(f"On {total} reference answers the first number is wrong {wrong} times.")
    for name in SETS:
        print(*how_well(name), sep="\n")


if __name__ == "__main__":
    main()
