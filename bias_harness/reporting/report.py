"""All of it -> a page and a worksheet per language, one file for researchers, and the figures beside them.

A page holds everything it needs: no script, font or picture from elsewhere, under a Content-Security-Policy that
forbids every request and every script and style but its own, by hash. Model text is hostile: everything is escaped,
and letters that could turn the reading order or hide are shown as their code.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, partial
from importlib.resources import files
from typing import Any, Literal

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from bias_harness.reporting.charts import Drawing
from bias_harness.reporting.charts.card import Card
from bias_harness.reporting.drawn import Drawn
from bias_harness.reporting.escaping import strong, visible
from bias_harness.reporting.figures.all import Drawings
from bias_harness.reporting.figures.chosen import chosen, drawings_of
from bias_harness.reporting.headline import few
from bias_harness.reporting.material import View
from bias_harness.reporting.material import spoken as spoken_in
from bias_harness.reporting.sections import (
    Material,
    answers,
    compare,
    elsewhere,
    example,
    first,
    research,
    study,
    summary,
    sure,
    where,
    who,
    worksheet,
)
from bias_harness.reporting.shared import card_of
from bias_harness.reporting.site import About, Site, suited, tables_of
from bias_harness.reporting.texts import Texts, texts
from bias_harness.version import __version__

MANY_ANSWERS = 20_000
"""From so many on the figures are drawn by a second process while the pages are written."""
POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'"
Build = Callable[[Material, Texts], dict[str, Any]]
COACH: Mapping[str, Build] = {
    "example": example.build,
    "elsewhere": elsewhere.build,
    "certain": sure.in_short,
    "worksheet": worksheet.build,
}
"""The sections of the coach's page below its first screen."""
RESEARCH: Mapping[str, Build] = {
    "first": first.build,
    "who": who.build,
    "where": where.build,
    "study": study.build,
    "sure": sure.build,
    "research": research.build,
    "answers": answers.build,
}
"""The sections of the researcher's file."""
NOT_OF_FEW = ("elsewhere",)
"""What a page of fewer than five pairs has no room for: figures."""
RESEARCHERS = "en"
"""The language of the researcher's file: that of journals."""


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("bias_harness.reporting", "sections"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["strong"] = strong
    environment.filters["visible"] = visible
    return environment


@cache
def _asset(name: str) -> str:
    return files("bias_harness.reporting.sections").joinpath(name).read_text(encoding="utf-8")


def _frame(spoken: Texts) -> dict[str, Any]:
    """What every page needs: texts, style, script, and the policy that allows these two and nothing else."""
    style, script = _asset("page.css"), _asset("page.js")
    policy = f"{POLICY}; style-src 'sha256-{_sha256(style)}'; script-src 'sha256-{_sha256(script)}'"
    return {"t": spoken, "style": Markup(style), "script": Markup(script), "policy": policy}  # noqa: S704 - our own files


def _sha256(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def render_report(material: Material, language: str, others: Sequence[str] = ()) -> str:
    """The coach's page in one language, as HTML. `others` are the languages in which its answer is told at the end."""
    spoken = spoken_in(material, language)
    quiet = few(Drawings(View(material, spoken)).gaps.leading)
    kept = {n: build for n, build in COACH.items() if material.measure.has(n) and not (quiet and n in NOT_OF_FEW)}
    values = {
        **_frame(spoken),
        "summary": summary.build(material, spoken),
        "sections": {n: build(material, spoken) for n, build in kept.items()},
        "title": _title(material, spoken),
        "version": __version__,
        "date": View(material, spoken).day,
        "jobs": View(material, spoken).jobs,
        "others": [summary.in_short(material, other) for other in others if other != language],
    }
    return _environment().get_template("page.html.j2").render(values)


def render_research(material: Material, language: str = RESEARCHERS) -> str:
    """The researcher's file: every estimate, figure, table and answer, one HTML file that needs nothing beside it."""
    spoken = spoken_in(material, language)
    values = {
        **_frame(spoken),
        "sections": {n: build(material, spoken) for n, build in RESEARCH.items() if material.measure.has(n)},
        "title": _title(material, spoken),
        "version": __version__,
        "date": View(material, spoken).asked,
    }
    return _environment().get_template("researcher.html.j2").render(values)


def render_worksheet(material: Material, language: str) -> str:
    """The worksheet alone, on one sheet."""
    spoken = spoken_in(material, language)
    values = {**_frame(spoken), "s": worksheet.build(material, spoken)}
    return _environment().get_template("sheet.html.j2").render(values)


def _title(material: Material, spoken: Texts) -> str:
    return spoken.label(material.audit.experiment.title, material.audit.experiment.experiment)


def pages(
    material: Material, languages: Iterable[str], *, figures: bool = True, drawn: Drawn | None = None
) -> dict[str, bytes]:
    """File name -> content, below the run's folder: the pages, the answers where they are many, the figures, a CSV.

    The figure files are in English, the language of journals; `figure_files` makes them in another. The same run
    gives the same bytes. Pictures that are among the `drawn` are not drawn again.
    """
    listed, english, drawn = list(languages), spoken_in(material, "en"), drawn or Drawn()
    drawings = list(Drawings(View(material, english))) if figures else []
    unknown = drawn.unknown(drawings)
    if unknown and len(material.observations) > MANY_ANSWERS:
        from bias_harness.reporting.charts.mpl.second_process import drawn_aside

        with drawn_aside(unknown, english) as fresh:
            made = documents(material, listed)
    else:
        made, fresh = documents(material, listed), figure_files(material, drawings=unknown)
    tables = {
        f"{name}.csv": of.to_frame().to_csv(index=False, lineterminator="\n").encode()
        for name, of in (("judgements", material.estimates.judgements), ("estimates", material.estimates))
    }
    for drawing in drawings:
        drawn.take(drawing, partial(_files_of, drawing, fresh))
    for language in listed:
        drawn.take((language, summary_card(material, language)), partial(_picture_files, material, language))
    return {**made, **tables, **{name: data for files in drawn.used.values() for name, data in files.items()}}


def _files_of(drawing: Drawing, fresh: Mapping[str, bytes]) -> dict[str, bytes]:
    return {f"figures/{name}": data for name, data in fresh.items() if name.rpartition(".")[0] == drawing.id}


def _picture_files(material: Material, language: str) -> dict[str, bytes]:
    kinds: tuple[Literal["png", "pdf"], ...] = ("png", "pdf")
    return {f"summary.{language}.{kind}": summary_picture(material, language, kind) for kind in kinds}


def render_summary(material: Material, language: str) -> str:
    """The first screen alone, on one sheet to share, as HTML."""
    spoken = spoken_in(material, language)
    shared = {"title": _title(material, spoken), "version": __version__, "date": View(material, spoken).day}
    values = {**_frame(spoken), **shared, "summary": summary.build(material, spoken)}
    return _environment().get_template("summary_sheet.html.j2").render(values)


def summary_picture(material: Material, language: str, kind: Literal["png", "pdf"] = "png") -> bytes:
    """The first screen as a picture to share, or as PDF with its advice on one page of A4; with date and label."""
    card = summary_card(material, language)
    if kind == "pdf":
        from bias_harness.reporting.charts.mpl.leaf import page

        return page(card)
    from bias_harness.reporting.charts.mpl.card import picture

    return picture(card)


def summary_card(material: Material, language: str) -> Card:
    """The words of that picture."""
    spoken = spoken_in(material, language)
    return card_of(material, spoken, _title(material, spoken))


def documents(material: Material, languages: Iterable[str]) -> dict[str, bytes]:
    """File name -> HTML: the page and, of salaries, the worksheet in each language; the researcher's file."""
    listed = list(languages)
    made = {f"report.{language}.html": _bytes(render_report(material, language, listed)) for language in listed}
    if material.measure.has("worksheet"):
        made |= {f"worksheet.{x}.html": _bytes(render_worksheet(material, x)) for x in listed}
    made |= {f"summary.{language}.html": _bytes(render_summary(material, language)) for language in listed}
    return {**made, f"research.{RESEARCHERS}.html": _bytes(render_research(material))}


def site_files(
    materials: Sequence[Material], languages: Iterable[str] = ("nl", "en"), about: About | None = None
) -> dict[str, bytes]:
    """File name -> content of a monitor of these runs: its pages, the page of each run, and its tables as CSV.

    `index.html` is the start page in the first language. Raises `UsageError` where no monitor can be made of them.
    """
    suited(materials)
    listed, made = list(languages), dict[str, bytes]()
    for language in listed:
        others = [other for other in listed if other != language]

        def render(template: str, spoken: Texts, values: Mapping[str, Any], others: list[str] = others) -> bytes:
            shared = {**_frame(spoken), "version": __version__, "others": others}
            return _bytes(_environment().get_template(template).render({**shared, **values}))

        site = Site(materials, language, about or About(), render)
        made |= dict(site.pages())
        made |= {f"runs/{m.run}.{language}.html": _bytes(render_report(m, language, listed)) for m in materials}
        made[f"summary.{language}.png"] = summary_picture(site.seen[-1].material, language)
        if language == listed[0]:
            made |= {"index.html": made[f"index.{language}.html"], **tables_of(site), ".nojekyll": b""}
    return made


def render_comparison(
    materials: Sequence[Material], language: str, by: compare.By = "run", *, pool: bool = False
) -> str:
    """Several runs side by side, the first as the base; or the models, wordings or languages of one, as HTML.

    `pool` tells each comparison over all runs together too. Raises `UsageError` for fewer than two runs, unless `by`
    says what of one run is compared, and for runs that have nothing in common.
    """
    compare.comparable(materials, by, pool=pool)
    spoken = texts(language)
    sides = ", ".join(m.run for m in materials)
    values = {
        **_frame(spoken),
        "s": compare.build(materials, spoken, by, pool=pool),
        "title": spoken("report.compare.title", runs=sides),
        "version": __version__,
        "date": "; ".join(dict.fromkeys(View(m, spoken).asked for m in materials)),
    }
    return _environment().get_template("compare.html.j2").render(values)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def figure_files(
    material: Material,
    name: str | None = None,
    *,
    formats: Sequence[str] = ("svg", "png"),
    language: str = "en",
    styles: Sequence[str] = (),
    width: str = "",
    title: bool = True,
    drawings: Sequence[Drawing] | None = None,
    **wanted: str,
) -> dict[str, bytes]:
    """File name -> content of the figures of a run, or of those that `name` asks for: F3, F3-gender, F7-gpt.

    `styles` are matplotlib style sheets, by name or path; `width` is `single` or `double` columns of a journal;
    `wanted` may have a `model`, a `field` and a `level`; `drawings` are all that are wanted, where they are made
    already. Raises `UsageError` for what the run does not have.
    """
    if drawings is not None and not drawings:
        return {}
    from bias_harness.reporting.charts.mpl.files import files_of
    from bias_harness.reporting.charts.mpl.paper import Paper

    spoken = spoken_in(material, language)
    if drawings is None:
        drawings = drawings_of(View(material, spoken), name, chosen(material, **wanted))
    return files_of(drawings, spoken, formats, styles, Paper(width, title))
