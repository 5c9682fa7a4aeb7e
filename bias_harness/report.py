"""All of it -> one HTML file per language, and the figures beside it.

One file holds everything: no script, font or picture from elsewhere, under a Content-Security-Policy that forbids
every request. Model text is hostile: everything is escaped.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from bias_harness import __version__
from bias_harness.figures import files_of
from bias_harness.i18n import Texts, texts
from bias_harness.sections import Material, advice, first, researchers, spread, sure, where, who

POLICY = "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'"
SECTIONS = {
    "first": first.build,
    "who": who.build,
    "where": where.build,
    "spread": spread.build,
    "sure": sure.build,
    "do": advice.build,
    "cannot": advice.build,
    "researchers": researchers.build,
}


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("bias_harness", "sections"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["strong"] = _strong
    return environment


def _strong(text: str) -> Markup:
    """`**word**` as strong text; everything else escaped."""
    pieces = str(text).split("**")
    return Markup("").join(
        Markup("<strong>{}</strong>").format(p) if i % 2 else escape(p) for i, p in enumerate(pieces)
    )


def page(material: Material, language: str) -> str:
    """The whole page in one language, as HTML."""
    spoken: Texts = texts(language)
    style = files("bias_harness.sections").joinpath("page.css").read_text(encoding="utf-8")
    built = {name: build(material, spoken) for name, build in SECTIONS.items()}
    moment = material.manifest.get("finished_at") or datetime.now(UTC).isoformat(timespec="seconds")
    values: dict[str, Any] = {
        "t": spoken,
        "style": Markup(style),  # noqa: S704 - our own file
        "policy": f"{POLICY}; style-src 'sha256-{_sha256(style)}'",
        "sections": built,
        "title": spoken.label(material.audit.experiment.title, material.audit.experiment.experiment),
        "version": __version__,
        "date": spoken.moment(moment),
    }
    return _environment().get_template("page.html.j2").render(values)


def _sha256(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def pages(material: Material, languages: Iterable[str]) -> dict[str, bytes]:
    """File name -> content, below the run's folder: the pages and the figures (those in English)."""
    made = {f"report.{language}.html": page(material, language).encode() for language in languages}
    english = texts("en")
    drawn = files_of(
        first.forest_of(material, english),
        spread.histogram_of(material, english),
        (english("report.first.figure"), english("report.spread.heading")),
    )
    return made | {f"figures/{name}": data for name, data in drawn.items()}
