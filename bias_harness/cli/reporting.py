"""Making the derived files anew, without asking anything: estimate, report, figure, compare."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Annotated, Literal

import typer

from bias_harness.cli.options import Json, Judgements, ResultsFolder, RunName, option
from bias_harness.cli.printing import say, say_json
from bias_harness.errors import BiasHarnessError, UsageError

app = typer.Typer()
Languages = Annotated[
    list[str] | None, option("--language", metavar="CODE", text="nl or en; may be given more than once. Default: both.")
]


@app.command()
def estimate(
    run: RunName, results: ResultsFolder = None, as_json: Json = False, judgements: Judgements = False
) -> None:
    """Read the answers of a run again and estimate.

    Writes estimates.json and observations.parquet.
    """
    from bias_harness import pipeline

    loaded = pipeline.load_run(run, results=results)
    if judgements:
        say_json(loaded.judgements.to_dict())
        return
    estimates = pipeline.estimate(loaded)
    if as_json:
        say_json(estimates.to_dict())
        return
    for line in pipeline.headlines(loaded):
        say(line)
    say()
    say(f"  {loaded.folder.path / 'estimates.json'}")


@app.command()
def report(
    run: RunName,
    results: ResultsFolder = None,
    languages: Languages = None,
    pdf: Annotated[bool, option("--pdf", text="Also as PDF, where Chromium is installed.")] = False,
) -> None:
    """Make the pages and figures of a run anew."""
    from bias_harness import pipeline
    from bias_harness.reporting.texts import LANGUAGES

    chosen = [_spoken(language) for language in languages or LANGUAGES]
    for page in pipeline.report(pipeline.load_run(run, results=results), chosen):
        say(str(page))
        if pdf:
            say(str(_printed(page)))


def _printed(page: Path) -> Path:
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
    language: Annotated[str, option("--language", metavar="CODE", text="nl or en.")] = "en",
    styles: Annotated[
        list[str] | None, option("--style", metavar="SHEET", text="A matplotlib style sheet, by name or path.")
    ] = None,
    results: ResultsFolder = None,
) -> None:
    """Make one figure of a run, as files below its figures/."""
    from bias_harness import pipeline

    loaded = pipeline.load_run(run, results=results)
    for path in pipeline.figure(
        loaded, name, formats=formats or ["pdf"], language=_spoken(language), styles=styles or ()
    ):
        say(str(path))


@app.command()
def compare(
    runs: Annotated[list[str], typer.Argument(help="Runs; the first is the base.", metavar="RUN")],
    by: Annotated[
        Literal["run", "endpoint", "wording", "language"],
        option("--by", text="run; or endpoint, wording or language of one run."),
    ] = "run",
    output: Annotated[Path, option("--output", "-o", metavar="FOLDER", text="Where the pages go.")] = Path(),
    languages: Languages = None,
    results: ResultsFolder = None,
) -> None:
    """Put runs side by side on one page.

    A model's versions over time, wordings, languages or models.
    """
    from bias_harness import pipeline
    from bias_harness.reporting.texts import LANGUAGES

    loaded = [pipeline.load_run(run, results=results) for run in runs]
    for path in pipeline.compare(loaded, output, by=by, languages=[_spoken(x) for x in languages or LANGUAGES]):
        say(str(path))


def _spoken(language: str) -> str:
    from bias_harness.errors import did_you_mean
    from bias_harness.reporting.texts import LANGUAGES

    if language not in LANGUAGES:
        raise UsageError(f"there is no report in {language!r}{did_you_mean(language, LANGUAGES)}")
    return language
