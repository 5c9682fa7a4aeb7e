"""A second reader on a real loopback server: what it says, where it disagrees, and that it is asked once."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from bias_harness import pipeline
from bias_harness.checking.second_reader import second_read, shown
from bias_harness.design.experiment import Endpoint
from bias_harness.reading import read


class Judge(BaseHTTPRequestHandler):
    """Reads as the grammar does, but halves what is said per year."""

    asked = 0

    def do_POST(self) -> None:
        Judge.asked += 1
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = body["messages"][-1]["content"].split("<answer>")[1].split("</answer>")[0].strip()
        found = read(answer)
        said = {"kind": "none", "quote": None}
        if found.status == "ok":
            amount = found.amount / (2 if "per year" in answer else 1)
            said = {"kind": "point", "amount": amount, "currency": "USD", "period": "year", "quote": found.evidence}
        message = {"role": "assistant", "content": json.dumps(said)}
        data = json.dumps({"model": "judge", "choices": [{"message": message, "finish_reason": "stop"}]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def judge():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Judge)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Endpoint(name="judge", model="judge", base_url=f"http://127.0.0.1:{server.server_port}/v1")
    server.shutdown()
    server.server_close()


def test_two_readers_are_compared_and_nothing_is_asked_twice(small: Path, judge: Endpoint) -> None:
    run = pipeline.run(pipeline.load_experiment(small))
    before = run.observations["annual"].tolist()
    agreement = second_read(run, judge)
    texts = [response.text for response, _ in run.everything()]
    different = sum("per year" in t and read(t).status == "ok" for t in texts)
    assert agreement.n == len(texts)
    assert len(agreement.differing) == different > 0
    assert f"{len(texts) - different:,} of {len(texts):,} answers are read alike" in shown(agreement)[0]
    asked = Judge.asked
    assert second_read(run, judge).n == agreement.n
    assert Judge.asked == asked
    assert pipeline.load_run("small").observations["annual"].tolist() == before
