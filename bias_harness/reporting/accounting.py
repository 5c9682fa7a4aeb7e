"""What became of every answer asked, as a table of the page and as lines of the terminal: the same counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bias_harness.estimating.accounts import Account
from bias_harness.reporting.charts.chart import Column, Table
from bias_harness.reporting.confirmed import confirmed_said
from bias_harness.reporting.material import View
from bias_harness.reporting.texts import Texts
from bias_harness.vocabulary import FATES

MANY_LEVELS = 6
"""Levels of an attribute from which on the terminal has one line for all of them."""


def totals(accounts: Iterable[Account]) -> dict[str, int]:
    """All accounts together: `asked`, and each fate."""
    listed = list(accounts)
    return {name: sum(getattr(a, name) for a in listed) for name in ("asked", *FATES)}


def accounts_table(view: View) -> Table:
    """One row a level: `asked` is the sum of the columns after it. Fates that nothing met are left out."""
    listed = view.material.estimates.accounts
    fates = [name for name in FATES if name == "counted" or any(getattr(a, name) for a in listed)]
    columns = [Column("model"), Column("level"), Column("asked", "count"), *(Column(f, "count") for f in fates)]
    rows = [
        [view.model(a.endpoint), view.level(a.attribute, a.level, "tag"), a.asked, *(getattr(a, f) for f in fates)]
        for a in listed
    ]
    return Table(tuple(columns), rows)


def account_lines(view: View) -> Iterator[str]:
    """`GPT, women: 96 asked = 92 counted + 4 refused`; one line an attribute where its levels are many.

    After them what the models said, asked again, that they had advised.
    """
    for name in view.material.attributes:
        for endpoint in view.material.endpoints:
            own = [a for a in view.material.estimates.accounts if (a.endpoint, a.attribute) == (endpoint, name)]
            if len(own) > MANY_LEVELS:
                yield _line(view.texts, f"{view.model(endpoint)}, {view.attribute(name)}", totals(own))
            else:
                for a in own:
                    yield _line(view.texts, f"{view.model(endpoint)}, {view.level(name, a.level)}", totals([a]))
    yield from (said.replace("**", "") for said in confirmed_said(view))


def _line(texts: Texts, who: str, counts: dict[str, int]) -> str:
    words = texts.under("figures.columns")
    parts = [f"{texts.number(counts[f])} {str(words[f]).lower()}" for f in FATES if counts[f] or f == "counted"]
    return f"{who}: {texts.number(counts['asked'])} {str(words['asked']).lower()} = {' + '.join(parts)}"
