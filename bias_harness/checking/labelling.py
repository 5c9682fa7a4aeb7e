"""A person reads a sample of a run's answers, blind: not told whose they are, nor what was read in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from bias_harness.errors import UsageError
from bias_harness.estimating.reading_error import sample
from bias_harness.reading.labelled import read_label
from bias_harness.results.labels import LABELS, Labels, read_labels
from bias_harness.runs import Run
from bias_harness.vocabulary import Answer


@dataclass
class Session:
    """What one person has to label in a run: `each` answers of every level, less what that person did already."""

    run: Run
    person: str
    each: int
    _done: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        outcome = self.run.audit.experiment.outcome
        if outcome.probabilities is not None:
            raise UsageError("the amounts of this run are the model's probabilities: there is no text to label")
        kept = read_labels(self.run.folder.path).labels
        self.labels = {person: dict(of) for person, of in kept.items()}

    @cached_property
    def chosen(self) -> list[str]:
        """The keys of the sample, in the order in which they are shown."""
        return sample(self.run.observations, self.each)

    @property
    def left(self) -> list[str]:
        """The keys that are still to be labelled."""
        mine = self.labels.get(self.person, {})
        return [key for key in self.chosen if key not in mine]

    def text(self, key: str) -> str:
        """The answer as it came."""
        response, _ = self.run.raw([key])[key]
        return response.text or ""

    def label(self, key: str, typed: str) -> Answer:
        """Keep what was typed of an answer, at once. Raises `InputError` where it is no label."""
        found = read_label(typed, self.run.audit.experiment.outcome)
        self.labels.setdefault(self.person, {})[key] = typed.strip()
        self._done.append(key)
        self._keep()
        return found

    def undo(self) -> str | None:
        """Take back the last label of this sitting, at once. Returns its key; None where there is none."""
        if not self._done:
            return None
        key = self._done.pop()
        del self.labels[self.person][key]
        self._keep()
        return key

    def _keep(self) -> None:
        self.run.folder.write(LABELS, Labels(labels=self.labels).to_json())
