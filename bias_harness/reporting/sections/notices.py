"""What has to be said before a finding: in a line that leaves room for it, and in full behind that line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bias_harness.estimating.looks import looks_of
from bias_harness.reporting.material import Material
from bias_harness.reporting.texts import Texts
from bias_harness.results import Looks


@dataclass(frozen=True, slots=True)
class Notice:
    """A label of a few words, and the whole of what it stands for."""

    line: str
    text: str


def notices(material: Material, texts: Texts) -> list[Notice]:
    """That the log was altered, what answered where that was no chatbot of the public, and what was asked of it."""
    return list(_notices(material, texts))


def _notices(material: Material, texts: Texts) -> Iterator[Notice]:
    if material.manifest.faults:
        yield Notice(texts("report.notices.altered"), texts("report.first.altered"))
    for nature in dict.fromkeys(material.nature(name) for name in material.endpoints):
        said = texts.under("natures")[nature]
        if said["text"]:
            yield Notice(said["line"], said["text"])
    if estimand := texts("report.first.estimand"):
        yield Notice(texts("report.first.estimand_line"), estimand)


def every_notice(material: Material, texts: Texts) -> list[Notice]:
    """The same, with how far asking came where that is not simply to the end, and that there is no answer at all."""
    nothing = [Notice(texts("report.notices.nothing"), texts("report.first.nothing"))]
    return [*notices(material, texts), *_extent(material, texts), *(nothing if material.observations.empty else [])]


def extent(material: Material, texts: Texts) -> str:
    """How far asking came where that is not simply to the end: looks on the way, a shard, a limit, an interruption."""
    return "".join(notice.text for notice in _extent(material, texts))


def _extent(material: Material, texts: Texts) -> Iterator[Notice]:
    looks, (present, designed) = material.manifest.looks, (material.manifest.present, material.manifest.designed)
    if looks is not None and (looks.ended is None or len(looks_of(looks.planned)) > 1):
        yield Notice(texts("report.notices.looks"), looked(looks, texts))
    elif present is not None and designed is not None and present < designed:
        counts = {"answered": texts.number(present), "planned": texts.number(designed)}
        yield Notice(texts("report.notices.unfinished", **counts), texts("report.first.unfinished", **counts))


def looked(looks: Looks, texts: Texts) -> str:
    """When a run that may stop early was looked at, and whether it stopped."""
    counts = [texts.number(n) for n in looks.after or looks_of(looks.planned)[:1]]
    many = counts[-1] if len(counts) == 1 else f"{', '.join(counts[:-1])} {texts('sentences.and')} {counts[-1]}"
    key = looks.ended or ("open" if looks.after else "none")
    return texts(f"report.first.looks.{key}", looks=many, planned=texts.number(looks.planned))
