"""What is read in an answer, and why: read."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bias_harness.cli.options import Json, ResultsFolder, option
from bias_harness.cli.printing import note, say, say_json, table
from bias_harness.errors import InputError, UsageError
from bias_harness.vocabulary import Candidate

if TYPE_CHECKING:
    from bias_harness.runs import Run

app = typer.Typer()


@app.command()
def read(
    what: Annotated[
        str,
        typer.Argument(help="The answer; a .jsonl file with many; or a run.", metavar="TEXT|FILE.jsonl|RUN"),
    ],
    language: Annotated[
        str | None, option("--answer-language", metavar="CODE", text="Of a text: en, nl or de. Default: any.")
    ] = None,
    prompt: Annotated[
        str | None, option("--prompt", metavar="TEXT", text="Of a text: the question that was answered.")
    ] = None,
    again: Annotated[
        bool, option("--again", text="Of a run: the answers that are read differently now than when it was reported.")
    ] = False,
    unread: Annotated[bool, option("--unread", text="Of a run: the answers without an amount, grouped.")] = False,
    output: Annotated[
        Path | None, option("--output", "-o", metavar="FILE", text="Where to write the readings of a file.")
    ] = None,
    results: ResultsFolder = None,
    as_json: Json = False,
) -> None:
    """Show what is read in an answer, a file or a run, and why.

    Of a file of answers: a line out for each line in. Of a run: how many of its answers are read as what.
    """
    run = None if what.endswith(".jsonl") else _run_called(what, results, must=again or unread)
    if (run or what.endswith(".jsonl")) and (language or prompt):
        raise UsageError("--answer-language and --prompt go with a text; a file and a run say it themselves")
    if output and not what.endswith(".jsonl"):
        raise UsageError("-o goes with a file of answers; `bias-harness export RUN -o observations.csv` writes a run's")
    if run is None and what.endswith(".jsonl"):
        _read_file(Path(what), output, as_json=as_json)
    elif run is None:
        _read_text(what, language, prompt, as_json=as_json)
    elif again or unread:
        _read_again(run, again=again, unread=unread, as_json=as_json)
    else:
        _count(run, as_json=as_json)


def _run_called(what: str, results: Path | None, *, must: bool) -> Run | None:
    """The run of that name or folder; None where the words are a text. Raises `InputError` where it must be one."""
    from bias_harness.results import find_run
    from bias_harness.runs import load_run

    try:
        folder = find_run(what, results or Path("results"))
    except (InputError, OSError, ValueError):  # a text may be too long for a path, or hold what no path can
        if must:
            raise
        return None
    return load_run(folder.path)


def _read_file(source: Path, output: Path | None, *, as_json: bool) -> None:
    from bias_harness.reading.files import read_lines

    if output is None:
        raise UsageError("name the file for the readings with -o OUT.jsonl")
    counts = dict(sorted(read_lines(source, output).items()))
    if as_json:
        say_json({"readings": str(output), "counts": counts})
    else:
        say(f"{output}: " + ", ".join(f"{n:,} {status}" for status, n in counts.items()))


def _read_text(text: str, language: str | None, prompt: str | None, *, as_json: bool) -> None:
    from bias_harness.reading import read as read_one
    from bias_harness.reading.files import Line, answer_row

    answer = read_one(text, language=language, prompt=prompt)
    if as_json:
        say_json(answer_row(Line(text), answer))
        return
    stated = "" if answer.amount is None else f" {answer.amount:,.10g} {answer.currency or ''} {answer.period or ''}"
    say(f"{answer.status} ({answer.kind}){stated.rstrip()}" + (f", because: {answer.reason}" if answer.reason else ""))
    if answer.kind == "range":
        say(f"  from {answer.low:,.10g} to {answer.high:,.10g}")
    if answer.evidence:
        say(f"  it rests on: {answer.evidence!r}")
    rows = [(c.role, _span(c), c.currency or "", c.period or "", text[c.start : c.end]) for c in answer.candidates]
    if rows:
        say(table(("role", "amount", "currency", "period", "text"), rows))


def _span(c: Candidate) -> str:
    return f"{c.low:,.10g}" if c.low == c.high else f"{c.low:,.10g} to {c.high:,.10g}"


def _count(run: Run, *, as_json: bool) -> None:
    """How many answers of each endpoint are read as what."""
    counts = run.observations.astype({"endpoint": str, "status": str}).value_counts(["endpoint", "status"])
    head = ("endpoint", "status", "answers")
    rows = [(*labels, int(n)) for labels, n in counts.sort_index().items() if isinstance(labels, tuple)]
    if as_json:
        say_json([dict(zip(head, row, strict=True)) for row in rows])
    else:
        say(table(head, rows))


def _read_again(run: Run, *, again: bool, unread: bool, as_json: bool) -> None:
    from bias_harness.checking.rereading import read_again, unread_in

    moved = read_again(run) if again else None
    groups = unread_in(run) if unread else None
    if as_json:
        found = {"moved": moved, "unread": None if groups is None else [asdict(group) for group in groups]}
        say_json({name: value for name, value in found.items() if value is not None})
        return
    if moved is not None:
        note(f"{len(moved):,} answers are read differently than in observations.parquet.")
        for one in moved:
            before, now = (f"{one['status' + w]} {_amount(one['annual' + w])}".strip() for w in ("_before", "_now"))
            say(f"{one['key'][:12]}  {before} -> {now}  {(one['text'] or '')[:80]!r}")
    if groups is not None:
        rows = [(g.count, g.status, g.reason, g.example[:80]) for g in groups]
        say(table(("answers", "status", "reason", "for example"), rows) if rows else "Every answer has an amount.")


def _amount(value: float) -> str:
    return "" if value != value else f"{value:,.0f}"
