"""Making the derived files anew, without asking anything: estimate, report."""

from __future__ import annotations

from typing import Annotated

import typer

from bias_harness.commands import Json, ResultsFolder, RunName, option, say, say_json

app = typer.Typer()
Languages = Annotated[
    list[str] | None, option("--language", text="nl or en; may be given more than once. Default: both.")
]


@app.command()
def estimate(run: RunName, results: ResultsFolder = None, as_json: Json = False) -> None:
    """Read the answers of a run again and estimate: estimates.json and observations.parquet."""
    from bias_harness import pipeline

    loaded = pipeline.load_run(run, results=results)
    estimates = pipeline.estimate(loaded)
    if as_json:
        say_json(estimates.to_dict())
        return
    for line in pipeline.headlines(loaded):
        say(line)
    say()
    say(f"  {loaded.folder.path / 'estimates.json'}")


@app.command()
def report(run: RunName, results: ResultsFolder = None, languages: Languages = None) -> None:
    """Make the pages and figures of a run anew."""
    from bias_harness import pipeline
    from bias_harness.documents import did_you_mean
    from bias_harness.errors import UsageError
    from bias_harness.i18n import LANGUAGES

    for language in languages or ():
        if language not in LANGUAGES:
            raise UsageError(f"there is no report in {language!r}{did_you_mean(language, LANGUAGES)}")
    for page in pipeline.report(pipeline.load_run(run, results=results), languages or LANGUAGES):
        say(str(page))
