"""What the logs of a run hold already, counted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, get_args

from bias_harness.results.keys import KeySet, rising
from bias_harness.vocabulary import FILTERED, ErrorKind, Response, Usage

if TYPE_CHECKING:
    from bias_harness.results.keys import Shorts

    Ends = Mapping[str, tuple["Counts", Mapping["Group", Shorts]]]

Group = Literal["answered", "failed", "filtered", "empty", "confirmed"]
GROUPS: tuple[Group, ...] = get_args(Group)


@dataclass
class Counts:
    """What the logs hold of one endpoint; each request counts once. Confirmations count in what was paid alone.

    `cost` is in US dollars, null where none is named; `reserved` is what may have been billed besides, at most.
    """

    answered: int = 0
    failed: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = None
    reserved: float = 0.0
    served: set[str] = field(default_factory=set)

    def pay(self, usage: Usage) -> None:
        """Add the tokens and the cost of one line: what was paid counts, also where the answer does not."""
        self.input_tokens += usage.input_tokens or 0
        self.output_tokens += usage.output_tokens or 0
        self.reserved += usage.reserved or 0.0
        if usage.cost is not None:
            self.cost = (self.cost or 0.0) + usage.cost


@dataclass
class Found:
    """What the logs of a run hold already, and in `set_aside` a sentence for each line that could not be read.

    `filtered` are those of the failed that the endpoint's own filter refused, `empty` those that it answered without
    a text. A key may be among the failed and, from another time, among the answered. `confirmed` are the second turns
    that need no asking, which are in none of the others.
    """

    answered: KeySet = field(default_factory=KeySet)
    failed: KeySet = field(default_factory=KeySet)
    filtered: KeySet = field(default_factory=KeySet)
    empty: KeySet = field(default_factory=KeySet)
    confirmed: KeySet = field(default_factory=KeySet)
    endpoints: dict[str, Counts] = field(default_factory=dict)
    set_aside: list[str] = field(default_factory=list)

    def take(self, response: Response) -> None:
        """Count one line."""
        key, counts = response.key, self.endpoints.setdefault(response.endpoint, Counts())
        kind = _without_answer(response)
        if response.confirms is not None:
            if kind in (None, "content", "empty"):
                self.confirmed.add(key)
        elif kind is not None:
            for special, keys in (("content", self.filtered), ("empty", self.empty)):
                if kind == special:
                    keys.add(key)
            counts.failed += self.failed.add(key) and key not in self.answered
        elif self.answered.add(key):
            counts.answered += 1
            counts.failed -= key in self.failed
        if response.usage is not None:
            counts.pay(response.usage)
        if response.served_model:
            counts.served.add(response.served_model)

    @classmethod
    def united(cls, parts: Iterable[Ends]) -> Found:
        """What whole parts hold together, by what an index says of each: at once, for ten million keys as for ten."""
        listed = list(parts)
        if not listed:
            return cls()
        found = cls(endpoints={name: Counts() for ends in listed for name in ends})
        everywhere: dict[Group, list[Shorts]] = {group: [] for group in GROUPS}
        for name, counts in found.endpoints.items():
            own = [ends[name] for ends in listed if name in ends]
            for paid, _ in own:
                counts.pay(Usage(paid.input_tokens, paid.output_tokens, paid.cost, paid.reserved))
                counts.served |= paid.served
            keys = {group: rising([groups[group] for _, groups in own]) for group in GROUPS}
            counts.answered = keys["answered"].size
            both = rising([keys["answered"], keys["failed"]]).size
            counts.failed = both - counts.answered
            for group in GROUPS:
                everywhere[group].append(keys[group])
        for group, arrays in everywhere.items():
            setattr(found, group, KeySet.of(rising(arrays)))
        return found

    def settled(self, *, retried: bool = False) -> KeySet:
        """The keys that need no asking: the answered, and those for whom asking again would change nothing.

        `retried` leaves out the latter: what was filtered or empty is asked once more, second turns aside.
        """
        done = self.answered | self.confirmed
        return done if retried else done | self.filtered | self.empty

    @property
    def cost(self) -> float:
        """US dollars that are known to be spent, and those that may be and were never reported."""
        return sum((counts.cost or 0.0) + counts.reserved for counts in self.endpoints.values())


def _without_answer(response: Response) -> ErrorKind | None:
    """Why a line holds no answer; None where it does. A blank text without an error comes from an older log."""
    if response.error is not None:
        return response.error.kind
    blank = not (response.text or "").strip() and (response.finish_reason or "").lower() not in FILTERED
    return "empty" if blank else None
