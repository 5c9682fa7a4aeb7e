"""The flow, in order: wiring, no thought.

load_experiment -> plan | run (ask, read, estimate, report);  load_run -> estimate | report
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bias_harness.checking.rereading import score
from bias_harness.design.audit import Audit, load_audit
from bias_harness.errors import UsageError
from bias_harness.runs import Run, arun, load_run, run

if TYPE_CHECKING:
    from bias_harness.checking.drift import Check, Policy
    from bias_harness.estimating.estimates import Estimates
    from bias_harness.planning.calibration import Calibration
    from bias_harness.planning.plan import Plan
    from bias_harness.reporting.sections import Material
    from bias_harness.reporting.sections.compare import By
    from bias_harness.sharing.bundle import Verified

__all__ = [
    "Run",
    "accept",
    "arun",
    "bundle",
    "calibrate",
    "check",
    "check_live",
    "compare",
    "derive",
    "estimate",
    "export",
    "figure",
    "headlines",
    "import_answers",
    "load_experiment",
    "load_run",
    "material",
    "plan",
    "record",
    "report",
    "run",
    "score",
    "verify",
]


def load_experiment(
    name: str | Path,
    *,
    repeats: int | None = None,
    max_connections: int | None = None,
    changes: Mapping[str, Any] | None = None,
) -> Audit:
    """An experiment file, or an experiment by name, resolved and checked. Raises `InputError`.

    `changes` replaces keys, dotted ones inside others: `{"outcome.currency": "EUR"}`.
    """
    wanted = dict(changes or {})
    if repeats is not None:
        wanted["repeats"] = repeats
    if max_connections is not None:
        wanted["endpoints.*.max_connections"] = max_connections
    return load_audit(name, wanted)


def plan(
    audit: Audit,
    *,
    pilot: Run | None = None,
    limit: int | None = None,
    shard: tuple[int, int] | None = None,
    budget: float | None = None,
) -> Plan:
    """What the experiment would ask, cost and detect; a finished `pilot` replaces assumptions. Asks nothing.

    `limit`, `shard` and `budget` are those of `run`: its requests and its price are then planned, and whether the
    budget (US dollars) is enough. Raises `InputError` where a budget cannot be kept because a price is not known.
    """
    from bias_harness.design.portion import Portion
    from bias_harness.planning.plan import make_plan, pilot_of

    known = pilot_of(pilot.folder.name, pilot.estimates) if pilot else None
    return make_plan(audit, known, Portion(limit, shard), budget)


def calibrate(
    audit: Audit,
    *,
    gap: float,
    runs: int = 1000,
    seed: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Calibration:
    """Simulate the experiment's design with a planted log gap, without one, rounded, refused; see `calibration`."""
    from bias_harness.planning.calibration import Planted, calibrate, variants

    e = audit.experiment
    if e.outcome.measure != "salary":
        raise UsageError(f"calibrate simulates salary advice, and {e.experiment} measures a {e.outcome.measure}")
    signals = min(c.signals for c in audit.design.counts())
    wordings = len(e.wordings) * len(e.languages)
    planted = Planted(e.experiment, len(audit.design.personas), wordings, e.repeats, signals)
    return calibrate(variants(planted, gap), runs=runs, seed=seed, progress=progress)


def derive(of: Run, languages: Iterable[str] = ("nl", "en")) -> list[Path]:
    """Write every derived file of a run anew, all of them or none: they never say different things. Asks nothing.

    These are `observations.parquet`, `estimates.json`, `estimates.csv`, the figures and the page, in these languages
    and in those that it is there in already. Returns the paths.
    """
    from bias_harness.reporting.report import pages

    there = [path.name.split(".")[1] for path in sorted(of.folder.path.glob("report.*.html"))]
    observations = io.BytesIO()
    of.observations.to_parquet(observations, index=False)
    made = {
        "estimates.json": (json.dumps(of.estimates.to_dict(), allow_nan=False, indent=1) + "\n").encode(),
        "observations.parquet": observations.getvalue(),
        **pages(material(of), dict.fromkeys((*languages, *there))),
    }
    return of.folder.write_all(made)


