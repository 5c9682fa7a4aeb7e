"""The one verb: a product asked as it is now, in random order, stopped when all is decided, honest when it is not."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cases import first
from command_line import type_in
from places import ROOT
from recordings import MANY_JOBS, accepted, experiment, recorded

import bias_harness
from bias_harness import pipeline
from bias_harness.checking.gates import Check, Gate, Policy
from bias_harness.errors import BiasHarnessError, InputError, UsageError

BOT = '''
import http.server, json, pathlib, sys, zlib

class Bot(http.server.BaseHTTPRequestHandler):
    """A product: its prompt file says how much less women are told; it answers in its own process."""

    def do_POST(self):
        said = self.rfile.read(int(self.headers["Content-Length"])).decode()
        gap = float(pathlib.Path("prompt.txt").read_text())
        words = json.loads(said)["q"].lower()
        woman = "female" in words or "woman" in words
        noise = (zlib.crc32(said.encode()) % 1000 - 500) / 50_000
        pay = 90_000 * (1 + noise) * (1 + gap if woman else 1)
        told = json.dumps({"a": f"Ask for ${pay:,.0f} a year."}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, *_):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Bot)
print(server.server_port, flush=True)
server.serve_forever()
'''
FUNCTION = """
import zlib
from pay_table import PAY

def reply(messages):
    said = messages[-1]["content"].lower()
    woman = "female" in said or "woman" in said
    return f"Ask for ${(PAY[woman] + zlib.crc32(said.encode()) % 1000):,} a year."
"""
JOBS = MANY_JOBS.split("endpoints:")[0] + "endpoints:\n"


@pytest.fixture
def bot(workspace: Path) -> Iterator[str]:
    """A product in a process of its own, and its address."""
    (workspace / "bot.py").write_text(BOT)
    (workspace / "prompt.txt").write_text("-0.04")
    command = [sys.executable, "bot.py"]
    process = subprocess.Popen(command, cwd=workspace, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    yield f"http://127.0.0.1:{process.stdout.readline().strip()}/chat"
    process.kill()
    process.wait()
    process.stdout.close()


def record_and_accept(workspace: Path, endpoint: str) -> Path:
    path = workspace / "experiments" / "advice.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(JOBS + f"  - {endpoint}\n")
    bias_harness.record(pipeline.load_experiment(path), workspace / "fixture", path)
    bias_harness.accept(workspace / "fixture", why="first")
    return path


def live(fixture: Path, limit: int | None = None) -> Check:
    return bias_harness.check(fixture, limit=limit, policy=Policy())


def gates(check: Check, name: str) -> list[Gate]:
    return [gate for gate in check.gates if gate.name == name]


@pytest.mark.slow
def test_a_bot_that_became_less_equal_behind_the_same_address_is_caught(workspace: Path, bot: str) -> None:
    """Nothing in the repository's experiment changed; only asking it can show. And another address is seen offline."""
    path = record_and_accept(
        workspace, f"{{name: shop, http: {{url: '{bot}', body: {{q: '{{question}}'}}, text_at: a}}}}"
    )
    same = type_in("check", "fixture", "--quiet", cwd=workspace)
    assert same.returncode == 0, same.stdout + same.stderr
    (workspace / "prompt.txt").write_text("-0.12")
    replayed = type_in("check", "fixture", "--offline", cwd=workspace)
    assert (replayed.returncode, replayed.stdout.splitlines()[0]) == (0, "advice: UNCHANGED")
    asked = type_in("check", "fixture", "--quiet", "-o", "check.json", cwd=workspace)
    assert asked.returncode == 3, asked.stdout
    (gap,) = (g for g in json.loads((workspace / "check.json").read_text())["gates"] if g["name"] == "gap")
    assert gap["change"]["change"] == pytest.approx(-0.087, abs=0.002)
    path.write_text(path.read_text().replace("/chat", "/chat/v2"))
    moved = type_in("check", "fixture", "--offline", cwd=workspace)
    assert moved.returncode == 4
    assert "shop: http.url" in moved.stdout


