"""The figures that were asked for: by name, and of one model, field or level where that was chosen."""

from __future__ import annotations

from bias_harness.errors import UsageError, did_you_mean
from bias_harness.reporting.charts import Drawing
from bias_harness.reporting.figures.all import Drawings
from bias_harness.reporting.figures.maker import Choice
from bias_harness.reporting.material import Material, View

BY_FIELD = ("F1", "F2")
"""Figures of amounts, of which one field can be chosen; the others are of comparisons over all of them."""


def chosen(material: Material, *, model: str = "", field: str = "", level: str = "") -> Choice:
    """A choice that this run can give. `level` is a level, or `attribute/level` where several attributes have it.

    Raises `UsageError` for a model, field or level that the run does not have.
    """
    _one_of("model", model, material.endpoints)
    _one_of("field", field, sorted(set(material.observations["field"].astype(str))))
    pairs = list(dict.fromkeys((j.attribute, j.level) for j in material.judgements))
    attribute, _, bare = level.rpartition("/")
    found = [p for p in pairs if p[1] == bare and attribute in ("", p[0])] if level else [("", "")]
    if not found:
        _one_of("level", level, ["/".join(p) for p in pairs])
    if len(found) > 1:
        raise UsageError(
            f"several attributes have the level {level!r}; write {' or '.join('/'.join(p) for p in found)}"
        )
    return Choice(model, field, *found[0])


def _one_of(what: str, given: str, known: list[str]) -> None:
    if given and given not in known:
        hint = did_you_mean(given, known) or f"; it has {', '.join(known)}"
        raise UsageError(f"this run has no {what} {given!r}{hint}")


def drawings_of(view: View, name: str | None, choice: Choice) -> list[Drawing]:
    """The figures of a name: F3, F3-gender, F7-gpt; F7 has a panel a model. Of a family without such a one, all of it.

    Raises `UsageError` for a figure that the run does not have, and for a field of a figure that is over all fields.
    """
    drawings = list(Drawings(view, choice))
    if name is None:
        return drawings
    if choice.field and name.split("-")[0] not in BY_FIELD:
        raise UsageError(f"{name} is over all fields; a field can be chosen of {' and '.join(BY_FIELD)}")
    every = [*drawings, *Drawings(view, choice).facets()]
    wanted = [d for d in every if d.id in (name, f"{name}{choice.suffix}")]
    wanted = wanted or [d for d in drawings if d.family == name]
    if not wanted:
        raise UsageError(f"this run has no figure {name!r}; it has {', '.join(d.id for d in drawings) or 'none'}")
    return wanted
