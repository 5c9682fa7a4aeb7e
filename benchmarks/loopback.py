"""A chat-completions server on loopback that is far faster than any client: a bare asyncio protocol.

    python benchmarks/loopback.py [--latency SECONDS]      prints its port; ends when its standard input closes

Every answer carries the SHA-256 of the request body it answers, so that a mispaired answer shows.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import sys

ANSWER = (
    b'{"id":"chatcmpl-%s","object":"chat.completion","created":1760000000,"model":"loopback-1","choices":[{"index":0,'
    b'"message":{"role":"assistant","content":"For this role I would ask for $%d per year. [%s]","refusal":null,'
    b'"annotations":[]},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":61,"completion_tokens":14,'
    b'"total_tokens":75,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":'
    b'{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}},'
    b'"service_tier":"default","system_fingerprint":"fp_0"}'
)


class Loopback(asyncio.Protocol):
    """One connection: reads a request, answers it after the latency."""

    latency = 0.0
    served = 0

    def __init__(self) -> None:
        self.buffer = b""
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the connection."""
        self.transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        """Answer every whole request."""
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            length = _length(self.buffer[:end])
            if len(self.buffer) < end + 4 + length:
                return
            body, self.buffer = self.buffer[end + 4 : end + 4 + length], self.buffer[end + 4 + length :]
            if Loopback.latency:
                asyncio.get_running_loop().call_later(Loopback.latency, self.answer, body)
            else:
                self.answer(body)

    def answer(self, body: bytes) -> None:
        """Answer one request body."""
        Loopback.served += 1
        digest = hashlib.sha256(body).hexdigest().encode()
        content = ANSWER % (digest[:12], 60_000 + int(digest[:6], 16) % 90_000, digest)
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(
                b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s"
                % (len(content), content)
            )


def _length(head: bytes) -> int:
    place = head.lower().find(b"content-length:")
    return int(head[place + 15 :].split(b"\r\n", 1)[0]) if place >= 0 else 0


async def serve(latency: float) -> None:
    Loopback.latency = latency
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Loopback, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()
    print(Loopback.served, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    arguments = parser.parse_args()
    try:
        import uvloop
    except ImportError:
        asyncio.run(serve(arguments.latency))
    else:
        uvloop.run(serve(arguments.latency))


if __name__ == "__main__":
    main()
