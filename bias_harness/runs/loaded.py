"""A run read back: its trials, what was answered, what was read, what was estimated, what is written of it."""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from bias_harness.design.audit import Audit
from bias_harness.errors import RunFolderError
from bias_harness.results import Manifest, counted, find_run
from bias_harness.results.totals import completed
from bias_harness.runs.answered import Answered
from bias_harness.vocabulary import Answer
from bias_harness.workers import Workers
from bias_harness.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

    from bias_harness.estimating.confirmations import Confirmations
    from bias_harness.estimating.estimates import Estimates
    from bias_harness.estimating.gaps import Gaps
    from bias_harness.estimating.judgement import Judgement, Judgements
    from bias_harness.estimating.reading_error import ReadingErrors
    from bias_harness.estimating.sequential import Looked
    from bias_harness.outcome import Analysis
    from bias_harness.reporting.sections import Material
    from bias_harness.results.registration import Registration
    from bias_harness.runs.writing import Told

log_to_user = logging.getLogger(__name__)


@dataclass(frozen=True)
class Run(Answered):
    """One run: its folder, and the experiment as it was resolved when it was asked.

    What is derived (observations, pairs, estimates) is made when it is first wanted. `stopped` says which endpoints
    were given up and why, right after asking; `workers` read the answers where that takes long.
    """

    def __repr__(self) -> str:
        return f"Run({str(self.folder.path)!r}, {self._status})"

    def _repr_html_(self) -> str:
        found = "" if self.observations.empty else self.estimates._repr_html_()
        return f"<p>{escape(repr(self))}</p>{found}"

    @property
    def _status(self) -> str:
        return self.manifest.status or "not begun"

    @property
    def natures(self) -> dict[str, str]:
        """What answered, by endpoint: model, tiny model, simulation, recording, product or imported."""
        return {name: end.nature for name, end in self.manifest.endpoints.items()}

    @cached_property
    def manifest(self) -> Manifest:
        """What is known of the run's making, with what the folder's manifest lacks: labels, and how far it is.

        In its `faults` stands what is missing, cut or changed in the log since it was written.
        """
        return completed(self.folder.manifest(), self.audit, lambda: counted(self.folder), self.faults)

    @cached_property
    def faults(self) -> tuple[str, ...]:
        """A sentence for each part of the log that is cut, changed or missing since the manifest was written."""
        return self.folder.faults()

    @property
    def registration(self) -> Registration | None:
        """The preregistration that the folder holds; None where there is none."""
        from bias_harness.results.registration import REGISTRATION, read_registration

        path = self.folder.path / REGISTRATION
        return read_registration(path) if path.is_file() else None

    def register(self, document: str | Path) -> None:
        """Keep a preregistration with the run; the report says how the two stand to each other.

        Raises `InputError` where the file is none, `RunFolderError` where the run has another one already.
        """
        from bias_harness.results.registration import REGISTRATION, read_registration

        given, there = read_registration(Path(document)), self.registration
        if there is not None and there != given:
            raise RunFolderError(
                f"{self.folder.path} holds another preregistration ({REGISTRATION}, of {there.written_at:%Y-%m-%d}), "
                "and a run has one; remove it there if it does not belong to this run"
            )
        self.folder.write(REGISTRATION, Path(document).read_bytes())
        vars(self).pop("made_of", None)

    @property
    def labels(self) -> dict[str, dict[str, Answer]]:
        """What people read in this run's answers (`bias-harness label`), by person and key; see `runs.labelled`."""
        from bias_harness.runs.labelled import labels_of

        return labels_of(self)

    @property
    def reading_errors(self) -> ReadingErrors | None:
        """How often the reading is wrong, by level, and the gaps corrected for it; None where nobody labelled."""
        from bias_harness.runs.labelled import errors_of

        return errors_of(self)

    @cached_property
    def confirmations(self) -> Confirmations | None:
        """What the models said, asked again, that they had advised, beside what was read; None where nobody asked."""
        from bias_harness.runs.confirmed import confirmations_of

        return confirmations_of(self)

    @cached_property
    def estimates(self) -> Estimates:
        """Every estimate of the run."""
        from bias_harness.estimating.estimates import estimate

        e = self.audit.experiment
        return estimate(
            self._estimated_from, analysis=e.analysis, outcome=e.outcome, primary=self._primary, looked=self.looked
        )

    @cached_property
    def looked(self) -> Looked | None:
        """The looks of a run that may stop early, with its jobs in the order of asking; None for any other."""
        from bias_harness.design.portion import jobs_in_order
        from bias_harness.estimating.sequential import Looked

        looks = self.manifest.looks
        return None if looks is None else Looked(jobs_in_order(self.audit), looks.after)

    @property
    def _primary(self) -> list[str]:
        """The declared comparisons as `attribute/level`."""
        return [f"{attribute}/{level}" for attribute, level in self.audit.primary]

    @cached_property
    def judgements(self) -> Judgements:
        """What may be said of every comparison, and nothing else: a moment's work, where `estimates` take seconds."""
        return self.judged(self.audit.experiment.analysis, self._primary)

    def judged(self, analysis: Analysis, primary: Collection[str]) -> Judgements:
        """The same by another analysis, or of other declared comparisons."""
        from bias_harness.estimating.judging import judge
        from bias_harness.estimating.sequential import judge_looked

        rows, outcome = self._estimated_from, self.audit.experiment.outcome
        if self.looked is None:
            return judge(rows, analysis=analysis, outcome=outcome, primary=primary)
        return judge_looked(rows, self.looked, analysis=analysis, outcome=outcome, primary=primary)

    @property
    def gaps(self) -> Gaps:
        """The judgements by name, to be completed: `run.gaps["gender/female"]`, or `"endpoint/gender/female"`.

        A name that is none raises `UsageError` with what was meant.
        """
        from bias_harness.estimating.gaps import Gaps

        return Gaps(self.judgements)

    def gap(self, attribute: str, level: str, *, endpoint: str | None = None) -> Judgement:
        """The judgement of one comparison: its gap, interval, counts and word. Never None.

        `endpoint` may be left out where there is one. Raises `UsageError` for what was not compared, with what was.
        """
        return self.gaps.of(attribute, level, endpoint)

    @cached_property
    def pairs(self) -> pd.DataFrame:
        """One row a pair of trials that differ in the level alone; `gap` is level minus reference.

        `gap` (in the experiment's unit) and `log_gap` are there only where both amounts count.
        """
        from bias_harness.estimating.pairs import pairs_of

        rows = self.observations
        pay = self.audit.experiment.outcome.measured.relative
        return pairs_of(rows.assign(nature=rows["endpoint"].astype(str).map(self.natures)), pay=pay)

    def profile_gaps(self) -> pd.DataFrame:
        """One row a profile, endpoint, attribute and level: its gap, level minus reference.

        `gap` is on the `scale` of the headline: log units of pay, or a difference in the unit of a score or share.
        Averaged over the profiles of a job, and then over the jobs, these are the headline's `estimate` (of the scope
        profiles).
        """
        import pandas as pd

        about = ("endpoint", "attribute", "level", "reference", "scale")
        jobs = {persona.id: persona.job for persona in self.audit.design.personas}
        rows = [
            {**{name: getattr(e, name) for name in about}, "job": jobs[profile], "profile": profile, "gap": gap}
            for e in self.estimates.find(family="headline")
            for profile, gap in e.details.get("profile_gaps", {}).items()
        ]
        return pd.DataFrame(rows, columns=[*about, "job", "profile", "gap"])

    @property
    def headlines(self) -> list[str]:
        """The findings in plain English sentences with their numbers, and what kind of model they are about."""
        from bias_harness.reporting.accounting import account_lines
        from bias_harness.reporting.material import View, spoken
        from bias_harness.reporting.registered import registered
        from bias_harness.reporting.sections import first

        made = material(self)
        view = View(made, spoken(made, "en"))
        built = first.build(made, view.texts)
        lines = [*built["banners"], *([built["extent"]] if built["extent"] else [])]
        for found in built["findings"]:
            lines.append(f"{found['verdict'].upper()}: {found['sentence']}")
            lines += [f"    {found[name]}" for name in ("more", "numbers") if found[name]]
        lines += [f"{found['verdict'].upper()}: {found['sentence']}" for found in built["uneven"]]
        return [*lines, "", *account_lines(view), *([registered(view)] if made.registration else [])]

    def write(
        self, languages: str | Iterable[str] = ("nl", "en"), *, figures: bool = True, told: Told | None = None
    ) -> list[Path]:
        """Write every derived file, all of them or none: they never say different things. Asks nothing.

        These are `observations.parquet`, `estimates.json`, `estimates.csv`, the figures (unless `figures` is False),
        the researcher's file, and the page and worksheet in these languages (or this one) and in those that the page is
        there in already. What was left in `figures/` and `answers/` before is removed. Where all of it was written of
        the very same before, it is let be, and so is a figure that would show the same. `told` hears what is done at
        present: `reading`, `estimating`, `drawing`, with how much is done and how much it is in all. Returns the paths.
        Raises `UsageError` for a language that there is no page in.
        """
        from bias_harness.runs.writing import write

        return write(self, languages, figures=figures, told=told or (lambda _stage, _done, _of: None))

    @cached_property
    def made_of(self) -> str | None:
        """Hex digits over all that decides what is written of the run; None where plug-ins have a part in that."""
        from bias_harness.runs.written import made_of

        return made_of(self)

    def is_empty(self, told: Told | None = None) -> bool:
        """Whether nothing was answered and nothing failed; `told` as in `write`, for everything is read for that."""
        from bias_harness.runs.writing import is_empty

        return is_empty(self, told or (lambda _stage, _done, _of: None))

    def numbers(self) -> dict[str, bytes]:
        """File name -> content of `observations.parquet` and `estimates.json`."""
        from bias_harness.estimating.observations import to_parquet

        table = to_parquet(self.observations)  # first, so that the estimates are made of them
        estimates = json.dumps(self.estimates.to_dict(), allow_nan=False, indent=1) + "\n"
        return {"observations.parquet": table, "estimates.json": estimates.encode()}


def material(of: Run) -> Material:
    """What a page of this run is made of."""
    from bias_harness.reporting.sections import Material

    return Material(
        *(of.audit, of.observations, of.estimates, of.manifest, of.raw, of.folder.name),
        registration=of.registration,
        reading_errors=of.reading_errors,
        confirmations=of.confirmations,
        known_letters=of.readings.letters(of.trials.keys),
    )


def load_run(
    name: str | Path, *, results: str | Path | None = None, workers: int = 1, cluster: str | None = None
) -> Run:
    """A run by its folder, or its name below `results` (of the workspace here). Raises `InputError` for none.

    `workers` are the processes that read answers where that takes some seconds (a script that wants several has what
    it does below `if __name__ == "__main__":`), `cluster` is the address of a Dask scheduler whose workers do instead.
    What is missing, cut or changed in its log is told as a warning, and stands in `Run.faults`.
    """
    folder = find_run(name, Path(results) if results else Workspace.here().results)
    run = Run(folder, Audit.of_folder(folder.path), workers=Workers(workers, cluster))
    for fault in run.faults:
        log_to_user.warning("%s", fault)
    return run
