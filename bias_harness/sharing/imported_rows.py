"""The rows of a table, one by one, as trials and responses; and what all of them together say of the design."""

from __future__ import annotations

import hashlib
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import orjson

from bias_harness.errors import InputError
from bias_harness.results.keys import KeySet
from bias_harness.sharing.facts import REMEMBERED, Facting, Facts, Meant
from bias_harness.sharing.map import ANY, Map
from bias_harness.sharing.names import Names
from bias_harness.sharing.tables import ends_cut, read_rows
from bias_harness.vocabulary import Failure, Response, Trial


class _Cell(NamedTuple):
    """What a trial is but for its repeat; by what its repeats are `counted`, and that in one text."""

    trial: tuple[str, str, str, str, str, str, int, str]
    counted: tuple[str, ...]
    words: str


class Import:
    """Reads tables once, row by row, as if they were one; what it says of the design is complete after the last row.

    `names` are the models, wordings, jobs, fields, seniorities, places and edits that occur; `fields_of` each job's
    field; `answered` and `failed` count rows by model, `copies` those that stand there twice with time and answer,
    `left_out` those that the filter dropped, `nobodys` failed ones of which the model is not known.
    """

    def __init__(self, tables: Sequence[Path], mapping: Map) -> None:
        self.tables, self.mapping = tables, mapping
        self.table = tables[0]
        self._columns = frozenset(mapping.columns())
        self.names = {role: Names() for role in ("model", "wording", "job", "field", "seniority", "place", "edit")}
        self.languages: set[str] = set()
        self.fields_of: dict[str, str] = {}
        self.answered: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self.repeats: set[int] = set()
        self.copies, self.first_copy, self.left_out, self.nobodys = 0, 0, 0, 0
        self._facting = Facting(mapping)
        self._repeats: dict[tuple[str, ...], int] = {}
        self._cells: dict[tuple[Meant, str], _Cell] = {}
        self._keys, self._seen = KeySet(), KeySet()
        self._sides: dict[tuple[str, ...], tuple[str, int]] = {}
        self._levels: set[tuple[str, str]] = set()

    def rows(self) -> Iterator[tuple[Trial, Response]]:
        """Every answer as a trial and its response. Raises `InputError` that names line and column."""
        without_model = []
        for facts in self._read():
            if facts.meant.model:
                yield from self._taken(facts)
            else:
                without_model.append(facts)
        yield from self._of_the_one_model(without_model)
        self._whole_design()

    def _of_the_one_model(self, rows: Sequence[Facts]) -> Iterator[tuple[Trial, Response]]:
        """Failed rows that do not name their model are those of the one that there is; of two, nobody's."""
        models = list(self.names["model"].known)
        if len(models) != 1:
            self.nobodys = len(rows)
            return
        for facts in rows:
            meant = Meant({**facts.meant.roles, "model": models[0]}, facts.meant.levels)
            yield from self._taken(Facts(facts.line, meant, None, facts.repeat, facts.asked_at))

    def _whole_design(self) -> None:
        if not self._keys:
            raise InputError(f"{self.table}: there is no row in it{' that the filter keeps' * bool(self.left_out)}")
        for varied in self.mapping.varied:
            attribute = varied.attribute.attribute
            absent = sorted(level for level in varied.attribute.levels if (attribute, level) not in self._levels)
            if absent:
                raise InputError(f"{self.table}: no row of the level {absent[0]!r}; a gap needs both sides")
        if len(list(self._halves())) == len(self._sides):
            raise InputError(f"{self.table}: no two rows make a pair: nothing was asked about two levels alike")

    def _read(self) -> Iterator[Facts]:
        known, cells = set(self.mapping.columns().values()), self.mapping.cells
        for table in self.tables:
            self.table = table
            self._facting.at = str(table)
            for line, row in read_rows(table, known, self.mapping):
                if not self._facting.wanted(row):
                    self.left_out += 1
                    continue
                for cell in cells:
                    yield self._facting.facts(line, row, cell)

    def told(self) -> list[str]:
        """What is missing, odd or half, in sentences."""
        columns, lines = self.mapping.columns(), []
        lines += [text for role, text in _ABSENT.items() if role not in columns]
        if "persona" not in columns and "job" not in columns:
            lines.insert(0, _ONE_PERSONA)
        form = self.mapping.outcome.measured.form
        if not self.mapping.prompts and not self.mapping.read_already and form == "money":
            lines.append(_NO_PROMPTS)
        halves = list(self._halves())
        if halves:
            lines.append(
                f"{len(halves)} of {len(self._sides)} pairs have answers for one level only (the first at line "
                f"{min(halves)}): they are kept, and do not count."
            )
        if self.copies:
            lines.append(
                f"{self.copies} rows are copies of earlier ones, time and answer included (the first at line "
                f"{self.first_copy}): was the file joined twice? They count as repeats."
            )
        if self.left_out:
            lines.append(f"{self.left_out} rows were left out by 'where'.")
        if self.nobodys:
            lines.append(f"{self.nobodys} failed rows do not say which of the models failed: they are left out.")
        if len(self.mapping.varied) > 1:
            lines.append(_SEVERAL)
        return lines + [_CUT.format(table=table) for table in self.tables if ends_cut(table)]

    def _halves(self) -> Iterator[int]:
        return (line for levels, line in self._sides.values() if levels)

    def _taken(self, facts: Facts) -> Iterator[tuple[Trial, Response]]:
        """An answer once for each attribute that it is about; the first one counts it."""
        for place, attribute in enumerate(facts.meant.levels):
            trial = self._trial(facts, attribute)
            key = hashlib.sha256(orjson.dumps(trial)).hexdigest()
            if not self._keys.add(key):
                raise InputError(
                    f"{self.table}, line {facts.line}: this trial (with its repeat) stands here twice; drop one of them"
                )
            yield trial, self._response(key, trial, facts, counts=place == 0)

    def _trial(self, facts: Facts, attribute: str) -> Trial:
        cell = self._cells.get((facts.meant, attribute))
        if cell is None:
            if len(self._cells) >= REMEMBERED:
                self._cells.clear()
            cell = self._cells[facts.meant, attribute] = self._cell(facts, attribute)
        return Trial(*cell.trial, repeat=self._repeat(cell, facts), block=0)

    def _cell(self, facts: Facts, attribute: str) -> _Cell:
        """What is asked of whom, as the first row tells that means it."""
        roles, named, level = facts.meant.roles, self.names, facts.meant.levels[attribute]
        job, place = self._who(facts.meant, attribute)
        model, wording, field, seniority = (named[r](roles[r]) for r in ("model", "wording", "field", "seniority"))
        edit = named["edit"](roles["edit"]).replace("-", "_").replace(".", "_") if roles["edit"] else ""
        if self.fields_of.setdefault(job, field) != field:
            told = f"{roles['job'] or roles['persona']!r} had another field before, and has one"
            raise InputError(
                f"{self.table}, line {facts.line}, column {self.mapping.field!r}: {roles['field']!r}; {told}"
            )
        self.languages.add(roles["language"])
        self._levels.add((attribute, level))
        persona = sys.intern(f"{job}/{seniority}/{place}")
        signal = self._facting.whole(roles["signal"], facts.line, self.mapping.signal)
        pair = (model, roles["language"], wording, persona, roles["signal"], attribute)
        if not edit:
            self._pair(pair, level, facts.line)
        counted = (*pair, level, edit)
        trial = (model, roles["language"], wording, persona, attribute, level, signal, edit)
        return _Cell(trial, counted, _joined(counted))

    def _who(self, meant: Meant, attribute: str) -> tuple[str, str]:
        """The job, or the person who stands for one; and what else tells apart the people of that job.

        The other attributes of a table are no jobs of their own: ten jobs with six combinations of them are ten.
        """
        told = [word for name, word in meant.levels.items() if name != attribute]
        if meant.roles["job"] and "persona" in self._columns:
            told.insert(0, meant.roles["persona"])
        unit = meant.roles["job"] or meant.roles["persona"]
        return self.names["job"](unit), self.names["place"](" / ".join(told) or ANY)

    def _repeat(self, cell: _Cell, facts: Facts) -> int:
        counted = self._repeats.get(cell.counted, 0)
        self._repeats[cell.counted] = counted + 1
        repeat = counted if facts.repeat is None else facts.repeat
        self.repeats.add(repeat)
        if facts.asked_at and not self._seen.add(_digest(cell.words, facts)):
            self.copies, self.first_copy = self.copies + 1, self.first_copy or facts.line
        return repeat

    def _pair(self, pair: tuple[str, ...], level: str, line: int) -> None:
        """Remember the one level that was seen of a pair; none any more when there are two."""
        seen = self._sides.setdefault(pair, (level, line))
        if seen[0] and seen[0] != level:
            self._sides[pair] = ("", line)

    def _response(self, key: str, trial: Trial, facts: Facts, *, counts: bool) -> Response:
        (self.failed if facts.answer is None else self.answered)[trial.endpoint] += counts
        failure = Failure("transient", "the imported table has no answer here") if facts.answer is None else None
        return Response(key, trial.endpoint, facts.answer, None, facts.meant.model, None, facts.asked_at, failure)


_ABSENT = {
    "wording": "There is one wording: nothing can be said of other wordings.",
    "asked_at": "There are no times: drift over the run cannot be looked at.",
}
_ONE_PERSONA = "There is one persona: the gap is about these exact test cases (scope panel), not about people."
_NO_PROMPTS = "The prompts are not in the map: an amount that only echoes the question cannot be told from advice."
_SEVERAL = "Every answer is looked at once for each attribute; the other attributes are then part of who the person is."
_CUT = "{table} ends in the middle of a line: was it cut off? If so, its last number may be another."


def _digest(cell: str, facts: Facts) -> str:
    said = (cell, "" if facts.repeat is None else str(facts.repeat), facts.asked_at, facts.answer or "")
    return hashlib.sha256(_joined(said).encode("utf-8", "surrogatepass")).hexdigest()


def _joined(words: Iterable[str]) -> str:
    return "\x1f".join(words)
