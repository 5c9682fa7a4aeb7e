"""A chat endpoint on loopback that does as it is told: answers, refuses, cuts, drips, hangs, dies and comes back."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

CUT = object()
HANG = object()
Step = bytes | float | object
"""Bytes to send, seconds to wait, or to cut the connection or never go on."""


@dataclass
class Seen:
    """One request as it arrived."""

    number: int
    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    at: float = field(default_factory=time.monotonic)

    @property
    def question(self) -> str:
        return self.body["messages"][-1]["content"]


Behaviour = Callable[[Seen], Sequence[Step]]


def completion(text: str, **changes: Any) -> bytes:
    """The body of a chat completion."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"} | changes
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    return json.dumps({"model": "served-1", "choices": [choice], "usage": usage}).encode()


def reply(body: bytes, status: int = 200, length: int | None = None, **headers: str) -> bytes:
    """A whole HTTP answer; `length` lies about its length."""
    lines = {"content-type": "application/json", "content-length": str(len(body) if length is None else length)}
    lines |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status} Said\r\n{head}\r\n".encode() + body


def error(status: int, message: str = "no", **headers: str) -> bytes:
    """An HTTP answer that says no."""
    return reply(json.dumps({"error": {"message": message}}).encode(), status, **headers)


def echo(seen: Seen) -> Sequence[Step]:
    """The answer that names its question."""
    return [reply(completion(f"answer to {seen.question}"))]


class Server:
    """Serves in a thread of its own, from entering to leaving. `seen` holds every request in the order of arrival."""

    def __init__(self, behave: Behaviour = echo, host: str = "127.0.0.1") -> None:
        self.behave, self.host, self.port = behave, host, 0
        self.seen: list[Seen] = []
        self.in_flight = self.most_in_flight = 0
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    @property
    def base_url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}/v1"

    def __enter__(self) -> Server:
        self._thread.start()
        self.up()
        return self

    def __exit__(self, *_: object) -> None:
        self.down()
        self._wait(self._cancel_all())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def up(self) -> None:
        """Listen, on the same port as before."""
        self._wait(self._listen())

    def down(self) -> None:
        """Stop listening and cut every connection."""
        self._wait(self._close())

    async def has_seen(self, count: int) -> None:
        """Wait until so many requests have come."""
        while len(self.seen) < count:  # noqa: ASYNC110 - they are counted in another thread
            await asyncio.sleep(0.01)

    def _wait(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, self.host, self.port, backlog=512)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()

    async def _cancel_all(self) -> None:
        tasks = [t for t in asyncio.all_tasks() if t is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.strip().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = json.loads(await reader.readexactly(int(headers.get("content-length", 0))) or b"{}")
        seen = Seen(len(self.seen), first.split(" ")[1], headers, body)
        self.seen.append(seen)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            return await self._play(self.behave(seen), writer)
        finally:
            self.in_flight -= 1

    async def _play(self, steps: Sequence[Step], writer: asyncio.StreamWriter) -> bool:
        for step in steps:
            if step is CUT:
                await writer.drain()
                writer.transport.abort()
                return False
            if step is HANG:
                await asyncio.sleep(3600)
            elif isinstance(step, bytes):
                writer.write(step)
                await writer.drain()
            elif isinstance(step, float):
                await asyncio.sleep(step)
        return True
