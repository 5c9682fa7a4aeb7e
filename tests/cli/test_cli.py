"""The command line as a user types it: what it prints, what it says on a mistake, how it leaves."""

from __future__ import annotations

import json
import os
import shlex
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from cases import first
from command_line import type_in
from conftest import SMALL
from loopback_server import Server, error, reply

from bias_harness import pipeline
from bias_harness.cli.commands import GONE
from bias_harness.cli.main import app


@pytest.mark.slow
def test_from_nothing_to_a_report(tmp_path: Path) -> None:
    assert type_in("init", "my-audit", cwd=tmp_path).returncode == 0
    audit = tmp_path / "my-audit"
    for experiment in sorted((audit / "experiments").glob("*.yaml")):
        assert type_in("validate", f"experiments/{experiment.name}", cwd=audit).returncode == 0
    planned = type_in("plan", "experiments/simulated.yaml", "--json", cwd=audit)
    assert json.loads(planned.stdout)["endpoints"][0]["requests"] == 4600
    assert not (audit / "results").exists()
    ran = type_in("run", "experiments/simulated.yaml", "--limit", "200", "--quiet", cwd=audit)
    assert ran.returncode == 0, ran.stderr
    assert "simulated" in ran.stdout.splitlines()[0]
    assert "95% interval" in ran.stdout
    for language in ("nl", "en"):
        assert (audit / "results" / "simulated" / f"report.{language}.html").stat().st_size > 10_000
    assert "simulated" in type_in("list", cwd=audit).stdout
    assert type_in("report", "simulated", cwd=audit).returncode == 0
    assert json.loads(type_in("report", "simulated", "--json", cwd=audit).stdout)["items"]


def test_init_overwrites_nothing(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "mine.txt").write_text("mine")
    done = type_in("init", "here", cwd=tmp_path)
    assert done.returncode == 1
    assert "not empty" in done.stderr


@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        (["validate", "experiments/smal.yaml"], 1, "did you mean 'small.yaml'"),
        (["run", "nothing"], 1, "there is no experiment 'nothing'"),
        (["report", "nothing"], 1, "there is no run 'nothing'"),
        (["run", "small", "--limit", "0"], 2, "--limit"),
        (["report", "small", "--language", "fr"], 2, "there is no report in 'fr'"),
        (["schema", "experimnt"], 1, "did you mean 'experiment'"),
        (["model", "fetch", "nothing"], 1, "there is no local model 'nothing'"),
        (["nonsense"], 2, "No such command"),
    ],
)
def test_a_mistake_gets_a_sentence_and_an_exit_code(small: Path, words: list[str], code: int, expected: str) -> None:
    done = type_in(*words, cwd=small.parent.parent)
    assert done.returncode == code
    assert expected in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unreachable_endpoint_is_one_sentence(small: Path) -> None:
    endpoint = "endpoints:\n  - {name: gone, base_url: 'http://127.0.0.1:9/v1', model: m, max_attempts: 1}\n"
    small.write_text(SMALL.split("endpoints:")[0] + endpoint)
    done = type_in("run", str(small), "--quiet", cwd=small.parent.parent)
    assert done.returncode == 1
    assert "gone: " in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write anywhere")
def test_an_unwritable_results_folder_is_one_sentence(small: Path) -> None:
    results = small.parent.parent / "results"
    results.mkdir()
    results.chmod(stat.S_IRUSR | stat.S_IXUSR)
    done = type_in("run", str(small), cwd=small.parent.parent)
    assert done.returncode == 1
    assert "cannot be written" in done.stderr


