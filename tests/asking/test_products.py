"""A system under test that is a product: any HTTP service, any Python function."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from asking import ask_all, logged, requests, work
from cases import first
from conftest import SMALL
from loopback_server import Seen, Server, reply

from bias_harness import pipeline
from bias_harness.asking import Tally, in_loop, lane
from bias_harness.design.experiment import Endpoint, HttpCall
from bias_harness.errors import InputError


@pytest.fixture(autouse=True)
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lane, "FIRST_WAIT_SECONDS", 0.001)
    monkeypatch.setattr(lane, "LONGEST_WAIT_SECONDS", 0.01)


class Bot(BaseHTTPRequestHandler):
    """Advises women less, behind an invented API."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert self.headers["X-Token"] == "open sesame"
        question = body["input"]["text"]
        woman = "female" in question or "woman" in question
        data = json.dumps({"replies": [{"say": f"Ask for ${'80,000' if woman else '100,000'} a year."}]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def bot():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Bot)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/chat"
    server.shutdown()
    server.server_close()


def run_with(small: Path, endpoint: str) -> pipeline.Run:
    small.write_text(SMALL.split("endpoints:")[0] + f"endpoints:\n  - {endpoint}\n")
    return pipeline.run(pipeline.load_experiment(small))


HTTP = (
    "{{name: shop, http: {{url: '{url}', body: {{input: {{text: '{{question}}'}}}}, "
    "text_at: {at}, headers: {{X-Token: $TOKEN}}}}}}"
)


def test_any_http_service_can_be_measured(small: Path, bot: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "open sesame")
    run = run_with(small, HTTP.format(url=bot, at="replies.0.say"))
    (found,) = run.estimates.find(family="headline")
    assert found.percent == pytest.approx(-20)
    assert found.status == "degenerate_no_variance"
    assert run.manifest.endpoints["shop"].nature == "product"
    assert b"open sesame" not in b"".join(p.read_bytes() for p in run.folder.path.iterdir() if p.is_file())


def test_a_path_that_leads_nowhere_says_what_there_is(small: Path, bot: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "open sesame")
    run = run_with(small, HTTP.format(url=bot, at="reply.text"))
    assert "no 'reply' in the answer; there is replies" in run.stopped[0]


def test_a_header_s_variable_must_be_set(small: Path, bot: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOKEN", raising=False)
    with pytest.raises(InputError, match="the variable TOKEN of its header is not set"):
        run_with(small, HTTP.format(url=bot, at="replies.0.say"))


@pytest.mark.parametrize("kind", ["def", "async def"])
def test_any_python_function_can_be_measured(small: Path, workspace: Path, kind: str) -> None:
    name = f"bot_{len(kind)}"
    text = "    said = messages[-1]['content']\n    woman = 'female' in said or 'woman' in said\n"
    body = text + "    return '$90,000' if woman else '$100,000'\n"
    (workspace / f"{name}.py").write_text(f"{kind} reply(messages):\n{body}")
    run = run_with(small, f"{{name: own, function: '{name}:reply'}}")
    (found,) = run.estimates.find(family="headline")
    assert found.percent == pytest.approx(-10)


def test_a_function_that_is_not_there_is_named(small: Path) -> None:
    with pytest.raises(InputError, match="no_such_bot:reply cannot be imported"):
        run_with(small, "{name: own, function: 'no_such_bot:reply'}")


def test_a_function_that_raises_is_a_failed_answer(small: Path, workspace: Path) -> None:
    (workspace / "bad_bot.py").write_text("def reply(messages):\n    raise ValueError('out of order')\n")
    run = run_with(small, "{name: own, function: 'bad_bot:reply', max_attempts: 1}")
    assert "bad_bot:reply raised ValueError: out of order" in run.stopped[0]


class AnyShape(BaseHTTPRequestHandler):
    """Keeps what it is sent, and answers as the path says: a stream of events, a page, plain text."""

    seen: list[tuple[str, str, dict[str, str], bytes]] = []

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.seen.append((self.command, self.path, dict(self.headers), body))
        woman = b"female" in body + self.path.encode() or b"woman" in body + self.path.encode()
        amount = "80,000" if woman else "100,000"
        parts = [f"Ask for ${amount[:2]}", f"{amount[2:]} a year."]
        events = "".join(f"event: delta\ndata: {json.dumps({'delta': {'text': part}})}\n\n" for part in parts)
        shapes = {
            "stream": f"data: {json.dumps({'kind': 'begin'})}\n\n{events}data: [DONE]\n\n",
            "page": f"<html><b class=reply>{''.join(parts)}</b><i>$1 off!</i></html>",
        }
        data = shapes.get(self.path.split("?")[0].strip("/"), "".join(parts)).encode()
        self.send_response(200)
        self.send_header("Set-Cookie", "session=the-first-person")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = _answer  # noqa: N815
    do_POST = _answer  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def shapes():
    AnyShape.seen = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), AnyShape)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    "call",
    first(
        2,
        [
            "url: 'URL/plain?q={question}', method: GET",
            "url: 'URL/plain', send: form, body: {q: '{question}', s: '{uuid}'}",
            "url: 'URL/plain', send: text, body: '{question}'",
            "url: 'URL/page', body: {q: '{question}'}, text_pattern: 'class=reply>([^<]*)<'",
            "url: 'URL/stream', body: {q: '{question}'}, text_at: delta.text",
        ],
    ),
    ids=["get", "form", "text", "pattern", "stream"],
)
def test_products_of_any_shape_are_asked_and_read(small: Path, shapes: str, call: str) -> None:
    run = run_with(small, f"{{name: shop, http: {{{call.replace('URL', shapes)}}}}}")
    (found,) = run.estimates.find(family="headline")
    assert found.percent == pytest.approx(-20)
    assert not any("Cookie" in headers for _, _, headers, _ in AnyShape.seen)


