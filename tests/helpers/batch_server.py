"""A provider's batch API on loopback: `/files` and `/batches` as at OpenAI (of chats and of responses), Message Batches
as at Anthropic.

It checks what the vendors check, belongs to the account whose key made a thing, ends a batch when it was looked at so
often, and gives results in any order. What goes wrong is said in its fields.
"""

from __future__ import annotations

import json
import random
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from responses_server import Responses

ANSWER, REFUSE, OVERLOADED, BAD, NOTHING = "answer", "refuse", "overloaded", "bad", "nothing"
"""What becomes of one request: a text, the filter, a passing error, a bad parameter, no line at all."""
Fate = Callable[[dict[str, Any]], str]


@dataclass
class Made:
    """One batch there: its requests by custom_id, and how far it is."""

    id: str
    owner: str
    items: dict[str, dict[str, Any]]
    metadata: dict[str, str]
    upload: str
    status: str = "in_progress"
    final: str = "completed"
    looked: int = 0
    errors: list[dict[str, Any]] = field(default_factory=list)
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    output: str | None = None
    error_file: str | None = None
    cancel_asked: bool = False


class BatchServer:
    """Serves from entering to leaving.

    `fate` decides each request; `final` how a batch ends (completed, expired, cancelled, failed); `ends_after` looks;
    `reached` of its requests were dealt with by then (None: all); `lost_creates` answers to a creation are cut after
    the batch is made, `lost_uploads` those to an upload; `limit` is the most requests of a batch; `crowded` so many
    batches are refused for want of room; `late` looks pass before the files of an ended batch are there.
    """

    def __init__(self) -> None:
        self.fate: Fate = lambda _body: ANSWER
        self.final, self.ends_after, self.reached = "completed", 1, None
        self.lost_creates = self.lost_uploads = self.crowded = self.late = self.busy = 0
        self.limit = 50_000
        self.with_metadata = True
        self.batches: dict[str, Made] = {}
        self.files: dict[str, tuple[str, bytes]] = {}
        self.asked: list[dict[str, Any]] = []
        self.calls: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.lock = threading.RLock()

    def __enter__(self) -> BatchServer:
        serving = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                serving.serve(self, "GET")

            def do_POST(self) -> None:
                serving.serve(self, "POST")

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.http.shutdown()
        self.http.server_close()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.http.server_address[1]}/v1"

    @property
    def questions(self) -> list[str]:
        """The question of every request that was put into a batch, or asked alone, in the order of coming."""
        return [turns(body)[-1]["content"] for body in self.asked]

    # HTTP

    def serve(self, handler: BaseHTTPRequestHandler, method: str) -> None:
        raw = handler.rfile.read(int(handler.headers.get("content-length") or 0))
        path, _, query = handler.path.partition("?")
        with self.lock:
            self.calls.append(f"{method} {path}")
            self.headers.append({k.lower(): v for k, v in handler.headers.items()})
            status, answer = self.answered(handler, method, path.removeprefix("/v1"), query, raw)
        if status == 0:
            handler.close_connection = True
            handler.connection.close()
            return
        data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        handler.send_response(status)
        handler.send_header("content-type", "application/json")
        handler.send_header("content-length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    def answered(
        self, handler: BaseHTTPRequestHandler, method: str, path: str, query: str, raw: bytes
    ) -> tuple[int, Any]:
        if self.busy:
            self.busy -= 1
            return 503, {"error": {"message": "try later"}}
        bearer = handler.headers.get("authorization", "").removeprefix("Bearer ")
        if bearer:
            return self.as_openai(bearer, method, path, query, raw, handler.headers.get("content-type", ""))
        key = handler.headers.get("x-api-key")
        if key and handler.headers.get("anthropic-version"):
            return self.as_anthropic(key, method, path, query, raw)
        return 401, {"error": {"message": "no key"}}

    # OpenAI

    def as_openai(self, key: str, method: str, path: str, query: str, raw: bytes, kind: str) -> tuple[int, Any]:
        if path in ("/chat/completions", "/responses"):
            self.asked.append(json.loads(raw))
            fate = self.fate(self.asked[-1])
            return (200, completion(self.asked[-1])) if fate == ANSWER else openai_error(fate)
        if (method, path) == ("POST", "/files"):
            return self.openai_upload(raw, kind)
        if (method, path) == ("POST", "/batches"):
            return self.openai_create(key, json.loads(raw))
        if (method, path) == ("GET", "/batches"):
            return 200, self.openai_list(key, query)
        if found := re.fullmatch(r"/batches/([^/]+)(/cancel)?", path):
            return self.openai_batch(key, found[1], cancel=bool(found[2]))
        if found := re.fullmatch(r"/files/([^/]+)/content", path):
            owner, data = self.files.get(found[1], ("", b""))
            return (200, data) if owner == key else (404, {"error": {"message": "No such File object"}})
        return 404, {"error": {"message": f"unknown path {path}"}}

    def openai_upload(self, raw: bytes, kind: str) -> tuple[int, Any]:
        parts = BytesParser().parsebytes(b"content-type: " + kind.encode() + b"\r\n\r\n" + raw)
        fields = {part.get_param("name", header="content-disposition"): part for part in parts.get_payload()}
        assert fields["purpose"].get_payload(decode=True) == b"batch"
        assert str(fields["file"].get_filename()).endswith(".jsonl"), "the file has to be .jsonl"
        name = f"file-{len(self.files)}"
        self.files[name] = ("", fields["file"].get_payload(decode=True))
        if self.lost_uploads:
            self.lost_uploads -= 1
            return 0, None
        return 200, {"id": name, "object": "file", "purpose": "batch", "status": "processed"}

    def openai_create(self, key: str, body: dict[str, Any]) -> tuple[int, Any]:
        assert body["completion_window"] == "24h"
        assert body["endpoint"] in ("/v1/chat/completions", "/v1/responses")
        assert all(isinstance(v, str) and len(v) <= 512 for v in body["metadata"].values())
        if body["input_file_id"] not in self.files:
            return 400, {"error": {"message": "input_file_id: no such file"}}
        lines = [json.loads(line) for line in self.files[body["input_file_id"]][1].splitlines()]
        items = {line["custom_id"]: line["body"] for line in lines}
        made = self.made(key, items, body["metadata"] if self.with_metadata else {}, body["input_file_id"])
        made.final = self.final
        if len(items) < len(lines):
            made.errors = [{"code": "duplicate_custom_id", "message": "a custom_id is there twice", "line": 2}]
        elif any(
            (line["url"], line["method"], "input" in line["body"])
            != (body["endpoint"], "POST", body["endpoint"] == "/v1/responses")
            for line in lines
        ):
            made.errors = [{"code": "mismatched_url", "message": "url and endpoint differ", "line": 1}]
        elif len(items) > self.limit:
            made.errors = [{"code": "too_many_requests", "message": f"more than {self.limit} requests in a batch"}]
        elif self.crowded:
            self.crowded -= 1
            made.errors = [{"code": "token_limit_exceeded", "message": "Enqueued token limit reached"}]
        if made.errors:
            made.final, self.asked = "failed", self.asked[: -len(items)]
        if self.lost_creates:
            self.lost_creates -= 1
            return 0, None
        return 200, self.openai_shown(made)

    def openai_list(self, key: str, query: str) -> dict[str, Any]:
        mine = [made for made in reversed(self.batches.values()) if made.owner == key]
        asked = dict(part.split("=") for part in query.split("&") if part)
        after = [made.id for made in mine].index(asked["after"]) + 1 if "after" in asked else 0
        page = mine[after : after + 2]  # small pages, so that they are gone through
        return {
            "object": "list",
            "data": [self.openai_shown(made) for made in page],
            "has_more": after + 2 < len(mine),
        }

    def openai_batch(self, key: str, name: str, *, cancel: bool) -> tuple[int, Any]:
        made = self.batches.get(name)
        if made is None or made.owner != key:
            return 404, {"error": {"message": f"No batch found with id '{name}'.", "type": "invalid_request_error"}}
        if cancel:
            made.final, made.cancel_asked = "cancelled", True
        else:
            self.look_at(made)
        return 200, self.openai_shown(made)

    def openai_shown(self, made: Made) -> dict[str, Any]:
        ended = made.status in ("completed", "failed", "expired", "cancelled")
        done = [] if not ended or made.errors else self.dealt_with(made)
        there = made.looked > self.ends_after + self.late
        good = sum(self.fate(made.items[item]) == ANSWER for item in done)
        return {
            "id": made.id,
            "object": "batch",
            "endpoint": "/v1/chat/completions",
            "completion_window": "24h",
            "created_at": int(made.created.timestamp()),
            "expires_at": int((made.created + timedelta(days=1)).timestamp()),
            "input_file_id": made.upload,
            "status": made.status,
            "metadata": made.metadata or None,
            "errors": {"object": "list", "data": made.errors} if made.errors and ended else None,
            "request_counts": {"total": len(made.items), "completed": good, "failed": len(done) - good},
            "output_file_id": made.output if there else None,
            "error_file_id": made.error_file if there else None,
        }

    # Anthropic

    def as_anthropic(self, key: str, method: str, path: str, query: str, raw: bytes) -> tuple[int, Any]:
        if path == "/messages":
            self.asked.append(json.loads(raw))
            return 200, message(self.asked[-1])
        if (method, path) == ("POST", "/messages/batches"):
            return self.anthropic_create(key, json.loads(raw)["requests"])
        if (method, path) == ("GET", "/messages/batches"):
            mine = [made for made in reversed(self.batches.values()) if made.owner == key]
            asked = dict(part.split("=") for part in query.split("&") if part)
            after = [made.id for made in mine].index(asked["after_id"]) + 1 if "after_id" in asked else 0
            page = [self.anthropic_shown(made) for made in mine[after : after + 2]]
            last = page[-1]["id"] if page else None
            return 200, {"data": page, "has_more": after + 2 < len(mine), "last_id": last}
        if found := re.fullmatch(r"/messages/batches/([^/]+)(/cancel|/results)?", path):
            made = self.batches.get(found[1])
            if made is None or made.owner != key:
                return 404, {"type": "error", "error": {"type": "not_found_error", "message": "Batch not found"}}
            if found[2] == "/results":
                return 200, self.files[made.output or ""][1]
            if found[2] == "/cancel":
                made.final, made.cancel_asked = "cancelled", True
            else:
                self.look_at(made)
            return 200, self.anthropic_shown(made)
        return 404, {"type": "error", "error": {"type": "not_found_error", "message": "no such path"}}

    def anthropic_create(self, key: str, requests: list[dict[str, Any]]) -> tuple[int, Any]:
        names = [each["custom_id"] for each in requests]
        if len(set(names)) < len(names) or not all(re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name) for name in names):
            return 400, {"error": {"type": "invalid_request_error", "message": "custom_id"}}
        if len(requests) > self.limit:
            said = f"requests: a batch has {self.limit} at most, more than that were given"
            return 400, {"type": "error", "error": {"type": "invalid_request_error", "message": said}}
        made = self.made(key, {each["custom_id"]: each["params"] for each in requests}, {}, "")
        made.final = self.final
        if self.lost_creates:
            self.lost_creates -= 1
            return 0, None
        return 200, self.anthropic_shown(made)

    def anthropic_shown(self, made: Made) -> dict[str, Any]:
        ended, total = made.status in ("completed", "failed", "expired", "cancelled"), len(made.items)
        counts = dict.fromkeys(("processing", "succeeded", "errored", "canceled", "expired"), 0)
        if ended:
            for line in self.files[made.output or ""][1].splitlines():
                counts[json.loads(line)["result"]["type"]] += 1
        else:
            counts["processing"] = total
        return {
            "id": made.id,
            "type": "message_batch",
            "processing_status": "ended" if ended else "canceling" if made.cancel_asked else "in_progress",
            "request_counts": counts,
            "created_at": made.created.isoformat(),
            "expires_at": (made.created + timedelta(days=1)).isoformat(),
            "archived_at": None,
            "cancel_initiated_at": made.created.isoformat() if made.cancel_asked else None,
            "results_url": f"https://elsewhere.invalid/{made.id}/results" if ended else None,
        }

    # Both

    def made(self, key: str, items: dict[str, dict[str, Any]], metadata: dict[str, str], upload: str) -> Made:
        made = Made(f"batch_{len(self.batches)}", key, items, metadata, upload)
        self.batches[made.id] = made
        self.asked += items.values()
        return made

    def look_at(self, made: Made) -> None:
        made.looked += 1
        if made.looked > self.ends_after and made.output is None:
            made.status = made.final
            made.cancel_asked = made.cancel_asked or made.final == "cancelled"
            if not made.errors:
                self.finish(made)

    def dealt_with(self, made: Made) -> list[str]:
        return list(made.items)[: self.reached]

    def finish(self, made: Made) -> None:
        good, bad, anthropic = [], [], []
        done = set(self.dealt_with(made))
        for item, body in made.items.items():
            fate = self.fate(body) if item in done else made.final
            if fate == ANSWER:
                response = {"status_code": 200, "request_id": "r", "body": completion(body)}
                good.append({"id": "x", "custom_id": item, "response": response, "error": None})
            elif fate in ("expired", "cancelled"):
                bad.append({"custom_id": item, "response": None, "error": {"code": f"batch_{fate}", "message": fate}})
            elif fate not in (NOTHING, "failed"):  # of a batch that failed midway the rest is not spoken of
                status, error = openai_error(fate)
                response = {"status_code": status, "request_id": "r", "body": error}
                bad.append({"id": "x", "custom_id": item, "response": response, "error": None})
            anthropic.append({"custom_id": item, "result": anthropic_result(fate, body)})
        random.Random(1).shuffle(good)
        random.Random(2).shuffle(anthropic)
        is_anthropic = not made.upload
        made.output = self.keep(made, anthropic if is_anthropic else good) if good or is_anthropic else None
        made.error_file = self.keep(made, bad) if bad and not is_anthropic else None

    def keep(self, made: Made, lines: list[dict[str, Any]]) -> str:
        name = f"file-{len(self.files)}"
        self.files[name] = (made.owner, b"".join(json.dumps(line).encode() + b"\n" for line in lines))
        return name


