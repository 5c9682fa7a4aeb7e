"""The folder of one run, and the list of runs."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import orjson

from bias_harness.errors import InputError, RunFolderError, UsageError, did_you_mean
from bias_harness.files import read_text
from bias_harness.results.files import write_whole
from bias_harness.results.lines import index_beside, numbered, parse_line
from bias_harness.results.manifest import Manifest, read_manifest
from bias_harness.results.parts import LOG, parts_in
from bias_harness.results.seals import Seal, faults, seal_of
from bias_harness.vocabulary import Response
from bias_harness.workspace import EXPERIMENT

MANIFEST = "manifest.json"


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
        """The files that hold responses, in their order; see `results.parts`."""
        return parts_in(self.path)

    def replace_log(self, lines: Iterable[bytes]) -> None:
        """Put these lines in the place of the whole log, in one part."""
        before = self.logs
        self.write(LOG, b"".join(lines))
        for log in before:
            index_beside(log).unlink(missing_ok=True)
            if log.name != LOG:
                log.unlink()

    def seals(self) -> dict[str, Seal]:
        """What each part of the log amounts to now, by its name; every line is read."""
        return {log.name: seal_of(log) for log in self.logs}

    def faults(self, known: Mapping[str, Seal] | None = None) -> tuple[str, ...]:
        """A sentence for each part of the log that is cut, changed or missing since the manifest was written.

        `known` are parts that need no reading, with what they amount to.
        """
        manifest = self.manifest()
        growing = manifest.status in (None, "started")
        return tuple(faults(self.path, self.logs, manifest.log, known or {}, growing=growing))

    def experiment(self) -> str:
        """The text of the resolved experiment. Raises `RunFolderError` where this is no run folder."""
        if not (self.path / EXPERIMENT).is_file():
            raise RunFolderError(f"{self.path} is not a run folder: it has no {EXPERIMENT}")
        return read_text(self.path / EXPERIMENT)

    def write(self, name: str, data: bytes | str) -> Path:
        """Write one file of the run, whole or not at all."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, data)
        return path

    def write_all(self, files: Mapping[str, bytes]) -> list[Path]:
        """Write files that belong together: all are on disk before the first takes its place. Returns the paths."""
        places = {self.path / name: data for name, data in files.items()}
        for folder in {path.parent for path in places}:
            folder.mkdir(parents=True, exist_ok=True)
        written: dict[Path, Path] = {}
        try:
            for path, data in places.items():
                written[path] = beside = path.with_name(f".{path.name}.part")
                with beside.open("wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
        except BaseException:
            for beside in written.values():
                beside.unlink(missing_ok=True)
            raise
        for path, beside in written.items():
            beside.replace(path)
        return list(places)

    def clear(self, pattern: str, keep: Collection[Path]) -> None:
        """Remove the files of a pattern that are not among those to keep, and their folder where it is empty then."""
        for path in sorted(self.path.glob(pattern)):
            if path not in keep:
                path.unlink()
                if not any(path.parent.iterdir()):
                    path.parent.rmdir()

    def manifest(self) -> Manifest:
        """What is known of the run's making; empty before it has begun. Raises `RunFolderError` where it is damaged."""
        return read_manifest(self.path / MANIFEST)

    def write_manifest(self, manifest: Manifest) -> None:
        """Replace the manifest."""
        self.write(MANIFEST, orjson.dumps(manifest.to_dict(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))

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
    """A run by its folder, or by its name below `results`. Raises `InputError` for none."""
    if not isinstance(name, str | Path):
        raise UsageError(f"the name or the folder of a run is wanted here, and this is {name!r}")
    for path in (Path(name), results / str(name)):
        if (path / EXPERIMENT).is_file():
            return RunFolder(path)
    known = did_you_mean(str(name), [r.name for r in runs_in(results)])
    there = known or "; name its folder, or say with --results where runs are kept"
    raise InputError(f"there is no run {str(name)!r} (looked in {results}){there}")
