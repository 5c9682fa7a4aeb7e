"""A run read again: what moved since it was reported, and what is unread."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bias_harness.errors import RunFolderError
from bias_harness.reading.answers import SHOWN
from bias_harness.runs import Run
from bias_harness.vocabulary import Answer


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