def turns(body: dict[str, Any]) -> list[dict[str, Any]]:
    return body["input"] if "input" in body else body["messages"]


def completion(body: dict[str, Any]) -> dict[str, Any]:
    if "input" in body:
        return Responses(thinks=0).given(body)
    text = f"answer to {body['messages'][-1]['content']}"
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    return {"object": "chat.completion", "model": "served-1", "choices": [choice], "usage": usage}


def message(body: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "message",
        "model": "served-1",
        "content": [{"type": "text", "text": f"answer to {turns(body)[-1]['content']}"}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 10, "output_tokens": 5, "service_tier": "batch"},
    }


def openai_error(fate: str) -> tuple[int, Any]:
    if fate == OVERLOADED:
        return 500, {"error": {"message": "The server had an error", "type": "server_error"}}
    if fate == REFUSE:
        return 400, {"error": {"message": "filtered", "code": "content_filter"}}
    return 400, {"error": {"message": "Unsupported value: 'temperature'", "type": "invalid_request_error"}}


def anthropic_result(fate: str, body: dict[str, Any]) -> dict[str, Any]:
    if fate == ANSWER:
        return {"type": "succeeded", "message": message(body)}
    if fate in ("expired", "cancelled"):
        return {"type": {"expired": "expired", "cancelled": "canceled"}[fate]}
    kind = "overloaded_error" if fate == OVERLOADED else "invalid_request_error"
    said = "temperature: not for this model" if fate == BAD else fate
    return {"type": "errored", "error": {"type": "error", "error": {"type": kind, "message": said}}}
