"""Where keys go to: what must never be kept or shown, and what is sent where it may not belong."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote

from bias_harness.design.audit import Audit
from bias_harness.design.experiment import Endpoint
from bias_harness.design.hosts import is_here, strangers, variables_of
from bias_harness.design.keys import HIDING_NAME
from bias_harness.errors import InputError

SHORTEST_SECRET = 8
MAY_SEND = "BIAS_HARNESS_MAY_SEND"
"""The variable with which whoever runs an experiment lets others go where they do not seem to belong: NAME@host, ..."""


def secrets_of(audit: Audit, *others: Endpoint) -> tuple[str, ...]:
    """The values that must never be printed, kept or shared.

    They are those of every variable that an endpoint is sent, of the experiment or one of the `others`, and of every
    variable in `.env` whose name is a key's; each also as a URL and as JSON may write it.
    """
    known = audit.workspace.environment()
    in_file = [name for name in audit.workspace.env_file() if HIDING_NAME.search(name)]
    sent = [name for endpoint in (*audit.experiment.endpoints, *others) for name in variables_of(endpoint)]
    values = {known.get(name, "").strip() for name in (*in_file, *sent)}
    long = {value for value in values if len(value) >= SHORTEST_SECRET}
    written = {way for value in long for way in (value, quote(value, safe=""), value.replace("/", "\\/"))}
    return tuple(sorted(written, key=len, reverse=True))


def warn_of_strangers(endpoints: Iterable[Endpoint]) -> Iterator[str]:
    """A sentence for each variable that is sent where it may not belong: on this computer, or where that was allowed.

    An experiment may come from anybody, and names the variables that it is sent. So the word that lets one go elsewhere
    is not the experiment's, nor that of a `.env` beside it: it is in the environment. Raises `InputError` without it.
    """
    allowed = {word.strip().lower() for word in os.environ.get(MAY_SEND, "").split(",")}
    for endpoint in endpoints:
        for name, host, odd in strangers(endpoint):
            if not is_here(host) and f"{name}@{host}".lower() not in allowed:
                raise InputError(
                    f"{endpoint.name}: {odd}, so nothing is asked. Put the key of that host into a variable of its own "
                    f"(as {_own_name(endpoint)}) and name it here; or, if this one is meant to go there, set "
                    f"{MAY_SEND}={name}@{host}"
                )
            yield f"{endpoint.name}: {odd}"


def _own_name(endpoint: Endpoint) -> str:
    return re.sub(r"[^A-Z0-9]+", "_", endpoint.name.upper()).strip("_") + "_KEY"
