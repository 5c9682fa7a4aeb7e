"""The manifest: labels from before the first question on, counts of the whole design, one reader for every format."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from cases import first
from command_line import type_in
from conftest import SMALL, SMALL_MAP
from logs import rows_of, write_rows

import bias_harness
from bias_harness import pipeline
from bias_harness.asking.providers import simulated
from bias_harness.checking.rereading import read_again
from bias_harness.errors import BiasHarnessError, InputError, RunFolderError
from bias_harness.results import EndpointTotals, Manifest, RunFolder, Totals, merge
from bias_harness.results.trials import read_trials
from bias_harness.runs import Run, load_run


@pytest.fixture
def run(small: Path) -> Run:
    return pipeline.run(pipeline.load_experiment(small))


def fresh(run: Run) -> Run:
    return load_run(run.folder.path)


def manifest_file(run: Run) -> Path:
    return run.folder.path / "manifest.json"


def changed(run: Run, **changes: object) -> None:
    manifest_file(run).write_text(json.dumps(json.loads(manifest_file(run).read_text()) | changes))


def test_a_whole_run_is_a_success_of_the_whole_design(run: Run) -> None:
    end = run.manifest.endpoints["sim"]
    assert (run.manifest.status, end.nature, end.designed, end.present) == ("success", "simulation", 80, 80)
    assert end.in_all is not None
    assert end.in_all.answered == end.answered == 80
    assert Manifest.from_dict(run.folder.manifest().to_dict(), "it") == run.folder.manifest()


def test_what_is_asked_is_told_before_the_first_question(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Manifest] = []
    asked = simulated.Simulated.ask

    async def looks(self, request):
        told.append(RunFolder(small.parent.parent / "results" / "small").manifest())
        return await asked(self, request)

    monkeypatch.setattr(simulated.Simulated, "ask", looks)
    pipeline.run(pipeline.load_experiment(small))
    first = told[0].endpoints["sim"]
    assert (told[0].status, first.nature, first.provider) == ("started", "simulation", "simulated")
    assert (first.designed, first.planned, first.in_all) == (80, 80, Totals())


def test_a_killed_run_keeps_its_labels_and_is_counted_anew(run: Run) -> None:
    """As `kill -9` leaves it: the manifest of the beginning, and half of the log."""
    log = run.folder.path / "responses.jsonl"
    log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:40]))
    begun = Manifest.begun(run.audit, {"sim": EndpointTotals("recording", designed=80)})
    run.folder.write_manifest(begun)
    end = fresh(run).manifest.endpoints["sim"]
    assert (end.nature, end.present, end.designed) == ("recording", 40, 80)
    assert "40 of the 80 questions" in " ".join(fresh(run).headlines)


OTHERS = {
    "provider: simulated": ("simulation", "simulated"),
    "{provider: embedded, name: sim}": ("tiny model", "small language model"),
    "{name: sim, base_url: 'http://127.0.0.1:9', model: m}": ("unknown", "not known what gave these answers"),
    "{provider: somebody, name: sim}": ("unknown", "not known what gave these answers"),
}


@pytest.mark.parametrize("endpoint", first(2, OTHERS))
def test_a_lost_manifest_never_makes_a_model_of_it(run: Run, endpoint: str, tmp_path: Path) -> None:
    """Wherever labels are shown: the headlines, the page, the tables, the bundle."""
    manifest_file(run).unlink()
    experiment = run.folder.path / "experiment.yaml"
    if endpoint.startswith("{"):
        head, tail = experiment.read_text().split("  endpoints:\n")
        experiment.write_text(head + f"  endpoints:\n  - {endpoint}\n" + tail[tail.index("people:\n") :])
        log = run.folder.path / "responses.jsonl"
        keys = [
            r.key for e in fresh(run).audit.experiment.endpoints for _, rs in fresh(run).audit.requests(e) for r in rs
        ]
        write_rows(log, [row | {"key": key} for row, key in zip(rows_of(log), keys, strict=True)])
    nature, said = OTHERS[endpoint]
    without = fresh(run)
    assert without.manifest.endpoints["sim"].nature == nature
    assert without.manifest.endpoints["sim"].present == 80
    assert said in without.headlines[0]
    page = next(p for p in pipeline.report(without, ["en"])).read_text()
    assert said in page
    assert "real language models" not in page
    (observations,) = bias_harness.export(without, [tmp_path / "observations.csv"])
    assert f",{nature}," in observations.read_text()


def test_a_label_that_nobody_knows_is_unknown(run: Run) -> None:
    ends = json.loads(manifest_file(run).read_text())["endpoints"]
    changed(run, endpoints={"sim": ends["sim"] | {"nature": "oracle", "provider": "oracle"}})
    assert run.folder.manifest().endpoints["sim"].nature == "unknown"


def test_an_older_manifest_is_read_and_what_it_lacks_is_counted(run: Run) -> None:
    end = {"model": "", "provider": "simulated", "nature": "simulation", "served": ["x"], "planned": 40, "already": 30}
    counts = {"answered": 10, "failed": 2, "retried": 0, "input_tokens": 5, "output_tokens": 6, "cost": None}
    manifest_file(run).write_text(
        json.dumps({"format": 1, "experiment": "small", "status": "success", "endpoints": {"sim": end | counts}})
    )
    read = run.folder.manifest().endpoints["sim"]
    assert (read.in_all, read.designed, read.present) == (Totals(40, 2, 5, 6), None, None)
    now = fresh(run).manifest.endpoints["sim"]
    assert (now.designed, now.present) == (80, 80)
    assert now.in_all is not None
    assert now.in_all.answered == 80


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is not JSON"),
        ("[]", "is no manifest"),
        ('{"format": 9}', "format 9 is newer than this version knows"),
        ("{}", "'format' is None"),
        ('{"format": 2, "endpoints": {"sim": {"answered": "many"}}}', "endpoints.sim.answered"),
        ('{"format": 1, "endpoints": {"sim": {"nature": "model", "planned": []}}}', "endpoints.sim.planned"),
        ('{"format": 2, "status": "splendid"}', "status"),
    ],
)
def test_a_damaged_manifest_is_refused_in_a_sentence(run: Run, text: str, said: str) -> None:
    manifest_file(run).write_text(text)
    with pytest.raises(BiasHarnessError, match=said) as caught:
        run.folder.manifest()
    assert "manifest.json" in str(caught.value)


def test_a_part_says_that_it_is_a_part(small: Path) -> None:
    """A shard, two of four brought together, then all four."""
    audit = pipeline.load_experiment(small)
    parts = [pipeline.run(audit, shard=(i, 4)) for i in (1, 2, 3, 4)]
    whole = sum(len(part.observations) for part in parts)
    assert whole == 80
    for part in parts:
        there = len(part.observations)
        assert (part.manifest.status, part.manifest.present, part.manifest.designed) == ("partial", there, 80)
        assert f"{there} of the 80 questions" in " ".join(part.headlines)
    into = RunFolder(small.parent.parent / "results" / "half")
    merge([part.folder for part in parts[:2]], into)
    half = load_run("half")
    there = len(half.observations)
    assert (half.manifest.status, half.manifest.present, half.manifest.endpoints["sim"].planned) == (
        "partial",
        there,
        80,
    )
    assert f"{there} of the 80 questions of the whole design" in pipeline.report(half, ["en"])[0].read_text()
    (compared,) = pipeline.compare([half, half], into.path, languages=["en"])
    assert f"half: {there} of the 80 questions" in compared.read_text()
    merge([part.folder for part in parts], into)
    both = load_run("half")
    assert (both.manifest.status, both.manifest.present) == ("success", 80)
    assert not [line for line in both.headlines if "of the whole design" in line]


def test_parts_that_disagree_on_what_answered_are_of_unknown_kind(small: Path) -> None:
    text = SMALL.replace(
        "{name: sim, plant: {gaps: {gender: {female: -0.1}}}}", "{name: loop, base_url: 'http://127.0.0.1:9', model: m}"
    )
    small.write_text(text)
    audit = pipeline.load_experiment(small)
    folders = [RunFolder(small.parent.parent / name) for name in ("a", "b", "c")]
    for folder, nature in zip(folders[:2], ("model", "simulation"), strict=True):
        folder.write("experiment.yaml", audit.to_yaml())
        folder.write_manifest(Manifest(status="partial", endpoints={"loop": EndpointTotals(nature)}))
    merge(folders[:2], folders[2])
    assert folders[2].manifest().endpoints["loop"].nature == "unknown"


def test_a_limit_that_was_reached_is_no_unfinished_call(small: Path) -> None:
    """12 are wanted, 10 make whole pairs: 10 of 10, and 10 of the design's 80."""
    audit = pipeline.load_experiment(small)
    end = pipeline.run(audit, limit=12).manifest.endpoints["sim"]
    assert (end.planned, end.answered, end.present, end.designed) == (10, 10, 10, 80)
    again = pipeline.run(audit, limit=12).manifest
    assert (again.status, again.endpoints["sim"].already, again.present) == ("partial", 10, 10)
    more = pipeline.run(audit).manifest
    less = pipeline.run(audit, limit=12).manifest
    assert (more.status, less.status, less.present) == ("success", "success", 80)


