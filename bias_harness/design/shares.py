"""What a shard may take of what its endpoints allow: parts that add up to the whole, or a share that is declared.

An endpoint's `max_connections`, `requests_per_minute` and `tokens_per_minute` are those of the whole run, like its
`budget`: all shards ask with one account. The shards know nothing of each other; each takes its part.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import floor
from typing import Literal

from bias_harness.design.audit import Audit
from bias_harness.design.endpoints import Endpoint
from bias_harness.design.portion import Portion
from bias_harness.errors import UsageError

Limit = Literal["max_connections", "requests_per_minute", "tokens_per_minute"]
LIMITS: dict[Limit, str] = {
    "max_connections": "connections",
    "requests_per_minute": "requests a minute",
    "tokens_per_minute": "tokens a minute",
}
OWN = ("embedded", "replay", "simulated")
"""Providers that ask nobody outside of this process, so that no other shard takes anything of theirs."""


def shared(endpoint: Endpoint, portion: Portion) -> Endpoint:
    """An endpoint with the part of its limits that a portion takes, at least one connection; its keys are the same.

    Raises `UsageError` where a limit a minute is smaller than the number of shards.
    """
    if portion.shard is None or endpoint.provider in OWN:
        return endpoint
    told = (limit for limit in LIMITS if getattr(endpoint, limit) is not None)
    return endpoint.model_copy(update={str(limit): _part(endpoint, limit, portion) for limit in told})


def _part(endpoint: Endpoint, limit: Limit, portion: Portion) -> int:
    whole: int = getattr(endpoint, limit)
    index, count = portion.shard or (1, 1)
    if portion.share is not None:
        return max(1, floor(whole * portion.share))
    if whole >= count or limit == "max_connections":
        return max(1, whole // count + (index <= whole % count))
    raise UsageError(
        f"--shard {index}/{count}: {limit} of {endpoint.name!r} is {whole}, less than one for every shard; take fewer "
        "shards, or say with --share what this one may take"
    )


def share_of_budget(budget: float | None, portion: Portion) -> float | None:
    """What a portion may spend of the experiment's own budget, in US dollars: the n-th part, whatever the account."""
    return budget if budget is None or portion.shard is None else budget / portion.shard[1]


def shares_said(audit: Audit, portion: Portion) -> Iterator[str]:
    """A sentence an endpoint that a shard takes a part of, and one of the budget; none for a whole run."""
    if portion.shard is None:
        return
    for endpoint in audit.experiment.endpoints:
        part = shared(endpoint, portion)
        if part != endpoint:
            told = [
                f"{getattr(part, limit):,} of {getattr(endpoint, limit):,} {words}"
                for limit, words in LIMITS.items()
                if getattr(endpoint, limit) is not None
            ]
            yield (
                f"{endpoint.name}: shard {portion.shard[0]} of {portion.shard[1]} takes {', '.join(told)}; where "
                "shards have accounts or servers of their own, --share 100% gives it all."
            )
    whole, own = audit.experiment.budget, share_of_budget(audit.experiment.budget, portion)
    if whole is not None and own is not None and own != whole:
        yield f"Of the experiment's budget of US$ {whole:,.2f} this shard takes US$ {own:,.2f}; --budget names another."


def parse_share(text: str) -> float:
    """`40%` or `0.4` as 0.4. Raises `UsageError` for what is no share above 0 and up to all."""
    try:
        value = float(text.strip().removesuffix("%")) / (100 if text.strip().endswith("%") else 1)
    except ValueError:
        value = 0.0
    if not 0 < value <= 1:
        raise UsageError(f"--share {text}: a percentage above 0% and up to 100% is wanted, for example 40%")
    return value