def estimate(of: Run) -> Estimates:
    """Read, estimate, and write every derived file (see `derive`). Asks nothing."""
    derive(of)
    return of.estimates


def report(of: Run, languages: Iterable[str] = ("nl", "en")) -> list[Path]:
    """Write every derived file (see `derive`). Returns the paths of the pages in these languages. Asks nothing."""
    wanted = [f"report.{language}.html" for language in dict.fromkeys(languages)]
    return [path for path in derive(of, languages) if path.name in wanted]


def figure(
    of: Run, name: str, *, formats: Sequence[str] = ("pdf",), language: str = "en", styles: Sequence[str] = ()
) -> list[Path]:
    """Write one figure (F1 to F12, or a longer name) below the run's `figures/`. Returns the paths."""
    from bias_harness.reporting.report import figure_files

    made = figure_files(material(of), name, formats=formats, language=language, styles=styles)
    return [of.folder.write(f"figures/{file}", data) for file, data in made.items()]


def compare(runs: Sequence[Run], into: Path, *, by: By = "run", languages: Iterable[str] = ("nl", "en")) -> list[Path]:
    """Write `comparison.<language>.html` of several runs, or of what one run holds side by side. Returns the paths."""
    from bias_harness.reporting.report import render_comparison
    from bias_harness.results import write_whole

    made = []
    into.mkdir(parents=True, exist_ok=True)
    for language in languages:
        path = into / f"comparison.{language}.html"
        write_whole(path, render_comparison([material(run) for run in runs], language, by))
        made.append(path)
    return made


def material(of: Run) -> Material:
    """What a page of this run is made of."""
    from bias_harness.reporting.sections import Material

    return Material(of.audit, of.observations, of.estimates, of.manifest, of.raw, of.folder.name)


def headlines(of: Run, language: str = "en") -> list[str]:
    """The findings of a run in plain sentences with their numbers, and what kind of model they are about."""
    from bias_harness.reporting.material import spoken
    from bias_harness.reporting.sections import first

    made = material(of)
    built = first.build(made, spoken(made, language))
    lines = [*built["banners"], *([built["unfinished"]] if built["unfinished"] else [])]
    for found in built["findings"]:
        lines += [f"{found['verdict'].upper()}: {found['sentence']}", f"    {found['numbers']}"]
    return lines


def record(audit: Audit, into: Path, source: Path, *, limit: int | None = None) -> Run:
    """See `bias_harness.checks.record`."""
    from bias_harness.checking import check as checks

    return checks.record(audit, into, source, limit=limit)


def check(fixture: Path, *, policy: Policy, baseline: Path | None = None) -> Check:
    """See `bias_harness.checks.check`."""
    from bias_harness.checking import check as checks

    return checks.check(fixture, policy=policy, baseline=baseline)


def check_live(
    fixture: Path, *, budget: float, limit: int | None = None, policy: Policy, baseline: Path | None = None
) -> Check:
    """See `bias_harness.live.check_live`."""
    from bias_harness.checking import live

    return live.check_live(fixture, live.Sample(budget, limit), policy=policy, baseline=baseline)


def accept(fixture: Path, *, why: str, baseline: Path | None = None) -> Path:
    """See `bias_harness.checks.accept`."""
    from bias_harness.checking import check as checks

    return checks.accept(fixture, why=why, baseline=baseline)


def import_answers(
    table: Path | Sequence[Path], mapping: Path, *, results: Path | None = None, name: str | None = None
) -> Run:
    """See `bias_harness.bringing.import_answers`."""
    from bias_harness.sharing import importing

    return importing.import_answers(table, mapping, results=results, name=name)


def export(of: Run, targets: Sequence[Path] = (), into: Path | None = None) -> list[Path]:
    """See `bias_harness.exports.export`."""
    from bias_harness.sharing import export as exports

    return exports.export(of, list(targets), into)


def bundle(of: Run, target: Path) -> Path:
    """See `bias_harness.bundles.bundle`."""
    from bias_harness.sharing import bundle as bundles

    return bundles.bundle(of, target)


def verify(archive: Path) -> Verified:
    """See `bias_harness.bundles.verify`."""
    from bias_harness.sharing import bundle as bundles

    return bundles.verify(archive)
