"""How people call what the columns of a table hold: the English labels of the experiment's own files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from bias_harness.design.audit import Audit
from bias_harness.design.personas import Labelled

PARTS = ("field", "job", "seniority", "place")


def _said(words: Mapping[str, str], otherwise: str) -> str:
    return words.get("en") or next(iter(words.values()), otherwise)


class Labels:
    """The labels of an experiment: English, else any language, else the name itself."""

    def __init__(self, audit: Audit) -> None:
        people = audit.resolved.people
        groups: tuple[Mapping[str, Labelled], ...] = (people.fields, people.jobs, people.seniorities, people.places)
        self._parts = {
            part: {name: _said(one.label, name) for name, one in of.items()}
            for part, of in zip(PARTS, groups, strict=True)
        }
        varied = audit.design.attributes
        self._attributes = {a.name: _said(a.label, a.name) for a in varied}
        self._levels = {(a.name, n): _said(level.label, n) for a in varied for n, level in a.levels.items()}

    def parts(self, part: str, names: pd.Series[Any]) -> list[str]:
        """Of fields, jobs, seniorities or places."""
        return [self._parts[part].get(str(name), str(name)) for name in names]

    def attributes(self, names: pd.Series[Any]) -> list[str]:
        """Of attributes."""
        return [self._attributes[str(name)] for name in names]

    def levels(self, attributes: pd.Series[Any], levels: pd.Series[Any]) -> list[str]:
        """Of levels: what the page calls their people."""
        pairs = zip(attributes.astype(str), levels.astype(str), strict=True)
        return [self._levels.get(pair, pair[1]) for pair in pairs]
