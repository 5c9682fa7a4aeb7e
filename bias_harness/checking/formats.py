"""A check in the formats that pipelines read, chosen by the file's suffix: junit .xml, summary .md, .json."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from bias_harness.errors import UsageError
from bias_harness.printable import printable, printable_json

if TYPE_CHECKING:
    from bias_harness.checking.gates import Check, Gate

WORDS = {
    "pass": "pass",
    "unchanged": "UNCHANGED",
    "regressed": "REGRESSED",
    "inconclusive": "cannot tell",
    "not_comparable": "NOT COMPARABLE",
}
BAR_HALF = 20
_MARKUP = re.compile(r"[|`*\[\]~\\]|(?<!\w)_|_(?!\w)")
"""Of underscores only those at the end of a word: inside of one they are plain, and an address stays one."""
_MENTION = re.compile(r"[@#]")
"""An escaped one still mentions the person or the issue that follows; one with a comment behind it does not."""
DOLLAR = "&#36;"
"""Two dollar signs in a line are a formula in the Markdown of GitHub and GitLab, and no escaped one is safe from it."""


def as_text(check: Check) -> str:
    """One screen for a terminal."""
    lines = [f"{check.experiment}: {WORDS[check.outcome]}"]
    lines += [f"  {WORDS[g.outcome]:<15} {g.name:<15} {g.message}" for g in check.gates]
    return "\n".join(lines)


def as_junit(check: Check) -> str:
    """JUnit XML: what fails the job by the policy is a failure, what it only warns of is skipped with its reason.

    The reason is the attribute and the text of its element: some readers show the one, some the other.
    """
    counts = {"failures": 0, "skipped": 0}
    suite = ET.Element("testsuite", name=f"bias_harness: {check.experiment}", tests=str(len(check.gates)))
    for gate in check.gates:
        where = "/".join(x for x in (gate.endpoint, gate.attribute, gate.level) if x)
        name, said = printable(f"{gate.name} {where}".strip()), printable(gate.message)
        case = ET.SubElement(suite, "testcase", classname=check.experiment, name=name)
        if check.fails(gate.outcome):
            counts["failures"] += 1
            ET.SubElement(case, "failure", type=gate.outcome, message=said).text = said
        elif gate.outcome in ("inconclusive", "not_comparable"):
            counts["skipped"] += 1
            why = f"{WORDS[gate.outcome]}: {said}"
            ET.SubElement(case, "skipped", message=why).text = why
        else:
            ET.SubElement(case, "system-out").text = said
    for name, count in counts.items():
        suite.set(name, str(count))
    ET.indent(suite)
    return ET.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def as_summary(check: Check) -> str:
    """Markdown for a job summary and a comment: the word, what changed as a table, a small figure in a code block."""
    changes = [g for g in check.gates if g.change is not None and g.name != "bar"]
    others = [g for g in check.gates if g.change is None or g.name == "bar"]
    allowed = f"A worsening of {check.policy.worsening.shown:g}% is allowed."
    lines = [f"### Salary advice, `{check.experiment}`: {WORDS[check.outcome]}", "", _sentence(check), ""]
    if changes:
        lines += ["| | what | of whom | before | now | change |", "|---|---|---|---|---|---|"]
        lines += [f"| {' | '.join(map(_cell, _row(g)))} |" for g in changes]
        lines += ["", *_figure(changes), "", allowed, ""]
    lines += [f"- {WORDS[g.outcome]}, {_cell(g.name)}: {_cell(g.message)}" for g in others]
    return "\n".join(lines) + "\n"


def _sentence(check: Check) -> str:
    """What the outcome rests on: the message of the first gate that has it."""
    telling = next((g for g in check.gates if g.outcome == check.outcome and (g.change or g.outcome != "pass")), None)
    return _cell((telling or check.gates[0]).message)


def _row(gate: Gate) -> tuple[str, ...]:
    from bias_harness.checking.drift import named, size_of

    c = gate.change
    if c is None or c.change is None or c.before is None or c.after is None:
        return WORDS[gate.outcome], gate.name, named(c) if c else "", "–", "–", "–"
    low, high = ("" if x is None else size_of(c, x).removesuffix(" points") for x in (c.low, c.high))
    ends = f" ({low} to {high})" if low and high else ""
    sizes = (size_of(c, c.before), size_of(c, c.after), f"{size_of(c, c.change)}{ends}")
    return WORDS[gate.outcome], gate.name, named(c), *sizes


def _figure(gates: list[Gate]) -> list[str]:
    """The changes of gaps drawn as text, each from -5 % to +5 %, in a block that keeps its spaces."""
    from bias_harness.checking.drift import named

    drawn = [(bar(g), named(g.change)) for g in gates if g.change is not None and g.name == "gap"]
    if not drawn:
        return []
    scale = f"{'-5%':<{BAR_HALF - 1}}{'0':^3}{'+5%':>{BAR_HALF - 1}}"
    return ["```text", scale, *(f"{line}  {printable(name)}" for line, name in drawn), "```"]


def _cell(text: str) -> str:
    """A text that no Markdown makes anything of but an address: no table, formula, mention of a person or an issue."""
    flat = printable(text).replace("\n", " ").replace("&", "&amp;").replace("<", "&lt;")
    plain = _MARKUP.sub(lambda found: f"\\{found[0]}", flat)
    return _MENTION.sub(lambda found: f"{found[0]}<!-- -->", plain).replace("$", DOLLAR)


def bar(gate: Gate) -> str:
    """A change with its interval as text, 41 characters wide, -5 % to +5 %; `<` or `>` where the change lies beyond."""
    change = gate.change
    if change is None or change.change is None:
        return " " * (2 * BAR_HALF + 1)
    low = change.low if change.low is not None else change.change
    high = change.high if change.high is not None else change.change
    places = [max(0, min(2 * BAR_HALF, round(BAR_HALF + x / 0.05 * BAR_HALF))) for x in (low, change.change, high)]
    drawn = [" "] * (2 * BAR_HALF + 1)
    for place in range(places[0], places[2] + 1):
        drawn[place] = "="
    drawn[BAR_HALF] = "|"
    drawn[places[1]] = "<" if change.change < -0.05 else ">" if change.change > 0.05 else "o"
    return "".join(drawn)


def as_json(check: Check) -> str:
    """The whole check as JSON; its schema is `schemas/check.schema.json`."""
    return printable_json(json.dumps(check.to_dict(), indent=2, ensure_ascii=False, allow_nan=False)) + "\n"


FORMATS: dict[str, Callable[[Check], str]] = {".xml": as_junit, ".md": as_summary, ".json": as_json}


def write(check: Check, path: Path) -> None:
    """Write one output; raises `UsageError` for a suffix that is none of the formats."""
    if path.suffix not in FORMATS:
        raise UsageError(f"-o {path}: the suffix chooses the format; there is {', '.join(FORMATS)}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(FORMATS[path.suffix](check), encoding="utf-8")
