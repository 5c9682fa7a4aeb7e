"""The check that runs in CI: record, check, accept."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from bias_harness.cli.options import ExperimentFile, Json, Limit, ResultsFolder, option, typed
from bias_harness.cli.printing import note, say, say_json
from bias_harness.errors import UsageError

app = typer.Typer()
Fixture = Annotated[Path, typer.Argument(help="A recorded fixture, or the folder of a run.", metavar="FIXTURE")]
BaselineFile = Annotated[
    Path | None,
    option("--baseline", metavar="FILE", text="The accepted baseline. Default: baseline.json in the fixture."),
]
PolicyFile = Annotated[
    Path | None,
    option(
        "--policy",
        metavar="FILE",
        text="A YAML file with the policy. Default: bias-harness.yaml here, if there is one.",
    ),
]


@app.command()
def record(
    file: ExperimentFile,
    into: Annotated[
        Path, option("--into", metavar="FOLDER", text="The fixture's folder, for example tests/fixtures/salary.")
    ],
    limit: Limit = None,
    refresh: Annotated[bool, option("--refresh", text="Ask what changed; keep the other answers.")] = False,
    again: Annotated[bool, option("--again", text="Ask everything anew.")] = False,
    as_json: Json = False,
) -> None:
    """Record a fixture for the check.

    Pairs and answers, nothing secret, small enough for a repository. What is there stays until a whole new recording
    takes its place.
    """
    from bias_harness.checking.check import record as record_fixture
    from bias_harness.errors import InputError
    from bias_harness.pipeline import load_experiment
    from bias_harness.workspace import find_experiment

    if into.exists() and any(into.iterdir()) and not (refresh or again):
        raise InputError(
            f"{into} exists; add --again to ask everything anew, --refresh to ask what changed, or name a new folder"
        )
    made = record_fixture(load_experiment(file), into, find_experiment(file), limit=limit, again=again)
    if as_json:
        say_json({"fixture": str(into), "answers": len(made.observations)})
    else:
        say(f"{into}: {len(made.observations):,} recorded answers. Next: bias-harness accept {into} --why ...")


@app.command()
def check(
    context: typer.Context,
    fixture: Fixture,
    offline: Annotated[
        bool,
        option(
            "--offline/--live",
            text="Replay what was recorded, which cannot see the product as it is now; or ask it, the default.",
        ),
    ] = False,
    budget: Annotated[
        float | None,
        option("--budget", metavar="DOLLARS", text="The most to spend, in US dollars; a model is asked with it only."),
    ] = None,
    limit: Annotated[
        int | None,
        option("--limit", metavar="N", text="At most so many requests to each endpoint, whole jobs.", min=1),
    ] = None,
    baseline: BaselineFile = None,
    policy: PolicyFile = None,
    margin: Annotated[
        str | None, option("--margin", metavar="SHARE", text="The worsening that matters, for example 2%.")
    ] = None,
    output: Annotated[
        list[Path] | None,
        option("--output", "-o", metavar="FILE", text="Also write the check: .xml (JUnit), .md (job summary), .json."),
    ] = None,
    results: ResultsFolder = None,
    quiet: Annotated[bool, option("--quiet", text="No progress.")] = False,
    as_json: Json = False,
) -> None:
    """Ask a product whether its advice became less equal.

    The experiment that the fixture was recorded from is asked as it stands, in random order, until every gap is
    decided, and compared with the accepted baseline question by question. With --offline the recorded answers are
    replayed, read and estimated anew instead.

    Exit codes: 0 pass or unchanged, 1 error, 2 usage, 3 regressed, 4 inconclusive or not comparable (as the policy
    says).
    """
    from bias_harness.checking import formats
    from bias_harness.checking.fixtures import read_policy
    from bias_harness.checking.live import check as ask_and_compare
    from bias_harness.cli.progress import shown_progress

    if offline and any(typed(context, name) for name in ("budget", "limit")):
        raise UsageError("--budget and --limit are about asking; with --offline nothing is asked")
    changes: dict[str, Any] = {} if margin is None else {"margin": margin}
    tolerated = read_policy(_policy(policy), changes)
    with shown_progress(quiet=quiet, as_json=as_json) as progress:
        result = ask_and_compare(
            fixture,
            offline=offline,
            budget=budget,
            limit=limit,
            baseline=baseline,
            policy=tolerated,
            results=results,
            progress=progress,
        )
    for path in output or ():
        formats.write(result, path)
    say(formats.as_json(result) if as_json else formats.as_text(result))
    raise typer.Exit(result.exit_code)


def _policy(named: Path | None) -> Path | None:
    default = Path("bias-harness.yaml")
    return named or (default if default.is_file() else None)


@app.command()
def accept(
    fixture: Fixture,
    why: Annotated[str | None, option("--why", metavar="TEXT", text="One line for the reviewer; asked for.")] = None,
    baseline: BaselineFile = None,
    policy: PolicyFile = None,
    as_json: Json = False,
) -> None:
    """Move the baseline to what the fixture shows now.

    Says what is being accepted, and asks why. What moved, and why, is written into baseline.md.
    """
    from bias_harness.checking.check import accept as accept_fixture
    from bias_harness.checking.check import accepting
    from bias_harness.checking.fixtures import read_policy

    sentences = accepting(fixture, read_policy(_policy(policy), {}))
    for sentence in sentences:
        note(sentence)
    if why is None:
        raise UsageError("every later check is held to this; say why it is accepted, in a line: --why TEXT")
    path = accept_fixture(fixture, why=why, baseline=baseline)
    if as_json:
        say_json({"accepted": sentences, "baseline": str(path), "history": str(path.with_suffix(".md"))})
        return
    say(str(path))
    note(f"What moved, and why, is in {path.with_suffix('.md')}")