@pytest.mark.slow
def test_a_full_disk_is_one_sentence_and_loses_nothing(small: Path) -> None:
    """A limit on the size of a file stands for the disk: the write fails half-way."""
    workspace = small.parent.parent
    limited = "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (12000, 12000)); "
    limited += "from bias_harness.results import log; log.RESERVE_BYTES = 1000; "
    code = (
        limited
        + "sys.argv = ['bias-harness', 'run', 'small', '--quiet']; from bias_harness.cli.main import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=workspace, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "the disk is full" in done.stderr
    assert "Traceback" not in done.stderr
    log = workspace / "results" / "small" / "responses.jsonl"
    before = [json.loads(line)["key"] for line in log.read_text().splitlines()]
    assert before
    assert type_in("run", "small", "--quiet", cwd=workspace).returncode == 0
    after = [json.loads(line)["key"] for line in log.read_text().splitlines()]
    assert after[: len(before)] == before
    assert len(after) == len(set(after)) == 80


def test_no_key_is_ever_written_or_shown(small: Path) -> None:
    key = "sk-" + "averysecretkey" * 2
    gone = "{name: gone, base_url: 'http://127.0.0.1:9/v1', model: m, api_key_env: MY_KEY, max_attempts: 1}"
    endpoint = f"endpoints:\n  - {gone}\n"
    small.write_text(SMALL.split("endpoints:")[0] + endpoint)
    workspace = small.parent.parent
    (workspace / ".env").write_text(f"MY_KEY={key}\n")
    done = type_in("run", str(small), cwd=workspace)
    assert key not in done.stdout + done.stderr
    for path in (workspace / "results").rglob("*"):
        assert not path.is_file() or key.encode() not in path.read_bytes()


def test_help_loads_nothing_heavy(tmp_path: Path) -> None:
    heavy = "openai httpx2 scipy pandas numpy matplotlib aiohttp pyarrow pydantic jinja2 rich xllamacpp"
    code = (
        "import sys\nfrom bias_harness.cli.main import app\n"
        "try:\n    app(['--help'])\nexcept SystemExit:\n    pass\n"
        f"print(sorted(set({heavy.split()!r}) & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.stderr.strip() == "[]"


def test_every_command_is_summed_up_in_one_line(tmp_path: Path) -> None:
    """By chapters; and the reference's table has each of them."""
    listed = type_in("--help", cwd=tmp_path, COLUMNS="80").stdout.partition("Design:\n")[2]
    heads = [line for line in listed.splitlines() if line.endswith(":")]
    assert heads == ["Ask:", "Read:", "Report:", "Check:", "Share:", "Tool:"]
    assert len([line for line in listed.splitlines() if line.startswith("  ")]) == 23
    assert "..." not in listed


@pytest.mark.parametrize("old", first(2, GONE))
def test_a_command_that_went_names_the_one_that_does_it_now(old: str, tmp_path: Path) -> None:
    words = old.removeprefix("bias-harness ").split()
    done = type_in(*words, "quickstart", "--json", cwd=tmp_path)
    assert done.returncode == 2
    assert f"there is no `{words[-1]}` any more; this does it: {GONE[old]}" in done.stderr
    now = GONE[old].removeprefix("bias-harness ").split()
    command: Any = typer.main.get_command(app)
    for word in (word for word in now if word.islower() and not word.startswith("-")):
        command = command.commands[word]
    assert {word.partition("=")[0] for word in now if word.startswith("-")} <= {
        flag for one in command.params for flag in one.opts
    }


def test_an_option_means_one_thing_wherever_it_stands() -> None:
    """The same words behind the same flag, the same flag for the same thing; -o is a file, --into a folder."""
    root: Any = typer.main.get_command(app)
    every = [one for name, c in root.commands.items() for one in getattr(c, "commands", {name: c}).values()]
    metavars: dict[str, set[str]] = {}
    for one in (one for command in every for one in command.params if one.param_type_name == "option"):
        metavars.setdefault(one.opts[0], set()).add(str(one.metavar))
    assert metavars["--output"] == {"FILE"}
    assert metavars["--into"] == {"FOLDER"}
    assert metavars["--language"] == {"CODE"}
    assert all(len(kinds) == 1 for kinds in metavars.values()), metavars
    assert "--repeat" not in metavars
    silent = {"init", "fetch", "schema"}
    with_json = {command.name for command in every if any("--json" in one.opts for one in command.params)}
    assert {command.name for command in every} - with_json == silent


def test_a_run_is_read_again_and_what_is_unread_is_shown(small: Path) -> None:
    cwd = small.parent.parent
    small.write_text(SMALL.replace("plant: {", "plant: {refusal_rate: 20%, "))
    assert type_in("run", "small", "--quiet", cwd=cwd).returncode == 0
    counted = json.loads(type_in("read", "small", "--json", cwd=cwd).stdout)
    assert sum(row["answers"] for row in counted) == 80
    refused = sum(row["answers"] for row in counted if row["status"] == "refused")
    assert refused > 0
    assert json.loads(type_in("read", "small", "--again", "--json", cwd=cwd).stdout) == {"moved": []}
    both = json.loads(type_in("read", "small", "--again", "--unread", "--json", cwd=cwd).stdout)
    assert sum(group["count"] for group in both["unread"]) == 80 - sum(
        row["answers"] for row in counted if row["status"] == "ok"
    )
    assert "there is no run 'smal'" in type_in("read", "smal", "--unread", cwd=cwd).stderr
    assert "$95,000" in type_in("read", "I would open at $95,000." + " Good luck!" * 500, cwd=cwd).stdout
    assert type_in("read", "small", "--prompt", "What?", cwd=cwd).returncode == 2


def test_a_report_leaves_everything_in_step(small: Path) -> None:
    """What is derived is of one reading: tables, estimates and page are all made anew."""
    cwd = small.parent.parent
    assert type_in("run", "small", "--quiet", cwd=cwd).returncode == 0
    run = cwd / "results" / "small"
    derived = [p for p in run.rglob("*") if p.is_file() and p.suffix in (".html", ".json", ".parquet", ".csv", ".svg")]
    names = {p.name for p in derived}
    assert {"observations.parquet", "estimates.json", "estimates.csv", "report.nl.html", "report.en.html"} <= names
    whole = {p: p.read_bytes() for p in derived if p.name != "manifest.json"}
    for path in whole:
        path.unlink()
    assert type_in("report", "small", cwd=cwd).returncode == 0
    assert {p: p.read_bytes() for p in whole} == whole


def test_options_of_the_simulation_go_with_it(small: Path) -> None:
    cwd = small.parent.parent
    assert "go with --simulate" in type_in("plan", "small", "--gap", "-2%", cwd=cwd).stderr


@pytest.mark.slow
@pytest.mark.drawn
def test_figures_and_comparisons_are_made_of_a_finished_run(small: Path) -> None:
    workspace = small.parent.parent
    assert type_in("run", "small", "--quiet", cwd=workspace).returncode == 0
    made = type_in("figure", "small", "F3", "--format", "svg", cwd=workspace)
    assert made.returncode == 0, made.stderr
    assert (workspace / made.stdout.splitlines()[0]).read_text().startswith("<?xml")
    compared = type_in("compare", "small", "--by", "wording", "--into", "out", cwd=workspace)
    assert compared.returncode == 0, compared.stderr
    assert {p.name for p in (workspace / "out").iterdir()} == {"comparison.nl.html", "comparison.en.html"}
    assert "it has F1" in type_in("figure", "small", "F99", cwd=workspace).stderr
    assert type_in("compare", "small", cwd=workspace).returncode == 2


@pytest.mark.slow
def test_keys_are_set_on_the_command_line(small: Path) -> None:
    """Values are YAML, a changed experiment is another one, and a misspelt key is told with the nearest."""
    cwd = small.parent.parent
    plain, other = (
        json.loads(type_in("plan", "small", "--json", *words, cwd=cwd).stdout)
        for words in ((), ("--set", "repeats=4", "--set", "endpoints.*.max_connections=3"))
    )
    assert other["endpoints"][0]["requests"] == 2 * plain["endpoints"][0]["requests"]
    assert other["digest"] != plain["digest"]
    from_environment = type_in("plan", "small", "--json", cwd=cwd, BIAS_HARNESS_SET="repeats=4")
    assert json.loads(from_environment.stdout)["endpoints"][0]["requests"] == other["endpoints"][0]["requests"]
    assert "did you mean 'currency'" in type_in("validate", "small", "--set", "outcome.curency=EUR", cwd=cwd).stderr
    kinds = type_in("validate", "small", "--set", "personas.jobs=many", cwd=cwd).stderr
    assert "--set personas.jobs: personas.jobs: must be a whole number" in kinds  # no line of the file is at fault
    assert type_in("run", "small", "--set", "repeats", cwd=cwd).returncode == 2
    assert type_in("run", "small", "--quiet", "--set", "repeats=1", cwd=cwd).returncode == 0
    assert json.loads((cwd / "results" / "small" / "manifest.json").read_text())["digest"] != plain["digest"]


@pytest.mark.parametrize(
    ("typed", "expected"),
    first(
        1,
        [
            ("run qui", "quickstart"),
            ("run --budg", "--budget"),
            pytest.param("run experiments/sm", "experiments/small.yaml", marks=pytest.mark.slow),
            pytest.param("veri", "verify", marks=pytest.mark.slow),
            pytest.param("model fe", "fetch", marks=pytest.mark.slow),
        ],
    ),
)
def test_the_shell_completes(small: Path, typed: str, expected: str) -> None:
    words = f"bias-harness {typed}"
    asked = {"COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1), "_BIAS_HARNESS_COMPLETE": "complete_bash"}
    command = [sys.executable, "-c", "from bias_harness.cli.main import app; app(prog_name='bias-harness')"]
    done = subprocess.run(
        command, cwd=small.parent.parent, env={**os.environ, **asked}, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [expected]


def doctored(workspace: Path, url: str, more: str = "model: m", **env: str) -> tuple[int, str, str]:
    """The doctor's exit status, and the state and the words of its one endpoint."""
    endpoint = f"{{{more}, base_url: '{url}', api_key_env: SOME_KEY}}"
    (workspace / "experiments" / "two.yaml").write_text(f"{SMALL.split('endpoints:')[0]}endpoints: [{endpoint}]\n")
    done = type_in("doctor", "two", "--json", cwd=workspace, **env)
    assert "secret-value-123" not in done.stdout + done.stderr
    (found,) = (f for f in json.loads(done.stdout) if f["what"].startswith("endpoint"))
    return done.returncode, found["state"], found["said"]


def test_the_doctor_looks_at_everything_and_shows_no_key(workspace: Path) -> None:
    plain = type_in("doctor", cwd=workspace)
    assert plain.returncode == 0, plain.stdout
    assert "bias-harness" in plain.stdout
    status, state, said = doctored(workspace, "http://127.0.0.1:9/v1")
    assert (status, state) == (1, "missing")
    assert "the variable SOME_KEY is not set" in said
    status, state, said = doctored(workspace, "http://127.0.0.1:9/v1", SOME_KEY="secret-value-123")
    assert (status, state) == (1, "missing")
    assert "127.0.0.1:9 cannot be reached" in said


LISTED = json.dumps({"data": [{"id": "gpt-a"}, {"id": "gpt-b"}]}).encode()


@pytest.mark.parametrize(
    ("answer", "more", "status", "state", "words"),
    [
        (reply(LISTED), "model: gpt-b", 0, "ok", "lists gpt-b"),
        (reply(LISTED), "model: gtp-b", 0, "optional", "does not list 'gtp-b' among its models; did you mean 'gpt-b'?"),
        (reply(LISTED), "provider: anthropic, model: gpt-a", 0, "ok", "lists gpt-a"),
        (error(401, "no such key secret-value-123"), "model: m", 1, "missing", "HTTP 401"),
        (error(404), "model: m", 0, "optional", "most end in /v1"),
        (reply(b"{}"), "model: m", 1, "missing", "no list of models"),
    ],
)
def test_the_doctor_asks_an_endpoint_for_its_models_and_nothing_else(
    workspace: Path, answer: bytes, more: str, status: int, state: str, words: str
) -> None:
    with Server(lambda _: [answer]) as server:
        found = doctored(workspace, server.base_url, more, SOME_KEY="secret-value-123")
    assert found[:2] == (status, state)
    assert words in found[2]
    assert [seen.path.partition("?")[0] for seen in server.seen] == ["/v1/models"]
    assert "secret-value-123" in str(server.seen[0].headers)


def test_a_dry_run_plans_the_part_that_the_same_words_would_ask(small: Path) -> None:
    cwd = small.parent.parent
    for words, requests in (((), 80), (("--limit", "12"), 10), (("--shard", "1/4"), 20), (("--repeats", "1"), 40)):
        done = type_in("run", "small", "--dry-run", "--json", *words, cwd=cwd)
        assert json.loads(done.stdout)["endpoints"][0]["requests"] == requests, words
    told = type_in("run", "small", "--dry-run", "--limit", "12", "--budget", "1", cwd=cwd).stdout
    assert "This asks 10 of the design's 80 requests of each endpoint" in told
    assert "The budget of US$ 1.00 is enough" in told
    assert not (cwd / "results").exists()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--retry", "nonsense"), 2, "'nonsense' is not one of 'failed', 'refused'"),
        (("--shard", "5/4"), 2, "--shard 5/4: i/n is wanted"),
        (("--budget", "1"), 1, "no price is known for 'm', so a budget cannot be kept"),
    ],
)
@pytest.mark.parametrize("dry", [True, False])
def test_words_that_do_not_fit_are_told_dry_or_not(
    small: Path, words: tuple[str, ...], code: int, said: str, dry: bool
) -> None:
    small.write_text(
        SMALL.split("endpoints:")[0] + "endpoints:\n  - {name: x, base_url: 'http://127.0.0.1:9', model: m}\n"
    )
    done = type_in("run", "small", *words, *(["--dry-run"] if dry else []), cwd=small.parent.parent)
    assert done.returncode == code
    assert said in done.stderr


def test_a_budget_that_may_not_do_is_told_in_the_plan(small: Path) -> None:
    price = "price: {input_per_million: 100, output_per_million: 100}"
    small.write_text(SMALL.replace("{name: sim,", f"{{name: sim, {price},"))
    done = type_in("run", "small", "--dry-run", "--budget", "0.01", cwd=small.parent.parent)
    assert "The budget of US$ 0.01 is less than the most that this can cost" in done.stdout


def test_the_list_tells_of_whole_runs(small: Path) -> None:
    """Neither a second call nor a smaller one changes what is there; a damaged run does not hide the others."""
    cwd = small.parent.parent

    def listed() -> dict[str, tuple[str, int, int, int]]:
        rows = json.loads(type_in("list", "--json", cwd=cwd).stdout)
        return {row["run"]: (row["status"], row["answered"], row["designed"], row["failed"]) for row in rows}

    pipeline.run(pipeline.load_experiment(small), limit=12)
    assert listed() == {"small": ("partial", 10, 80, 0)}
    for limit in (None, None, 12):
        pipeline.run(pipeline.load_experiment(small), limit=limit)
        assert listed() == {"small": ("success", 80, 80, 0)}
    assert "80 of 80" in type_in("list", cwd=cwd).stdout
    pipeline.run(pipeline.load_experiment(small), name="broken").folder.write("manifest.json", "{")
    assert listed() == {"broken": ("unreadable", 0, 0, 0), "small": ("success", 80, 80, 0)}


def test_the_advice_on_ctrl_c_is_the_whole_command() -> None:
    """Every word that was typed, quoted for the shell; what came from a variable stays there."""
    from typer.main import get_command

    from bias_harness.cli.main import app
    from bias_harness.cli.options import typed_again

    words = [
        "a b.yaml",
        "--name",
        "x y",
        "--set",
        "repeats=2",
        "--set",
        "outcome.currency=EUR",
        "--budget",
        "2",
        "--quiet",
    ]
    run = get_command(app).commands["run"]
    context = run.make_context("run", list(words))
    typed = shlex.split(typed_again(context))
    assert typed[:2] == ["bias-harness", "run"]
    again = run.make_context("run", typed[2:])
    assert again.params == context.params


@pytest.mark.parametrize("name", [".", "..", "../x", "a/b", "CON", "nul.txt", "a b"])
def test_a_run_is_kept_under_a_name_that_every_system_takes(small: Path, name: str) -> None:
    done = type_in("run", "experiments/small.yaml", "--name", name, "--quiet", cwd=small.parent.parent)
    assert (done.returncode, "fits every system" in done.stderr) == (2, True)
    assert not (small.parent.parent / "results").exists()
