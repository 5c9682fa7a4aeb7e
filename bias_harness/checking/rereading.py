"""What two readings of the same responses say: what moved, how far they agree, what is unread."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bias_harness.errors import RunFolderError
from bias_harness.reading.answers import SHOWN
from bias_harness.runs import Run
from bias_harness.vocabulary import Answer


@dataclass(frozen=True, slots=True)
class Moved:
    """An answer that another reader (or an older version of this one) read differently."""

    key: str
    before: Answer
    after: Answer

    @property
    def what(self) -> str:
        """Which of status, amount, currency or period moved first."""
        for name in ("status", "amount", "low", "high", "currency", "period", "annual"):
            if getattr(self.before, name) != getattr(self.after, name):
                return name
        return ""


def moved(before: Mapping[str, Answer], after: Mapping[str, Answer]) -> list[Moved]:
    """The answers that differ between two readings of the same responses, by request key, in the order of `after`."""
    found = (Moved(key, before[key], answer) for key, answer in after.items() if key in before)
    return [change for change in found if change.what]


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two readers agree on the same responses, and where they do not.

    `same` counts answers where both say the same amount (a year's, or as stated) or both say none.
    """

    n: int
    same: int
    differing: tuple[Moved, ...]

    @property
    def share(self) -> float | None:
        """The share of answers that both read alike (0-1); None where there are none."""
        return self.same / self.n if self.n else None


def compare(first: Mapping[str, Answer], second: Mapping[str, Answer]) -> Agreement:
    """Where two readers (say the grammar and a judge) disagree on the responses that both have read."""
    both = [Moved(key, answer, second[key]) for key, answer in first.items() if key in second]
    differing = tuple(pair for pair in both if not _alike(pair.before, pair.after))
    return Agreement(len(both), len(both) - len(differing), differing)


def _alike(left: Answer, right: Answer) -> bool:
    if (left.status == "ok") != (right.status == "ok"):
        return False
    if left.annual is not None and right.annual is not None:
        return abs(left.annual - right.annual) < 1
    return left.amount == right.amount


@dataclass(frozen=True, slots=True)
class Unread:
    """A group of answers that gave no amount for one reason, with an example to improve the lexicon by."""

    status: str
    reason: str
    count: int
    example: str


def unread(texts_and_answers: Iterable[tuple[str, Answer]]) -> list[Unread]:
    """Answers without an amount, grouped by status, reason and the beginning of the text; the largest group first."""
    counts: Counter[tuple[str, str, str]] = Counter()
    for text, answer in texts_and_answers:
        if answer.status != "ok":
            counts[answer.status, answer.reason, _gist(text)] += 1
    return [Unread(status, reason, count, gist) for (status, reason, gist), count in counts.most_common()]


def _gist(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= SHOWN else flat[: SHOWN - 1] + "…"


def read_again(of: Run) -> list[dict[str, Any]]:
    """The answers that the present reader reads otherwise than `observations.parquet` has them, with their texts.

    Raises `RunFolderError` where the run has no `observations.parquet`, or it cannot be read.
    """
    from bias_harness.estimating.observations import read_observations

    path = of.folder.path / "observations.parquet"
    if not path.is_file():
        raise RunFolderError(f"{path} is not there; make it with: bias-harness report {of.folder.path}")
    read = ["key", "status", "annual", "currency", "period"]
    before = read_observations(path, read).drop_duplicates("key").astype({"status": str})
    now = of.observations[read].drop_duplicates("key").astype({"status": str})
    both = before.merge(now, on="key", suffixes=("_before", "_now"))
    same = (both["status_before"] == both["status_now"]) & (
        (both["annual_before"] == both["annual_now"]) | (both["annual_before"].isna() & both["annual_now"].isna())
    )
    differing = both[~same]
    texts = {key: response.text for key, (response, _) in of.raw(differing["key"].tolist()).items()}
    rows = differing.to_dict("records")
    return [{**{str(k): v for k, v in row.items()}, "text": texts.get(row["key"])} for row in rows]


def unread_in(of: Run) -> list[Unread]:
    """The answers of a run that gave no amount, grouped; the largest group first."""
    return unread((response.text or "", answer) for response, answer in of.everything())
