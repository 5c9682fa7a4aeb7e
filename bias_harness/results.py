"""results/<run>/ -> the only room that opens it: the log of responses, the manifest, the lock, the derived files.

`responses*.jsonl` is the only truth. A line counts once it is written and flushed. A torn last line (power cut,
full disk) is set aside and its request asked again; the latest line of a key is the one that counts.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from pydantic import TypeAdapter, ValidationError

from bias_harness.errors import InputError, RunFolderError
from bias_harness.vocabulary import Response

EXPERIMENT, MANIFEST, LOG = "experiment.yaml", "manifest.json", "responses.jsonl"
_RESPONSE: TypeAdapter[Response] = TypeAdapter(Response)


def dump_line(response: Response) -> bytes:
    """One line of the log."""
    return orjson.dumps(response, option=orjson.OPT_APPEND_NEWLINE)


def write_whole(path: Path, data: bytes | str) -> None:
    """Write a file so that it is there whole or not at all."""
    beside = path.with_name(f".{path.name}.part")
    try:
        with beside.open("wb") as file:
            file.write(data.encode() if isinstance(data, str) else data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


@dataclass(frozen=True)
class RunFolder:
    """One run on disk."""

    path: Path

    @property
    def name(self) -> str:
        """The folder's own name."""
        return self.path.name

    @property
    def logs(self) -> list[Path]:
        """The files that hold responses, in the order of their names."""
        return sorted(self.path.glob("responses*.jsonl"))

    def experiment(self) -> str:
        """The text of the resolved experiment. Raises `RunFolderError` where this is no run folder."""
        try:
            return (self.path / EXPERIMENT).read_text(encoding="utf-8")
        except FileNotFoundError:
            raise RunFolderError(f"{self.path} is not a run folder: it has no {EXPERIMENT}") from None

    def manifest(self) -> dict[str, Any]:
        """What is known of the run's making; empty before it has begun."""
        path = self.path / MANIFEST
        try:
            data: dict[str, Any] = orjson.loads(path.read_bytes())
        except FileNotFoundError:
            return {}
        except orjson.JSONDecodeError as error:
            raise RunFolderError(f"{path} is not JSON ({error}); restore it or delete it") from None
        return data

    def write_manifest(self, data: Mapping[str, Any]) -> None:
        """Replace the manifest."""
        self.write(MANIFEST, orjson.dumps(data, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))

    def write(self, name: str, data: bytes | str) -> Path:
        """Write one file of the run, whole or not at all."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, data)
        return path

    def responses(self) -> Iterator[Response]:
        """Every line of the log in the order of writing; a torn last line is passed over, another fault is named."""
        for log in self.logs:
            with log.open("rb") as lines:
                for number, line in enumerate(lines, start=1):
                    if not line.endswith(b"\n") and not _is_json(line):
                        return
                    yield _parse(line, log, number)

    def latest(self) -> dict[str, Response]:
        """The response that counts for each key."""
        return {response.key: response for response in self.responses()}


def _is_json(line: bytes) -> bool:
    try:
        orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    return True


def _parse(line: bytes, log: Path, number: int) -> Response:
    try:
        return _RESPONSE.validate_json(line)
    except ValidationError:
        raise RunFolderError(f"{log}, line {number} is not a response; restore the file, or delete that line") from None


def runs_in(results: Path) -> list[RunFolder]:
    """The runs below a results folder, by name."""
    return [RunFolder(p.parent) for p in sorted(results.glob(f"*/{EXPERIMENT}"))]


def find_run(name: str | Path, results: Path) -> RunFolder:
    """A run by its folder, or by its name below `results`."""
    for path in (Path(name), results / str(name)):
        if (path / EXPERIMENT).is_file():
            return RunFolder(path)
    known = ", ".join(r.name for r in runs_in(results))
    raise InputError(f"there is no run {str(name)!r} (looked in {results})" + (f"; there is {known}" if known else ""))


class RunLog:
    """The log, open for appending, with the folder locked against a second process."""

    def __init__(self, folder: RunFolder, file: str = LOG) -> None:
        self.folder, self.path = folder, folder.path / file
        self._handle = -1

    def append(self, response: Response) -> None:
        """Write one response; it counts once this returns."""
        data = dump_line(response)
        start = os.fstat(self._handle).st_size
        try:
            written = os.write(self._handle, data)
            if written != len(data):
                raise OSError(28, os.strerror(28), str(self.path))
        except OSError:
            os.ftruncate(self._handle, start)
            raise


@contextmanager
def open_log(folder: RunFolder, file: str = LOG) -> Iterator[RunLog]:
    """Lock the run, mend a torn last line, and open the log. Raises `RunFolderError` where it is in use."""
    with _locked(folder.path / ".lock"):
        log = RunLog(folder, file)
        _mend(log.path)
        log._handle = os.open(log.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            yield log
        finally:
            os.fsync(log._handle)
            os.close(log._handle)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        try:
            _lock(file.fileno())
        except OSError:
            raise RunFolderError(f"{path.parent} is in use by another process; wait for it or choose --name") from None
        yield


def _lock(handle: int) -> None:
    if os.name == "nt":
        import msvcrt

        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
    else:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _mend(path: Path) -> None:
    """Set a torn last line aside, so that what is appended starts on a line of its own."""
    if not path.exists():
        return
    data = path.read_bytes()[-1_000_000 * 20 :]
    if not data or data.endswith(b"\n"):
        return
    last = data.rsplit(b"\n", 1)[-1]
    if _is_json(last):
        with path.open("ab") as file:
            file.write(b"\n")
        return
    with path.with_name("torn.txt").open("ab") as aside:
        aside.write(last + b"\n")
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - len(last))
