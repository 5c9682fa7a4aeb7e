"""A check in the formats that pipelines read, chosen by the file's suffix: junit .xml, summary .md, .json."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from bias_harness.errors import UsageError
from bias_harness.printable import printable, printable_json

if TYPE_CHECKING:
    from bias_harness.checking.drift import Check, Gate

WORDS = {"pass": "pass", "regressed": "REGRESSED", "inconclusive": "cannot tell", "not_comparable": "NOT COMPARABLE"}
BAR_HALF = 20


def as_text(check: Check) -> str:
    """One screen for a terminal."""
    lines = [f"{check.experiment}: {WORDS[check.outcome]}"]
    lines += [f"  {WORDS[g.outcome]:<15} {g.name:<10} {g.message}" for g in check.gates]
    return "\n".join(lines)


def as_junit(check: Check) -> str:
    """JUnit XML: a regression or a missing comparison is a failure, what cannot be told is skipped with its reason."""
    counts = {"failures": 0, "skipped": 0}
    suite = ET.Element("testsuite", name=f"bias_harness: {check.experiment}", tests=str(len(check.gates)))
    for gate in check.gates:
        where = "/".join(x for x in (gate.endpoint, gate.attribute, gate.level) if x)
        case = ET.SubElement(
            suite, "testcase", classname=check.experiment, name=printable(f"{gate.name} {where}".strip())
        )
        if gate.outcome in ("regressed", "not_comparable"):
            counts["failures"] += 1
            ET.SubElement(case, "failure", type=gate.outcome, message=printable(gate.message))
        elif gate.outcome == "inconclusive":
            counts["skipped"] += 1
            ET.SubElement(case, "skipped", message=printable(gate.message))
    for name, count in counts.items():
        suite.set(name, str(count))
    ET.indent(suite)
    return ET.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def as_summary(check: Check) -> str:
    """Markdown for a job summary: a table with a small figure of each change."""
    allowed = f"Worsening allowed: {check.policy.worsening.shown:g}%. "
    allowed += "Each bar runs from -5% to +5%; `|` is no change, `=` the 90% interval."
    lines = [
        f"### Salary advice, `{check.experiment}`: {WORDS[check.outcome]}",
        "",
        allowed,
        "",
        "| | gate | change | |",
        "|---|---|---|---|",
    ]
    lines += [f"| {WORDS[g.outcome]} | {_cell(g.name)} | `{bar(g)}` | {_cell(g.message)} |" for g in check.gates]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return printable(text).replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")


def bar(gate: Gate) -> str:
    """A change with its interval as text, 41 characters wide, -5 % to +5 %."""
    change = gate.change
    if change is None or change.change is None:
        return " "
    low = change.conf_low if change.conf_low is not None else change.change
    high = change.conf_high if change.conf_high is not None else change.change
    places = [max(0, min(2 * BAR_HALF, round(BAR_HALF + x / 0.05 * BAR_HALF))) for x in (low, change.change, high)]
    drawn = [" "] * (2 * BAR_HALF + 1)
    for place in range(places[0], places[2] + 1):
        drawn[place] = "="
    drawn[BAR_HALF] = "|"
    drawn[places[1]] = "o"
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
