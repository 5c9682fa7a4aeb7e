"""Asking a loopback endpoint through the real runner, provider and log, without an experiment around it."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from bias_harness.asking import Purse, Runner, Tally, Work, in_loop, price_of
from bias_harness.asking.providers import Context, create
from bias_harness.design.experiment import Endpoint
from bias_harness.results import KeySet, RunFolder, open_log
from bias_harness.vocabulary import Message, Request

KEY = "sk-very-secret-0123456789"


def request(number: int, endpoint: str = "loop", **sampling: Any) -> Request:
    key = hashlib.sha256(f"{endpoint}/{number}".encode()).hexdigest()
    return Request(key, endpoint, "m", (Message("user", f"question {number}"),), {"max_tokens": 20, **sampling}, 0, 7)


def requests(count: int, endpoint: str = "loop") -> Iterator[Request]:
    return (request(number, endpoint) for number in range(count))


def endpoint(base_url: str, name: str = "loop", **options: Any) -> Endpoint:
    given = {"api_key_env": "LOOP_KEY", "model": "m", "timeout_seconds": 10, **options}
    return Endpoint(name=name, base_url=base_url, **given)


def work(of: Endpoint, asked: Iterable[Request]) -> Work:
    provider = create(of, Context({"LOOP_KEY": KEY}))
    return Work(of, provider, iter(asked), Tally(of.name, 0), price_of(of))


async def ask_all(
    folder: Path,
    works: list[Work],
    *,
    stop: asyncio.Event | None = None,
    abort: asyncio.Event | None = None,
    purse: Purse | None = None,
    share: float = 0.5,
    again: KeySet | None = None,
) -> None:
    with open_log(RunFolder(folder)) as log:
        runner = Runner(
            log,
            log.found.settled(),
            share,
            stop or asyncio.Event(),
            lambda _: None,
            purse or Purse(),
            again or KeySet(),
            abort or asyncio.Event(),
        )
        try:
            await runner.run(works)
        finally:
            for each in works:
                await each.provider.aclose()


def ask(folder: Path, base_url: str, count: int, **options: Any) -> Tally:
    """Ask so many questions of one endpoint. Returns its tally."""
    more = {name: options.pop(name) for name in ("purse", "share", "again") if name in options}

    async def whole() -> Tally:
        doing = work(endpoint(base_url, **options), requests(count))
        await ask_all(folder, [doing], **more)
        return doing.tally

    return in_loop(whole())


def logged(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for path in sorted(folder.glob("responses*.jsonl")) for line in _lines(path)]


def _lines(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines()


def mispaired(folder: Path, count: int, endpoint: str = "loop") -> list[str]:
    """The texts that stand under another question's key."""
    expected = {r.key: f"answer to {r.messages[-1].content}" for r in requests(count, endpoint)}
    return [line["text"] for line in logged(folder) if line["error"] is None and line["text"] != expected[line["key"]]]


def all_answered_once(folder: Path, count: int, endpoint: str = "loop") -> bool:
    """Every question has exactly one line, an answer, and its own."""
    keys = [line["key"] for line in logged(folder) if line["error"] is None]
    wanted = {r.key for r in requests(count, endpoint)}
    return sorted(keys) == sorted(wanted) and len(logged(folder)) == count and not mispaired(folder, count, endpoint)
