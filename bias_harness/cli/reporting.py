"""Making the derived files anew, without asking anything: report, figure, compare."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Annotated, Literal

import typer

from bias_harness.cli.options import (
    Cluster,
    Json,
    Judgements,
    Language,
    Languages,
    NoFigures,
    Preregistered,
    Prose,
    ResultsFolder,
    RunName,
    WorkerCount,
    all_spoken,
    option,
    spoken,
    workers_of,
)
from bias_harness.cli.printing import say_json, show_paths
from bias_harness.cli.results import show_findings
from bias_harness.errors import BiasHarnessError

app = typer.Typer()


@app.command()
def report(
    run: RunName,
    results: ResultsFolder = None,
    languages: Languages = None,
    preregistered: Preregistered = None,
    no_figures: NoFigures = False,
    pdf: Annotated[bool, option("--pdf", text="The page also as PDF, where Chromium is installed.")] = False,
    workers: WorkerCount = None,
    cluster: Cluster = None,
    prose: Prose = False,
    as_json: Json = False,
    judgements: Judgements = False,
) -> None:
    """Make everything of a run anew that is not as it should be.

    Observations, estimates, the pages and the figures, where anything that they are made of has changed. With --json
    the estimates are printed.
    """
    from bias_harness import pipeline
    from bias_harness.cli.progress import shown_stages

    chosen, who = all_spoken(languages), workers_of(workers, cluster)
    loaded = pipeline.load_run(run, results=results, workers=who.count, cluster=who.cluster)
    if preregistered is not None:
        loaded.register(preregistered)
    if judgements:
        say_json(loaded.judgements.to_dict())
        return
    with shown_stages(as_json=as_json) as told:
        pages = pipeline.report(loaded, chosen, figures=not no_figures, told=told)
    printed = [_print_pdf(page) for page in pages] if pdf else []
    if as_json:
        say_json(loaded.estimates.to_dict())
    else:
        show_findings(loaded, [*pages, *printed], as_json=False, prose=prose)


def _print_pdf(page: Path) -> Path:
    """The page on paper, by a browser that loads nothing from elsewhere. Raises where there is none."""
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    browser = next((found for name in names if (found := shutil.which(name))), None)
    if browser is None:
        raise BiasHarnessError(f"--pdf needs Chromium (or Chrome) on the path; the page itself is there: {page}")
    target = page.with_suffix(".pdf")
    with tempfile.TemporaryDirectory() as profile:
        flags = [
            "--headless",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
            "--no-pdf-header-footer",
        ]
        flags += ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
        words = [browser, *flags, f"--user-data-dir={profile}", f"--print-to-pdf={target}", page.resolve().as_uri()]
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)  # noqa: S603 - fixed words
    if not target.is_file():
        raise BiasHarnessError(f"Chromium could not print {page}: {done.stderr.strip()[-200:]}")
    return target


@app.command()
def figure(
    run: RunName,
    name: Annotated[str, typer.Argument(help="F1 to F12, or a longer name such as F3-gender.", metavar="NAME")],
    formats: Annotated[
        list[str] | None, option("--format", metavar="SUFFIX", text="svg, png, pdf; may be given more than once.")
    ] = None,
    language: Language = "en",
    styles: Annotated[
        list[str] | None, option("--style", metavar="SHEET", text="A matplotlib style sheet, by name or path.")
    ] = None,
    model: Annotated[str, option("--model", metavar="MODEL", text="Of this model alone.")] = "",
    field: Annotated[str, option("--field", metavar="NAME", text="Of this field alone: F1 and F2.")] = "",
    level: Annotated[
        str, option("--level", metavar="LEVEL", text="Of this level, or attribute/level, instead of the first.")
    ] = "",
    width: Annotated[
        Literal["", "single", "double"],
        option("--width", metavar="COLUMNS", text="For print: single (85 mm) or double (180 mm), 300 dpi."),
    ] = "",
    title: Annotated[bool, option("--title/--no-title", text="The title in the picture.")] = True,
    results: ResultsFolder = None,
    as_json: Json = False,
) -> None:
    """Make one figure of a run, its numbers and its caption, as files."""
    from bias_harness import pipeline

    chosen = spoken(language)
    loaded = pipeline.load_run(run, results=results)
    made = pipeline.figure(
        loaded,
        name,
        formats=formats or ["pdf"],
        language=chosen,
        styles=styles or (),
        model=model,
        field=field,
        level=level,
        width=width,
        title=title,
    )
    show_paths(made, as_json=as_json)


@app.command()
def compare(
    runs: Annotated[list[str], typer.Argument(help="Runs; the first is the base.", metavar="RUN")],
    by: Annotated[
        Literal["run", "endpoint", "wording", "language"],
        option("--by", text="run; or endpoint, wording or language of one run."),
    ] = "run",
    into: Annotated[Path, option("--into", metavar="FOLDER", text="The folder for the pages. Default: here.")] = Path(),
    pool: Annotated[bool, option("--pool", text="Also each comparison over all these runs together.")] = False,
    languages: Languages = None,
    results: ResultsFolder = None,
    as_json: Json = False,
) -> None:
    """Put runs side by side: a table, and a page.

    A model's versions over time, experiments in several languages and currencies; or what one run holds, by --by.
    """
    from bias_harness import pipeline
    from bias_harness.cli.compared import show_compared

    chosen = all_spoken(languages)
    loaded = [pipeline.load_run(run, results=results) for run in runs]
    pages = pipeline.compare(loaded, into, by=by, languages=chosen, pool=pool)
    together = pipeline.pooled(loaded) if pool else None
    show_compared(pipeline.changes_between(loaded, by=by), together, pages, as_json=as_json)


@app.command()
def site(
    runs: Annotated[list[str], typer.Argument(help="Runs, of any dates.", metavar="RUN")],
    into: Annotated[Path, option("--into", metavar="FOLDER", text="The folder for the pages.")] = Path("site"),
    languages: Languages = None,
    address: Annotated[
        str, option("--address", metavar="URL", text="Where it will stand, for previews of links.")
    ] = "",
    contact: Annotated[str, option("--contact", text="Where a reader or a vendor can write to.")] = "",
    again: Annotated[str, option("--next", metavar="WHEN", text="When it will be asked again, in words.")] = "",
    results: ResultsFolder = None,
    as_json: Json = False,
) -> None:
    """Make a monitor of runs: pages to publish.

    The latest ranking with its uncertainty, the history of each chatbot, the answers by job, method, limits, downloads.
    """
    from bias_harness import pipeline

    chosen = all_spoken(languages)
    loaded = [pipeline.load_run(run, results=results) for run in runs]
    made = pipeline.site(loaded, into, languages=chosen, address=address, contact=contact, again=again)
    show_paths(made if as_json else [path for path in made if path.name == "index.html"], as_json=as_json)
