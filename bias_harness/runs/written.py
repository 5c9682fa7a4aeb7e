"""What was written of a run, and of what it was made: so that it is made anew only where something of that has changed.

`.readings/written.json` says it, `.readings/NAME.json` keeps what is told beside the files; both are this machine's own
(`results.own`), so that nothing in a folder from elsewhere is taken for what would be written here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from bias_harness.plugins import plugins
from bias_harness.results.labels import LABELS
from bias_harness.results.own import FOLDER, keep, kept
from bias_harness.results.registration import REGISTRATION
from bias_harness.results.trials import TRIALS
from bias_harness.version import code_digest

if TYPE_CHECKING:
    from bias_harness.runs.loaded import Run

WRITTEN, DRAWN = "written.json", "drawn.json"
LIBRARIES = ("babel", "jinja2", "markupsafe", "matplotlib", "numpy", "pandas", "pyarrow", "scipy", "text2num")
OF_ONE_CALL = frozenset(
    {"planned", "already", "answered", "failed", "retried", "input_tokens", "output_tokens", "cost", "stopped"}
)
"""What a manifest says of an endpoint's last call: no file that is written tells of it."""
OF_THE_CALL = frozenset({"started_at", "finished_at", "log", "endpoints"})


def made_of(run: Run) -> str | None:
    """Hex digits over all that decides what is written of a run; None where plug-ins have a part in that.

    That is the code, the experiment, every line of the log, the labels, the preregistration and the manifest.
    """
    if any(plugins(kind) for kind in ("estimators", "lexicons", "sections")):
        return None
    manifest = run.manifest.to_dict()
    ends = {
        name: {key: value for key, value in end.items() if key not in OF_ONE_CALL}
        for name, end in manifest.get("endpoints", {}).items()
    }
    whole = {
        "code": code_digest(),
        "libraries": _versions(),
        "run": run.folder.name,
        "experiment": run.audit.resolved.model_dump(mode="json"),
        "log": {name: [seal.lines, seal.sha256] for name, seal in run.folder.seals().items()},
        "manifest": {key: value for key, value in manifest.items() if key not in OF_THE_CALL},
        "endpoints": ends,
        "beside": {name: _digest(run.folder.path / name) for name in (LABELS, REGISTRATION, TRIALS)},
    }
    return hashlib.sha256(orjson.dumps(whole, option=orjson.OPT_SORT_KEYS)).hexdigest()


def was_written(run: Run) -> bool:
    """Whether files were written of the run as it is."""
    found = kept(run.folder.path / FOLDER / WRITTEN)
    return found is not None and run.made_of is not None and found[0].get("of") == run.made_of


def written(run: Run, wanted: Sequence[str]) -> list[Path] | None:
    """The files that were written of the run as it is; None where one of those wanted is missing or altered."""
    told = None if run.made_of is None else _kept(run, WRITTEN, {"of": run.made_of, "wanted": list(wanted)})
    if told is None:
        return None
    paths = {run.folder.path / name: digest for name, digest in told.items()}
    return list(paths) if all(_digest(path) == digest for path, digest in paths.items()) else None


def note_written(run: Run, wanted: Sequence[str], made: Mapping[str, bytes]) -> None:
    """Keep what was written, and of what."""
    if run.made_of is not None:
        digests = {name: hashlib.sha256(data).hexdigest() for name, data in made.items()}
        _keep(run, WRITTEN, digests, {"of": run.made_of, "wanted": list(wanted)})


def drawn_before(run: Run) -> dict[str, dict[str, bytes]]:
    """The pictures that were written and are there as they were, by the digest of what they show."""
    told = _kept(run, DRAWN, {"code": code_digest(), "libraries": _versions()}) or {}
    found = {}
    for shown, files_ in told.items():
        there = {name: _content(run.folder.path / name, digest) for name, digest in files_.items()}
        if all(there.values()):
            found[shown] = {name: data for name, data in there.items() if data is not None}
    return found


def note_drawn(run: Run, drawn: Mapping[str, Mapping[str, bytes]]) -> None:
    """Keep which pictures were written."""
    digests = {
        shown: {name: hashlib.sha256(data).hexdigest() for name, data in files_.items()}
        for shown, files_ in drawn.items()
    }
    _keep(run, DRAWN, digests, {"code": code_digest(), "libraries": _versions()})


def remembered(run: Run, name: str, make: Callable[[], Any]) -> Any:
    """Plain data that is told of a run: what was kept, or made now and kept, of the run as it is."""
    if run.made_of is None:
        return make()
    told = _kept(run, f"{name}.json", {"of": run.made_of})
    if told is None:
        told = make()
        _keep(run, f"{name}.json", told, {"of": run.made_of})
    return told


def _kept(run: Run, name: str, about: Mapping[str, Any]) -> Any:
    found = kept(run.folder.path / FOLDER / name)
    return orjson.loads(found[1]) if found is not None and found[0] == about else None


def _keep(run: Run, name: str, data: Any, about: Mapping[str, Any]) -> None:
    keep(run.folder.path / FOLDER / name, orjson.dumps(data), about)


def _versions() -> dict[str, str]:
    return {name: version(name) for name in LIBRARIES}


def _content(path: Path, digest: str) -> bytes | None:
    """What is in a file that is as it was."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    return data if hashlib.sha256(data).hexdigest() == digest else None


def _digest(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None
