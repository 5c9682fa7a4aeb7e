"""The folder of one run, and the list of runs."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from bias_harness.errors import InputError, RunFolderError
from bias_harness.files import read_text
from bias_harness.results.lines import numbered, parse_line
from bias_harness.vocabulary import Response

EXPERIMENT, MANIFEST, LOG = "experiment.yaml", "manifest.json", "responses.jsonl"


def write_whole(path: Path, data: bytes | str) -> None:
    """Write a file so that it is there whole or not at all."""
    with writing(path) as file:
        file.write(data.encode() if isinstance(data, str) else data)


@contextmanager
def writing(path: Path) -> Iterator[BinaryIO]:
    """A file to write piece by piece, that is there whole or not at all when the block is left."""
    beside = path.with_name(f".{path.name}.part")
    try:
        with beside.open("wb") as file:
            yield file
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
        """The files that hold responses, in the order of their names; a sharded run has one a shard."""
        return sorted(self.path.glob("responses*.jsonl"))

    def experiment(self) -> str:
        """The text of the resolved experiment. Raises `RunFolderError` where this is no run folder."""
        if not (self.path / EXPERIMENT).is_file():
            raise RunFolderError(f"{self.path} is not a run folder: it has no {EXPERIMENT}")
        return read_text(self.path / EXPERIMENT)

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
            for number, line in numbered(log):
                yield parse_line(line, log, number)

    def latest(self) -> dict[str, Response]:
        """The response that counts for each key: the latest answer, or the latest error where there is none."""
        found: dict[str, Response] = {}
        for response in self.responses():
            there = found.get(response.key)
            if there is None or response.error is None or there.error is not None:
                found[response.key] = response
        return found


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