def test_two_trials_of_one_request_are_two_that_are_there(small: Path) -> None:
    """A level of one attribute and of another may be told in the same words: one request, one answer, both trials."""
    small.write_text(SMALL.replace("[{name: gender, levels: [male, female]}]", "[gender, migration]"))
    audit = pipeline.load_experiment(small)
    part = pipeline.run(audit, limit=100)
    assert part.manifest.present == len(part.observations)
    whole = pipeline.run(audit).manifest
    end = whole.endpoints["sim"]
    assert end.in_all is not None
    assert end.in_all.answered < end.present == end.designed
    assert whole.status == "success"


def test_a_provider_that_cannot_be_closed_loses_nothing(
    small: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def breaks(_self) -> None:
        raise RuntimeError("the engine hangs")

    monkeypatch.setattr(simulated.Simulated, "aclose", breaks)
    made = pipeline.run(pipeline.load_experiment(small))
    assert (made.manifest.status, len(made.observations)) == ("success", 80)
    assert "sim: its provider could not be closed (RuntimeError: the engine hangs)" in caplog.text


def test_what_sees_each_response_sees_it_once_and_kept(small: Path) -> None:
    audit, seen, kept = pipeline.load_experiment(small), [], []
    log = small.parent.parent / "results" / "small" / "responses.jsonl"

    def see(request, response) -> None:
        seen.append((request.key, response.key, request.trial.persona))
        kept.append(request.key.encode() in log.read_bytes())

    pipeline.run(audit, see=see)
    assert len(seen) == len({key for key, _, _ in seen}) == 80
    assert all(one == other and persona for one, other, persona in seen)
    assert all(kept)
    pipeline.run(audit, see=see)
    assert len(seen) == 80


def test_what_sees_a_response_and_breaks_ends_the_run_with_the_answers_kept(small: Path) -> None:
    def breaks(_request, _response) -> None:
        raise InputError("enough")

    with pytest.raises(InputError, match="enough"):
        pipeline.run(pipeline.load_experiment(small), see=breaks)
    left = load_run("small")
    assert left.manifest.status == "error"
    assert 0 < left.manifest.present < 80


def test_derived_files_are_written_all_or_none(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """`report` in one language leaves no number, and no page of the other language, behind."""
    pipeline.report(run)
    names = ("estimates.json", "observations.parquet", "estimates.csv", "report.nl.html", "report.en.html")
    for name in names:
        (run.folder.path / name).write_bytes(b"old")
    made = pipeline.report(fresh(run), ["en"])
    assert [path.name for path in made] == ["report.en.html"]
    assert not [name for name in names if (run.folder.path / name).read_bytes() == b"old"]
    for name in names:
        (run.folder.path / name).write_bytes(b"old")
    monkeypatch.setattr("bias_harness.reporting.report.figure_files", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        pipeline.report(fresh(run))
    assert all((run.folder.path / name).read_bytes() == b"old" for name in names)


def test_a_full_disk_leaves_the_derived_files_as_they_were(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline.report(run, ["en"])
    before = {p: p.read_bytes() for p in run.folder.path.iterdir() if p.is_file()}
    count = 0

    def full(_: int) -> None:
        nonlocal count
        count += 1
        if count > 3:
            raise OSError(28, "full")

    monkeypatch.setattr("bias_harness.results.folder.os.fsync", full)
    with pytest.raises(OSError, match="full"):
        run.folder.write_all(dict.fromkeys(("estimates.json", "a", "b", "report.en.html"), b"new"))
    assert {p: p.read_bytes() for p in run.folder.path.iterdir() if p.is_file()} == before


def test_the_page_dates_the_answers_and_not_the_last_call(run: Run) -> None:
    log = run.folder.path / "responses.jsonl"
    days = ["2024-03-01T10:00:00.000000+00:00", "2024-05-02T11:30:00.000000+00:00"]
    write_rows(log, [row | {"asked_at": days[i % 2]} for i, row in enumerate(rows_of(log))])
    ends = json.loads(manifest_file(run).read_text())["endpoints"]
    changed(run, endpoints={"sim": ends["sim"] | {"nature": "model"}}, started_at="2031-01-01T00:00:00+00:00")
    written = pipeline.report(fresh(run), ["en"])
    page = written[0].read_text()
    research = (run.folder.path / "research.en.html").read_text()
    assert "1 March 2024, 10:00 – 2 May 2024, 11:30" in research
    assert "asked on 1 March 2024 – 2 May 2024" in page
    assert "bias_harness " in page
    assert "2031" not in page


def imported(workspace: Path) -> Run:
    import yaml

    rows = [f"m,{who},p{i},{amount + i}" for i in range(6) for who, amount in (("m", 50_000), ("f", 48_000))]
    (workspace / "t.csv").write_text("model,who,person,salary\n" + "\n".join(rows) + "\n")
    (workspace / "map.yaml").write_text(yaml.safe_dump(SMALL_MAP))
    return bias_harness.import_answers(workspace / "t.csv", workspace / "map.yaml")


def test_imported_trials_name_their_format(workspace: Path) -> None:
    run = imported(workspace)
    trials = run.folder.path / "trials.jsonl"
    head, *lines = trials.read_text().splitlines(keepends=True)
    assert json.loads(head) == {"format": 2}
    now = read_trials(trials)
    assert len(now) == len(lines) == 12
    trials.write_text("".join(lines))
    assert read_trials(trials) == now
    trials.write_text('{"format": 3}\n' + "".join(lines))
    with pytest.raises(InputError, match="format 3 is newer"):
        read_trials(trials)
    trials.write_text(head + "nonsense\n")
    with pytest.raises(RunFolderError, match="line 2 is not a trial"):
        read_trials(trials)


def test_an_import_is_whole_and_labelled_with_or_without_its_manifest(workspace: Path) -> None:
    run = imported(workspace)
    told = (run.manifest.status, run.manifest.present, run.manifest.designed)
    assert told == ("success", 12, 12)
    manifest_file(run).unlink()
    end = fresh(run).manifest.endpoints["m"]
    assert (end.nature, end.present, end.designed) == ("imported", 12, 12)


def test_imported_runs_are_merged_with_their_trials(workspace: Path) -> None:
    run = imported(workspace)
    twin = RunFolder(workspace / "results" / "twin")
    shutil.copytree(run.folder.path, twin.path)
    log, trials = twin.path / "responses.jsonl", twin.path / "trials.jsonl"
    write_rows(log, rows_of(log)[6:])
    for folder, kept in ((run.folder.path, slice(0, 7)), (twin.path, slice(7, None))):
        head, *lines = trials.read_text().splitlines(keepends=True)
        (folder / "trials.jsonl").write_text("".join((head, *lines[kept])))
    mine = run.folder.path / "responses.jsonl"
    write_rows(mine, rows_of(mine)[:6])
    done = merge([run.folder, twin], RunFolder(workspace / "results" / "whole"))
    whole = load_run(workspace / "results" / "whole")
    assert (done.added, done.conflicts, whole.faults) == (12, 0, ())
    assert (len(whole.observations), whole.manifest.present, whole.manifest.designed) == (12, 12, 12)
    assert whole.natures == {"m": "imported"}


def test_imported_and_asked_runs_are_not_merged(workspace: Path) -> None:
    run = imported(workspace)
    odd = RunFolder(workspace / "results" / "odd")
    shutil.copytree(run.folder.path, odd.path)
    (odd.path / "trials.jsonl").unlink()
    with pytest.raises(RunFolderError, match=r"odd has no trials\.jsonl"):
        merge([run.folder, odd], RunFolder(workspace / "whole"))
    assert not (workspace / "whole").exists()


def test_pages_and_figures_of_an_earlier_time_go_away(run: Run) -> None:
    """They would show other numbers; what was made on purpose, in another format, stays."""
    pipeline.report(run, ["en"])
    figures, answers = run.folder.path / "figures", run.folder.path / "answers"
    drawn = {path.name for path in figures.iterdir()}
    answers.mkdir(exist_ok=True)
    for path in (figures / "F99-gone.svg", answers / "gone.gender.en.html", figures / "F1.pdf"):
        path.write_text("old")
    pipeline.report(fresh(run), ["en"])
    assert {path.name for path in figures.iterdir()} == drawn | {"F1.pdf"}
    assert not answers.exists()


def test_observations_name_their_format(run: Run) -> None:
    import pyarrow.parquet as pq

    pipeline.report(run, ["en"])
    path = run.folder.path / "observations.parquet"
    assert pq.read_schema(path).metadata[b"format"] == b"1"
    assert read_again(run) == []
    table = pq.read_table(path)
    pq.write_table(table.replace_schema_metadata({**table.schema.metadata, b"format": b"2"}), path)
    with pytest.raises(InputError, match="format 2 is newer"):
        read_again(run)
    pq.write_table(table.replace_schema_metadata({}), path)
    assert read_again(run) == []
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(RunFolderError, match=r"observations\.parquet cannot be read .*make it anew"):
        read_again(run)


def test_a_run_that_may_not_begin_leaves_no_folder(small: Path) -> None:
    """A key that is missing is said before anything is written."""
    small.write_text(SMALL.split("endpoints:")[0] + "endpoints:\n  - {name: a, model: m, api_key_env: NO_SUCH_KEY}\n")
    with pytest.raises(InputError, match="NO_SUCH_KEY"):
        pipeline.run(pipeline.load_experiment(small))
    assert not (small.parent.parent / "results").exists()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"endpoints": {"sim": {"answered": -5}}}, "answered: .*greater than or equal to 0"),
        ({"endpoints": {"sim": {"answered": "5"}}}, "answered: .*valid integer"),
        ({"endpoints": {"sim": {"cost": -0.1}}}, "cost: .*greater than or equal to 0"),
        ({"endpoints": {"sim": {"cost": 10**400}}}, "not JSON|cost"),
        ({"endpoints": {"sim": {"in_all": {"failed": -1}}}}, "failed: .*greater than or equal to 0"),
        ({"endpoints": {"sim": {"designed": 10**30}}}, "designed: "),
        ({"log": {"responses.jsonl": {"lines": -1, "sha256": "0" * 64}}}, "lines: .*greater than or equal to 0"),
        ({"log": {"responses.jsonl": {"lines": 1, "sha256": "zz"}}}, "sha256: "),
        ({"started_at": "yesterday"}, "started_at: Invalid isoformat"),
        ({"finished_at": "\x1b[2J"}, "finished_at: Invalid isoformat"),
        ({"looks": {"planned": 3, "after": [-1]}}, "after.0: .*greater than or equal to 0"),
        ({"merged": -2}, "merged: .*greater than or equal to 0"),
    ],
)
def test_no_manifest_counts_below_nought_or_in_words(run: Run, changes: dict, said: str) -> None:
    changed(run, **changes)
    with pytest.raises(BiasHarnessError, match=said):
        run.folder.manifest()


def test_a_manifest_that_cannot_be_opened_hides_no_other_run(run: Run) -> None:
    manifest_file(run).unlink()
    manifest_file(run).mkdir()
    other = run.folder.path.with_name("other")
    shutil.copytree(run.folder.path, other)
    (other / "manifest.json").rmdir()
    listed = type_in("list", cwd=run.folder.path.parent.parent)
    assert (listed.returncode, "other" in listed.stdout) == (0, True)
    assert "manifest.json cannot be read: Is a directory" in listed.stdout + listed.stderr


def test_a_time_without_a_zone_is_in_utc(run: Run) -> None:
    changed(run, started_at="2026-01-01T00:00:00")
    assert run.folder.manifest().started_at == "2026-01-01T00:00:00+00:00"
    assert type_in("report", "results/small", cwd=run.folder.path.parent.parent).returncode == 0
