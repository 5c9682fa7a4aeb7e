"""A Python function as the system under test: `function: my_package.bot:reply`.

The function is called as `reply(messages)` with a list of `{"role": ..., "content": ...}` and gives back the text; it
may be a coroutine function. It runs in a thread of its own, so that it never holds the other endpoints back.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bias_harness.asking.providers import Context, Provider
from bias_harness.design.experiment import Endpoint
from bias_harness.errors import InputError, TransientError
from bias_harness.vocabulary import Nature, Request, Response


def create(endpoint: Endpoint, _context: Context) -> Function:
    """The function that the endpoint names. Raises `InputError` where it cannot be imported."""
    if endpoint.function is None:
        raise InputError(f"endpoint {endpoint.name!r}: 'function' is missing; name it as package.module:function")
    module, _, name = endpoint.function.partition(":")
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise InputError(f"endpoint {endpoint.name!r}: {endpoint.function} cannot be imported: {error}") from None
    return Function(endpoint.function, found)


class Function(Provider):
    """Asks a function in this process."""

    nature: Nature = "product"

    def __init__(self, name: str, function: Callable[..., Any]) -> None:
        self.name, self.function = name, function

    async def ask(self, request: Request) -> Response:
        """What the function says. Whatever it raises is a failed try of this request."""
        asked_at = datetime.now(UTC).isoformat(timespec="microseconds")
        messages = [{"role": m.role, "content": m.content} for m in request.messages]
        try:
            if inspect.iscoroutinefunction(self.function):
                text = await self.function(messages)
            else:
                text = await asyncio.to_thread(self.function, messages)
        except Exception as error:  # noqa: BLE001 - somebody else's code: any error of it is an answer that failed
            raise TransientError(f"{self.name} raised {type(error).__name__}: {str(error)[:200]}") from None
        if not isinstance(text, str):
            raise TransientError(f"{self.name} gave {type(text).__name__}, not text")
        return Response(request.key, request.endpoint, text, None, self.name, None, asked_at)
