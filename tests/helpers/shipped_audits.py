"""The shipped experiments, resolved and checked once for all tests of a process that only look at them."""

from __future__ import annotations

from functools import cache

from bias_harness.design.audit import Audit, load_audit


@cache
def shipped_audit(name: str) -> Audit:
    """The shipped experiment of that name, as it stands."""
    return load_audit(name)
