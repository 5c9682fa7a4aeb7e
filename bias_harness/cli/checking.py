"""The check that runs in CI: record, check, accept."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from bias_harness.cli.options import ExperimentFile, Json, Limit, option, typed
from bias_harness.cli.printing import note, say, say_json
from bias_harness.errors import UsageError

app = typer.Typer()
Fixture = Annotated[Path, typer.Argument(help="A recorded fixture, or the folder of a run.", metavar="FIXTURE")]
BaselineFile = Annotated[
    Path | None,
    option("--baseline", metavar="FILE", text="The accepted baseline. Default: baseline.json in the fixture."),
]


@app.command()
def record(
    file: ExperimentFile,
    into: Annotated[
        Path, option("--into", metavar="FOLDER", text="The fixture's folder, for example tests/fixtures/salary.")
    ],
    limit: Limit = None,
    refresh: Annotated[bool, option("--refresh", text="Ask again what changed; keep the other answers.")] = False,
    as_json: Json = False,
) -> None:
    """Record a fixture for the check.

    Pairs and answers, nothing secret, small enough for a repository.
    """
    from bias_harness.checking.check import record as record_fixture
    from bias_harness.errors import InputError
    from bias_harness.pipeline import load_experiment
    from bias_harness.workspace import find_experiment

    if into.exists() and any(into.iterdir()) and not refresh:
        raise InputError(f"{into} exists; add --refresh to ask again what changed, or name a new folder")
    made = record_fixture(load_experiment(file), into, find_experiment(file), limit=limit)
    if as_json:
        say_json({"fixture": str(into), "answers": len(made.observations)})
    else:
        say(f"{into}: {len(made.observations):,} recorded answers. Next: bias-harness accept {into}")


@app.command()
def check(
    context: typer.Context,
    fixture: Fixture,
    baseline: BaselineFile = None,
    policy: Annotated[
        Path | None,
        option(
            "--policy",
            metavar="FILE",
            text="A YAML file with the policy. Default: bias-harness.yaml here, if there is one.",
        ),
    ] = None,
    margin: Annotated[
        str | None, option("--margin", metavar="SHARE", text="The worsening that matters, for example 1%.")
    ] = None,
    output: Annotated[
        list[Path] | None,
        option("--output", "-o", metavar="FILE", text="Also write the check: .xml (JUnit), .md (job summary), .json."),
    ] = None,
    ask_now: Annotated[
        bool, option("--live", text="Ask a few profiles now instead of replaying; needs --budget.")
    ] = False,
    budget: Annotated[
        float | None, option("--budget", metavar="DOLLARS", text="With --live: the most to spend, in US dollars.")
    ] = None,
    limit: Annotated[
        int | None,
        option("--limit", metavar="N", text="With --live: at most so many requests to each endpoint, whole profiles."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Compare recorded answers with the accepted baseline.

    They are replayed, read and estimated anew.

    With --live a few profiles are asked now, in random order, until it is clear.

    Exit codes: 0 pass, 1 error, 2 usage, 3 regressed, 4 inconclusive or not comparable (as the policy says).
    """
    from bias_harness.checking import formats, live
    from bias_harness.checking.check import check as check_fixture
    from bias_harness.checking.fixtures import read_policy

    changes: dict[str, Any] = {} if margin is None else {"margin": margin}
    default = Path("bias-harness.yaml")
    chosen = policy or (default if default.is_file() else None)
    tolerated = read_policy(chosen, changes)
    if ask_now:
        if budget is None:
            raise UsageError("--live asks and costs; say how much at most with --budget 0.50 (0 where all is free)")
        result = live.check_live(fixture, budget=budget, limit=limit, baseline=baseline, policy=tolerated)
    elif any(typed(context, name) for name in ("budget", "limit")):
        raise UsageError("--budget and --limit go with --live; a replay asks nothing")
    else:
        result = check_fixture(fixture, baseline=baseline, policy=tolerated)
    for path in output or ():
        formats.write(result, path)
    say(formats.as_json(result) if as_json else formats.as_text(result))
    raise typer.Exit(result.exit_code)


@app.command()
def accept(
    fixture: Fixture,
    why: Annotated[str, option("--why", metavar="TEXT", text="One line for the reviewer.")] = "accepted",
    baseline: BaselineFile = None,
    as_json: Json = False,
) -> None:
    """Move the baseline to what the fixture shows now.

    What moved, and why, is written into baseline.md.
    """
    from bias_harness.checking.check import accept as accept_fixture

    path = accept_fixture(fixture, why=why, baseline=baseline)
    if as_json:
        say_json({"baseline": str(path), "history": str(path.with_suffix(".md"))})
        return
    say(str(path))
    note(f"What moved, and why, is in {path.with_suffix('.md')}")