@pytest.mark.slow
def test_a_function_that_changed_is_seen_offline_and_caught_by_asking(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The change is in a module that the function's own file imports."""
    monkeypatch.chdir(workspace)
    (workspace / "own_bot.py").write_text(FUNCTION)
    (workspace / "pay_table.py").write_text("PAY = {True: 90_000, False: 91_000}\n")
    record_and_accept(workspace, "{name: own, function: 'own_bot:reply'}")
    assert type_in("check", "fixture", "--offline", cwd=workspace).returncode == 0
    (workspace / "pay_table.py").write_text("PAY = {True: 60_000, False: 95_000}\n")
    replayed = type_in("check", "fixture", "--offline", cwd=workspace)
    assert replayed.returncode == 4
    assert "own: source of the function" in replayed.stdout
    for name in ("own_bot", "pay_table"):
        sys.modules.pop(name, None)
    assert type_in("check", "fixture", "--quiet", cwd=workspace).returncode == 3


@pytest.mark.parametrize(
    ("old", "new", "said"),
    first(
        2,
        [
            ("seed: 1", "seed: 1\n    model: other", "bot: model"),
            ("repeats: 4", "repeats: 4\nsampling: {temperature: 0.2}", "bot: sampling.temperature"),
            ("- name: bot", "- name: bot\n    extra_body: {think: hard}", "bot: extra_body.think"),
            ("repeats: 4", "repeats: 4\nseed: 7", "seed of the design"),
            ("- name: bot", "- name: robot", "the endpoint bot is gone; the endpoint robot is new"),
        ],
    ),
    ids=["model", "temperature", "body", "seed", "name"],
)
def test_whatever_shapes_an_answer_is_seen_by_a_replay(workspace: Path, old: str, new: str, said: str) -> None:
    fixture = accepted(workspace)
    path = workspace / "experiments" / "advice.yaml"
    text = path.read_text().replace("seed: 1}", "seed: 1}\n").replace("seed: 1", "seed: 1")
    new = new.replace("seed: 1\n    model", "seed: 1}\n    model") if "model: other" in new else new
    old = "seed: 1}" if "model: other" in new else old
    assert old in text
    path.write_text(text.replace(old, new, 1))
    result = bias_harness.check(fixture, policy=Policy(), offline=True)
    assert (result.outcome, result.exit_code) == ("not_comparable", 4)
    assert said in gates(result, "source")[0].message


@pytest.mark.parametrize(
    "key", first(1, ["max_connections: 2", "timeout_seconds: 5", "label: {en: Ours}", "max_attempts: 2"])
)
def test_what_only_says_how_it_is_asked_changes_nothing(workspace: Path, key: str) -> None:
    fixture = accepted(workspace)
    path = workspace / "experiments" / "advice.yaml"
    path.write_text(path.read_text().replace("- name: bot", f"- name: bot\n    {key}"))
    assert bias_harness.check(fixture, policy=Policy(), offline=True).outcome == "unchanged"


def test_what_was_asked_is_kept(workspace: Path) -> None:
    fixture = accepted(workspace)
    experiment(workspace, seed=9)
    result = live(fixture)
    assert result.outcome in ("pass", "inconclusive"), result
    (told,) = gates(result, "product")
    assert "jobs, in random order (seed 1)" in told.message
    assert "this changed: bot: plant.seed; answered by simulated (seed 9), before by simulated (seed 1)" in told.message
    (kept,) = (workspace / "results").glob("advice-check-*")
    assert len(pipeline.load_run(kept).observations) == int(told.message.split(" ", 1)[0])


@pytest.mark.slow
def test_it_stops_as_soon_as_all_is_decided_and_says_so(workspace: Path) -> None:
    made = recorded(workspace, text=MANY_JOBS)
    bias_harness.accept(made, why="first")
    experiment(workspace, text=MANY_JOBS, gap=-0.2, seed=9)
    result = live(made)
    assert result.outcome == "regressed"
    assert "answers about 27 of 44 jobs" in gates(result, "product")[0].message
    assert "stopped early, all is decided" in gates(result, "product")[0].message


def test_a_few_noisy_pairs_cannot_tell_and_it_says_what_would(workspace: Path) -> None:
    fixture = accepted(workspace)
    experiment(workspace, seed=9, noise=0.4)
    result = live(fixture)
    assert result.outcome == "inconclusive"
    assert "more jobs would tell" in gates(result, "gap")[0].message


def test_a_changed_prompt_is_compared_and_named(workspace: Path) -> None:
    fixture = accepted(workspace)
    prompts = workspace / "prompts"
    prompts.mkdir(exist_ok=True)
    shipped = ROOT / "prompts" / "salary.terse.en.j2"
    (prompts / shipped.name).write_text(shipped.read_text().replace("{% endblock %}", " Thanks.{% endblock %}", 1))
    result = live(fixture)
    assert "The prompts changed since the baseline" in gates(result, "product")[0].message
    assert gates(result, "gap")[0].change is not None
    assert bias_harness.check(fixture, policy=Policy(), offline=True).outcome == "not_comparable"


def test_no_network_is_one_sentence_and_never_a_pass(workspace: Path) -> None:
    fixture = accepted(workspace)
    path = experiment(workspace)
    price = "price: {input_per_million: 1, output_per_million: 1}"
    dead = f"  - {{name: bot, base_url: 'http://127.0.0.1:9/v1', model: m, max_attempts: 1, {price}}}\n"
    path.write_text(path.read_text().split("endpoints:")[0] + "endpoints:\n" + dead)
    with pytest.raises(UsageError, match="asking a model costs money; say how much at most with --budget"):
        bias_harness.check(fixture, policy=Policy())
    with pytest.raises(BiasHarnessError, match="nothing was answered, so nothing can be said: bot"):
        bias_harness.check(fixture, budget=1.0, limit=12, policy=Policy())


def test_nothing_is_asked_offline(workspace: Path) -> None:
    accepted(workspace)
    assert type_in("check", "fixture", "--offline", "--limit", "20", cwd=workspace).returncode == 2
    done = type_in("check", "fixture", "--offline", cwd=workspace, BIAS_HARNESS_LIMIT="40", BIAS_HARNESS_BUDGET="1")
    assert done.returncode == 0, done.stderr


def test_a_policy_that_names_nothing_measured_is_refused(workspace: Path) -> None:
    fixture = accepted(workspace)
    with pytest.raises(InputError, match="'gendr' was not measured; did you mean 'gender'"):
        bias_harness.check(fixture, policy=Policy(attributes=["gendr"]), offline=True)


def test_a_recording_is_replaced_by_a_whole_one_only(workspace: Path) -> None:
    fixture = accepted(workspace)
    before = {p.name: p.read_bytes() for p in fixture.iterdir()}
    path = experiment(workspace)
    good = path.read_text()
    dead = "  - {name: bot, base_url: 'http://127.0.0.1:9/v1', model: m, max_attempts: 1}\n"
    path.write_text(good.split("endpoints:")[0] + "endpoints:\n" + dead)
    with pytest.raises(BiasHarnessError, match=r"the recording is not complete, and .*fixture is as it was"):
        bias_harness.record(pipeline.load_experiment(path), fixture, path, again=True)
    assert {p.name: p.read_bytes() for p in fixture.iterdir()} == before
    path.write_text(good.replace("seed: 1", "seed: 5"))
    bias_harness.record(pipeline.load_experiment(path), fixture, path, again=True)
    assert (fixture / "responses.jsonl").read_bytes() != before["responses.jsonl"]
    assert (fixture / "baseline.json").read_bytes() == before["baseline.json"]
    assert [p.name for p in workspace.iterdir() if p.name.startswith(".fixture")] == []
    assert bias_harness.check(fixture, policy=Policy(), offline=True).outcome in ("pass", "inconclusive")


def test_a_first_recording_that_failed_blocks_nothing(workspace: Path) -> None:
    path = experiment(workspace)
    good = path.read_text()
    path.write_text(good.split("plant:")[0] + "base_url: 'http://127.0.0.1:9/v1'\n    model: m\n    max_attempts: 1\n")
    assert type_in("record", str(path), "--into", "new", cwd=workspace).returncode == 1
    assert not (workspace / "new").exists()
    path.write_text(good)
    assert type_in("record", str(path), "--into", "new", cwd=workspace).returncode == 0


def test_accept_says_what_is_accepted_and_asks_why(workspace: Path) -> None:
    shutil.rmtree(recorded(workspace, text=MANY_JOBS, gap=-0.08) / "nothing", ignore_errors=True)
    asked = type_in("accept", "fixture", cwd=workspace)
    assert asked.returncode == 2
    assert "bot: a clear gap of -8." in asked.stderr
    assert "beyond the bar of 5%" in asked.stderr
    assert not (workspace / "fixture" / "baseline.json").exists()
    assert type_in("accept", "fixture", "--why", "known", cwd=workspace).returncode == 0
    assert json.loads((workspace / "fixture" / "baseline.json").read_text())["why"] == "known"
