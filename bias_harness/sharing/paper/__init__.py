"""A run as the parts of a paper: text, tables, figures and references, in Markdown and in LaTeX.

Everything that is found is said from the judgements, by one function for a number, so that text, tables and both
formats cannot differ. Where what answered is a simulation, a tiny model or not known, that is set across every page,
above the text, in every caption and in every figure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from bias_harness.reporting.charts import Drawing
from bias_harness.reporting.figures.all import Drawings
from bias_harness.reporting.material import View, spoken
from bias_harness.reporting.sections import Material
from bias_harness.runs import Run, material
from bias_harness.sharing.paper.blocks import Block, Figure, Heading, Table, in_latex, in_markdown
from bias_harness.sharing.paper.methods import checklist, data_statement, limits, methods, references
from bias_harness.sharing.paper.results import results
from bias_harness.sharing.paper.words import mark_of, say, stamp_of

FORMATS = ("pdf", "png")


def paper(run: Run) -> dict[str, bytes]:
    """File name -> content: `paper.md`, `paper.tex`, `checklist.md`, `references.bib`, `tables/`, `figures/`."""
    of = material(run)
    return {**documents(of), **_figures(of)}


def documents(of: Material) -> dict[str, bytes]:
    """The same without the figures' files."""
    view = View(of, spoken(of, "en"))
    title = view.texts.label(of.audit.experiment.title, of.audit.experiment.experiment)
    mark, stamp = mark_of(view), stamp_of(view)
    blocks = [_marked(block, stamp) for block in _blocks(view)]
    tables = [block for block in blocks if isinstance(block, Table)]
    made = {
        "paper.md": in_markdown(title, mark, blocks),
        "paper.tex": in_latex(title, mark, stamp, blocks),
        "checklist.md": in_markdown(say("headings.checklist"), mark, [checklist(view)]),
        "references.bib": references(view, stamp),
        **{f"tables/{table.name}.tex": table.to_latex_file() for table in tables},
        **{f"tables/{table.name}.md": f"{table.to_markdown()}\n" for table in tables},
    }
    return {name: text.encode() for name, text in made.items()}


def _blocks(view: View) -> list[Block]:
    parts: Mapping[str, Iterable[Block]] = {
        "methods": methods(view),
        "results": results(view),
        "figures": [Figure(d.id, _caption(d)) for d in drawings(view)],
        "data": [data_statement(view)],
        "limits": [limits(view)],
    }
    return [block for name, of in parts.items() for block in (Heading(say(f"headings.{name}")), *of)]


def drawings(view: View) -> list[Drawing]:
    """The figures of a paper: the gaps, what other words do, who was not answered."""
    every = Drawings(view)
    chosen = [every.gaps.first, *every.gaps.forests.values(), every.gaps.strip, every.amounts.nonanswers]
    return list({d.id: d for d in chosen if d is not None}.values())


def _caption(drawing: Drawing) -> str:
    return say("captions", title=drawing.title.rstrip("."), note=drawing.note or drawing.alt)


def _marked(block: Block, stamp: str) -> Block:
    """A caption that says what answered, wherever the table or figure goes."""
    if stamp and isinstance(block, Table | Figure):
        return replace(block, caption=f"{stamp}. {block.caption}")
    return block


def _figures(of: Material) -> dict[str, bytes]:
    from bias_harness.reporting.charts.mpl.files import files_of

    view = View(of, spoken(of, "en"))
    stamp = stamp_of(view)
    made = [replace(d, title=f"{stamp}. {d.title}" if stamp else d.title) for d in drawings(view)]
    return {f"figures/{name}": data for name, data in files_of(made, view.texts, FORMATS).items()}