def test_every_request_is_a_session_of_its_own(small: Path, shapes: str) -> None:
    run_with(
        small,
        f"{{name: shop, http: {{url: '{shapes}/x', body: {{q: '{{question}}'}}, headers: {{X-Session: '{{uuid}}'}}}}}}",
    )
    sessions = [headers["X-Session"] for _, _, headers, _ in AnyShape.seen]
    assert len(set(sessions)) == len(sessions) > 10


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ("body: {m: '{prompt}'}", "you wrote {prompt}: did you mean {question}?"),
        ("body: {m: '{{ message }}'}", "you wrote {message}: did you mean {question}?"),
        ("body: {m: '{questoin}'}", "did you mean {question}?"),
        ("body: {m: hello}", "the question goes nowhere: write {question} where it belongs"),
        ("method: GET, body: {m: '{question}'}", "the question goes nowhere"),
        ("send: form, body: '{question}'", "send: form wants a body of keys and texts"),
        ("body: {m: '{question}'}, text_pattern: 'a('", "this is no regular expression"),
        ("body: {m: '{question}'}, text_pattern: 'abc'", "put it into ( )"),
        ("body: {m: '{question}'}, text_at: a, text_pattern: '(b)'", "keep one"),
    ],
)
def test_a_call_that_asks_nothing_is_refused_before_it_costs(small: Path, call: str, said: str) -> None:
    small.write_text(
        SMALL.split("endpoints:")[0] + f"endpoints:\n  - {{name: x, http: {{url: 'http://h/c', {call}}}}}\n"
    )
    with pytest.raises(InputError) as caught:
        pipeline.load_experiment(small)
    assert said in str(caught.value)


def ask_product(folder: Path, server: Server, count: int, **call: Any) -> Tally:
    of = Endpoint(name="shop", http=HttpCall(url=server.base_url, body={"q": "{question}"}, **call), max_attempts=2)
    doing = work(of, requests(count, "shop"))
    in_loop(ask_all(folder, [doing]))
    return doing.tally


def test_one_odd_answer_of_a_product_is_one_failed_request(tmp_path: Path) -> None:
    """Once a text was found where the experiment says, an answer without one is that answer's own."""
    odd = [b'{"busy": true}', b'{"say": 5}', b'{"say": {"text": "x"}}', b"[]", b"null", b'"x"', b""]

    def behave(seen: Seen):
        number = seen.number - 10
        return [reply(odd[number] if 0 <= number < len(odd) else b'{"say": "EUR 60000"}')]

    with Server(behave) as server:
        tally = ask_product(tmp_path, server, 40, text_at="say")
    assert tally.stopped is None
    assert tally.answered >= 36
    assert tally.answered + tally.failed == 40


@pytest.mark.parametrize(
    ("stream", "text"),
    [
        ('data: {"d": "EUR 60"}\n\ndata: {"d": "\u2028000"}\n\n', "EUR 60\u2028000"),
        ('data: {"d": "EUR 60"}\r\rdata: {"d": "000"}\r\r', "EUR 60000"),
        ('data: {"d": "EUR 60"}\n\ndata: ping\n\ndata: {"d": "000"}\n\ndata: [DONE]\n\n', "EUR 60000"),
        ('data: {"d": "EUR 60"}\n\ndata: {"d": "00', None),
        ('data: {"d": "EUR 60"}\n\ndata: {"d": "000"}{"d": "0"}\n\n', None),
    ],
)
def test_no_part_of_a_stream_is_left_out_in_silence(tmp_path: Path, stream: str, text: str | None) -> None:
    with Server(lambda _: [reply(stream.encode())]) as server:
        ask_product(tmp_path, server, 1, text_at="d")
    (line,) = logged(tmp_path)
    assert line["text"] == text


def test_a_product_s_own_encoding_is_read(tmp_path: Path) -> None:
    page = "<p>Vraag €\u00a03.500 per maand</p>".encode("cp1252")
    with Server(lambda _: [reply(page, content_type="text/html; charset=windows-1252")]) as server:
        ask_product(tmp_path, server, 1, text_pattern="<p>(.*)</p>")
    assert logged(tmp_path)[0]["text"] == "Vraag €\u00a03.500 per maand"
