"""No key is printed, kept or shared, and none goes where it does not belong without a word."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from asking import KEY
from conftest import SMALL
from loopback_server import Seen, Server, completion, echo, reply

import bias_harness
from bias_harness import pipeline
from bias_harness.asking.keys import secrets_of, warn_of_strangers
from bias_harness.asking.received import hide
from bias_harness.design.audit import load_audit
from bias_harness.errors import BiasHarnessError, InputError
from bias_harness.results.secrets import secrets_in

HEAD = SMALL.split("endpoints:")[0].replace("repeats: 2", "repeats: 1")
PASTED = "sk-proj-Abcdefghijklmnop0123"


def audit(workspace: Path, entry: str):
    (workspace / "x.yaml").write_text(f"{HEAD}endpoints: [{entry}]\n")
    return load_audit(workspace / "x.yaml")


@pytest.mark.parametrize(
    "entry",
    [
        f"{{name: a, model: m, api_key_env: {PASTED}}}",
        "{name: a, model: m, api_key_env: a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6}",
        f"{{name: a, model: m, extra_body: {{user: {{key: [{PASTED}]}}}}}}",
        f"{{name: a, model: {PASTED}}}",
        f"{{name: a, http: {{url: 'http://h/x', body: {{q: x}}, headers: {{Authorization: 'Bearer {PASTED}'}}}}}}",
        "{name: a, http: {url: 'http://h/x', body: {q: '{question}'}, headers: {X-Api-Key: abc123}}}",
        "{name: a, http: {url: 'http://h/x', body: {q: '{question}'}, headers: {Cookie: session=abc123}}}",
        "{name: a, http: {url: 'http://me:abc123@h/x', body: {q: '{question}'}}}",
        "{name: a, http: {url: 'http://h/x?api_key=abc123', body: {q: '{question}'}}}",
        "{name: a, model: m, base_url: 'http://me:abc123@h/v1'}",
        "{name: a, model: m, base_url: 'http://h/v1?token=abc123'}",
        f"{{name: a, model: m, base_url: 'http://h/{PASTED}/v1'}}",
        f"{{name: a, model: m, base_url: 'http://h/v1#{PASTED}'}}",
        f"{{name: a, http: {{url: 'http://h/{PASTED}', body: {{q: '{{question}}'}}}}}}",
    ],
)
def test_a_key_in_an_experiment_is_refused_and_not_repeated(workspace: Path, entry: str) -> None:
    with pytest.raises(InputError) as refused:
        audit(workspace, entry)
    said = str(refused.value)
    assert "key" in said or "credentials" in said
    for secret in (PASTED, "abc123", "a1b2c3d4"):
        assert secret not in said


@pytest.mark.parametrize("line", ["title: {en: 'KEY'}", "notes: {question: 'with KEY'}", "contact: KEY", "author: KEY"])
def test_a_key_in_what_the_page_shows_is_refused(workspace: Path, line: str) -> None:
    (workspace / "x.yaml").write_text(f"{HEAD}{line.replace('KEY', PASTED)}\nendpoints: [{{name: a, model: m}}]\n")
    with pytest.raises(InputError, match="holds what looks like a key") as refused:
        load_audit(workspace / "x.yaml")
    assert PASTED not in str(refused.value)


def test_a_key_is_cut_out_in_whatever_way_it_is_written(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOP_KEY", "ab/cd+ef012345")
    secrets = secrets_of(audit(workspace, "{name: a, model: m, base_url: 'http://h/v1', api_key_env: LOOP_KEY}"))
    said = hide(r"ab/cd+ef012345 ab%2Fcd%2Bef012345 ab\/cd+ef012345", secrets)
    assert said == "[key] [key] [key]"


@pytest.mark.parametrize("name", ["K", "OPENAI_API_KEY", "my_gateway_key", "LLM_TOKEN_2026_PRODUCTION"])
def test_a_variables_name_is_taken_for_one(workspace: Path, name: str) -> None:
    assert audit(workspace, f"{{name: a, model: m, api_key_env: {name}}}").experiment.endpoints[0].api_key_env == name


def test_a_key_that_an_answer_repeats_is_neither_kept_nor_bundled(workspace: Path) -> None:
    (workspace / ".env").write_text(f"LOOP_KEY={KEY}\nOTHER_TOKEN=another-secret-value\n")

    def behave(seen: Seen):
        return [reply(completion(f"$60,000, and your key is {KEY}, the other another-secret-value"))]

    with Server(behave) as server:
        asked = audit(workspace, f"{{name: loop, base_url: '{server.base_url}', model: m, api_key_env: LOOP_KEY}}")
        run = pipeline.run(asked)
    assert b"[key]" in (run.folder.path / "responses.jsonl").read_bytes()
    for path in run.folder.path.rglob("*"):
        data = path.read_bytes() if path.is_file() else b""
        assert KEY.encode() not in data
        assert b"another-secret-value" not in data


def test_a_key_from_a_file_is_found_in_what_is_to_be_shared(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (workspace / ".env").write_text("LOOP_KEY=no-usual-form-of-key\n")
    monkeypatch.delenv("LOOP_KEY", raising=False)
    with Server(echo) as server:
        asked = audit(workspace, f"{{name: loop, base_url: '{server.base_url}', model: m, api_key_env: LOOP_KEY}}")
        run = pipeline.run(asked)
    assert secrets_in(run.folder.path, secrets_of(asked)) == []
    (run.folder.path / "note.txt").write_text("tried with no-usual-form-of-key")
    assert secrets_in(run.folder.path, secrets_of(asked)) == ["note.txt"]
    with pytest.raises(BiasHarnessError, match=r"looks like a key, in note\.txt"):
        bias_harness.bundle(run, workspace / "x.zip")


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (
            "{name: a, model: m, base_url: 'http://h.test/v1', api_key_env: HOME}",
            "HOME, whose name is not that of a key",
        ),
        (
            "{name: a, model: m, base_url: 'http://h.test/v1', api_key_env: OPENAI_API_KEY}",
            "OPENAI_API_KEY is sent to h.test",
        ),
        (
            "{name: a, http: {url: 'http://h.test/', body: {q: '{question}'}, headers: {X-A: $HOME}}}",
            "HOME, whose name",
        ),
        ("{name: a, model: m, base_url: 'http://h.test/v1', api_key_env: H_KEY}", ""),
        ("{name: a, model: m}", ""),
        ("{name: a, model: m, base_url: 'https://x.openai.azure.com/openai/v1', api_key_env: OPENAI_API_KEY}", ""),
        ("{name: a, model: m, base_url: 'https://notopenai.com/v1', api_key_env: OPENAI_API_KEY}", "notopenai.com"),
    ],
)
def test_a_variable_goes_nowhere_strange_without_a_word(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, entry: str, said: str
) -> None:
    endpoints = audit(workspace, entry).experiment.endpoints
    if not said:
        assert list(warn_of_strangers(endpoints)) == []
        return
    with pytest.raises(InputError, match="so nothing is asked") as refused:
        list(warn_of_strangers(endpoints))
    assert said in str(refused.value)
    word = str(refused.value).rpartition("set BIAS_HARNESS_MAY_SEND=")[2]
    (workspace / ".env").write_text(f"BIAS_HARNESS_MAY_SEND={word}\n")
    with pytest.raises(InputError):
        list(warn_of_strangers(endpoints))
    monkeypatch.setenv("BIAS_HARNESS_MAY_SEND", f"X@y, {word}")
    (told,) = warn_of_strangers(endpoints)
    assert said in told


def test_a_refused_variable_is_never_sent_and_leaves_nothing(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret-of-another-host")
    monkeypatch.setattr("bias_harness.asking.keys.is_here", lambda _: False)
    with Server(echo) as server:
        entry = f"{{name: a, model: m, base_url: '{server.base_url}', api_key_env: AWS_SECRET_ACCESS_KEY}}"
        with pytest.raises(InputError, match=r"AWS_SECRET_ACCESS_KEY is sent to 127\.0\.0\.1, which is not amazonaws"):
            pipeline.run(audit(workspace, entry))
        assert server.seen == []
    assert not (workspace / "results").exists()


def test_the_word_is_said_before_anything_is_sent(
    workspace: Path, caplog: pytest.LogCaptureFixture, monkeypatch
) -> None:
    monkeypatch.setenv("CITY_OF_BIRTH", "Zwolle-on-the-IJssel")
    with Server(echo) as server, caplog.at_level(logging.WARNING):
        pipeline.run(
            audit(workspace, f"{{name: a, model: m, base_url: '{server.base_url}', api_key_env: CITY_OF_BIRTH}}")
        )
    assert "CITY_OF_BIRTH, whose name is not that of a key, is sent to 127.0.0.1" in caplog.text
    assert "Zwolle" not in caplog.text
