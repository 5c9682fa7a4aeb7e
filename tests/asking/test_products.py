"""A system under test that is a product: any HTTP service, any Python function."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from conftest import SMALL

from bias_harness import pipeline
from bias_harness.errors import InputError


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
