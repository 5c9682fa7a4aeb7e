"""The check that runs in CI: record, check, accept."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from bias_harness.commands import ExperimentFile, Json, note, option, say

app = typer.Typer()
Fixture = Annotated[Path, typer.Argument(help="A recorded fixture, or the folder of a run.", metavar="FIXTURE")]
BaselineFile = Annotated[
    Path | None, option("--baseline", text="The accepted baseline. Default: baseline.json in the fixture.")
]


@app.command()
def record(
    file: ExperimentFile,
    into: Annotated[Path, option("--into", text="The fixture's folder, for example tests/fixtures/salary.")],
    limit: Annotated[
        int | None, option("--limit", text="At most so many requests to each endpoint, in whole pairs.", min=1)
    ] = None,
    refresh: Annotated[bool, option("--refresh", text="Ask again what changed; keep the other answers.")] = False,
) -> None:
    """Record a fixture: pairs and answers, nothing secret, small enough for a repository."""
    from bias_harness import pipeline
    from bias_harness.audit import find_experiment
    from bias_harness.errors import InputError

    if into.exists() and any(into.iterdir()) and not refresh:
        raise InputError(f"{into} exists; add --refresh to ask again what changed, or name a new folder")
    audit = pipeline.load_experiment(file)
    made = pipeline.record(audit, into, find_experiment(file), limit=limit)
    say(f"{into}: {len(made.observations):,} recorded answers. Next: bias-harness accept {into}")


@app.command()
def check(
    fixture: Fixture,
    baseline: BaselineFile = None,
    policy: Annotated[
        Path | None,
        option("--policy", text="A YAML file with the policy. Default: bias-harness.yaml here, if there is one."),
    ] = None,
    margin: Annotated[str | None, option("--margin", text="The worsening that matters, for example 1%.")] = None,
    output: Annotated[
        list[Path] | None,
        option("--output", "-o", text="Also write the check: .xml (JUnit), .md (job summary), .json."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Replay, re-read, re-estimate, and compare with the accepted baseline.

    Exit codes: 0 pass, 1 error, 2 usage, 3 regressed, 4 inconclusive or not comparable (as the policy says).
    """
    from bias_harness import pipeline
    from bias_harness.commands import outputs
    from bias_harness.fixtures import read_policy

    changes: dict[str, Any] = {} if margin is None else {"margin": margin}
    default = Path("bias-harness.yaml")
    chosen = policy or (default if default.is_file() else None)
    result = pipeline.check(fixture, baseline=baseline, policy=read_policy(chosen, changes))
    for path in output or ():
        outputs.write(result, path)
    say(outputs.as_json(result) if as_json else outputs.as_text(result))
    raise typer.Exit(result.exit_code)


@app.command()
def accept(
    fixture: Fixture,
    why: Annotated[str, option("--why", text="One line for the reviewer.")] = "accepted",
    baseline: BaselineFile = None,
) -> None:
    """Move the baseline to what the fixture shows now, and write what moved into baseline.md."""
    from bias_harness import pipeline

    path = pipeline.accept(fixture, why=why, baseline=baseline)
    say(str(path))
    note(f"What moved, and why, is in {path.with_suffix('.md')}")
