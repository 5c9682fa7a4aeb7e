"""Where experiments, personas, prompts, results, keys and the shipped data are: one answer for every command.

    my-audit/            the workspace
      experiments/       an experiment file belongs to the folder above it
      personas/ prompts/ what an experiment names; the shipped ones stand in for what is not there
      results/           the runs, unless --results says another place
      .env               keys: read, never exported

A command that is given a file works in that file's workspace. One that is given a name works in the workspace *here*:
the working folder where it has `experiments/` or `results/`, else the nearest above it with experiments, else the only
one right below it. So what `run` has written, the other commands find from the same place.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_cache_path

from bias_harness.errors import InputError, UsageError, did_you_mean
from bias_harness.files import byte_order, read_bytes

EXPERIMENT = "experiment.yaml"
"""The file that makes a folder a run: the experiment as it was asked."""
CACHE_VARIABLE = "BIAS_HARNESS_CACHE"
LARGEST_ENV = 1_000_000
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_SPOILT = "\N{REPLACEMENT CHARACTER}"


def shipped(kind: str) -> Path:
    """The folder of that kind (experiments, personas, prompts) that travels with the package."""
    package = Path(__file__).parent
    packed = package / "data" / kind
    return packed if packed.is_dir() else package.parent / kind


def user_cache() -> Path:
    """What this user keeps outside of every workspace: the user's cache folder, or what BIAS_HARNESS_CACHE names."""
    named = os.environ.get(CACHE_VARIABLE)
    return Path(named).expanduser() if named else user_cache_path("bias_harness")


@dataclass(frozen=True)
class Workspace:
    """A folder with experiments, personas, prompts and results; `results` is where its runs are kept."""

    root: Path
    results: Path

    @classmethod
    def of(cls, path: Path) -> Workspace:
        """The workspace that an experiment file or the folder of a run belongs to.

        A file in `experiments/` belongs to the folder above, another file to its own folder, a shipped experiment to
        the workspace here; a run to the folder above the one that holds it.
        """
        folder = path.resolve()
        if (folder / EXPERIMENT).is_file():
            return cls(folder.parent.parent, folder.parent)
        if not folder.is_dir():
            folder = folder.parent
        if folder == shipped("experiments").resolve():
            return cls.here()
        return cls.at(folder.parent if folder.name == "experiments" else folder)

    @classmethod
    def at(cls, root: Path) -> Workspace:
        """The workspace with that root."""
        return cls(root, root / "results")

    @classmethod
    def here(cls) -> Workspace:
        """The workspace of a command that names no file: of the working folder, above it, or the only one below it."""
        here = Path.cwd()
        if any((here / kind).is_dir() for kind in ("experiments", "results")):
            return cls.at(here)
        above = [folder for folder in here.parents if _has_experiments(folder)]
        below = [folder for folder in sorted(here.iterdir()) if _has_experiments(folder)]
        return cls.at(above[0] if above else below[0] if len(below) == 1 else here)

    def folders(self, kind: str) -> list[Path]:
        """Where files of a kind (experiments, personas, prompts) are looked up: its own first, then the shipped."""
        return [self.root / kind, shipped(kind)]

    def environment(self) -> dict[str, str]:
        """The variables a run may read keys from: those of the process, and `.env` here or in the workspace."""
        return self.env_file() | dict(os.environ)

    def env_file(self) -> dict[str, str]:
        """What `.env` says, in the workspace and in the working folder. Raises `InputError` that names the line."""
        found: dict[str, str] = {}
        for path in dict.fromkeys(folder / ".env" for folder in (self.root, Path.cwd())):
            if path.is_file():
                found |= _env_file(path)
        return found


def _has_experiments(folder: Path) -> bool:
    try:
        return any((folder / "experiments").glob("*.yaml"))
    except OSError:  # somebody else's folder
        return False


def find_experiment(name: str | Path) -> Path:
    """A path as typed, `experiments/<name>.yaml` of the workspace here, or the shipped experiment of that name."""
    if not isinstance(name, str | Path):
        raise UsageError(f"the name or the file of an experiment is wanted here, and this is {name!r}")
    typed = Path(name)
    if typed.is_file() or typed.suffix in (".yaml", ".yml"):
        return typed
    folders = Workspace.here().folders("experiments")
    for folder in folders:
        if (folder / f"{name}.yaml").is_file():
            return folder / f"{name}.yaml"
    known = [p.stem for folder in folders for p in folder.glob("*.yaml")]
    raise InputError(f"there is no experiment {str(name)!r}{did_you_mean(str(name), set(known))}")


def experiments_about(name: str | Path) -> list[Path]:
    """What is to be checked when a file has changed: every experiment beside `personas/` or `prompts/`, or itself."""
    path = Path(name)
    kind = next((i for i, part in enumerate(path.parts[:-1]) if part in ("personas", "prompts")), None)
    if kind is None or not path.is_file():
        return [find_experiment(name)]
    return sorted(Path(*path.parts[:kind], "experiments").rglob("*.y*ml"))


def _env_file(path: Path) -> dict[str, str]:
    """The pairs of a file as editors of every system write it: with a mark, in UTF-16, with comments.

    Raises `InputError` that names the line; what stands on it is never shown.
    """
    pairs: dict[str, str] = {}
    for number, line in enumerate(_lines(path), start=1):
        text = line.strip().removeprefix("export ").strip()
        if not text or text.startswith("#"):
            continue
        name, equals, value = text.partition("=")
        if not equals or not _NAME.fullmatch(name.strip()):
            raise InputError(f"{path}, line {number}: NAME=value is wanted here")
        if _SPOILT in value:
            raise InputError(f"{path}, line {number}: the value is not UTF-8 text; save the file as UTF-8")
        pairs[name.strip()] = _value(value.strip(), f"{path}, line {number}")
    return pairs


def _lines(path: Path) -> list[str]:
    """The lines of the file; what is no UTF-8 is marked, so that a comment in another encoding does no harm."""
    raw = read_bytes(path, LARGEST_ENV)
    if byte_order(raw) is None and b"\0" in raw:
        raise InputError(f"{path} is in UTF-16 without a mark, or no text; save the file as UTF-8")
    encoding, start = byte_order(raw) or ("utf-8", 0)
    return raw[start:].decode(encoding, "replace").splitlines()


def _value(text: str, where: str) -> str:
    """A value without its quotes and without the comment behind it."""
    if text[:1] in ("'", '"'):
        value, closed, rest = text[1:].partition(text[0])
        if not closed or rest.strip()[:1] not in ("", "#"):
            raise InputError(f"{where}: the quotes do not close where the value ends")
        return value
    return "" if text.startswith("#") else re.split(r"\s#", text, maxsplit=1)[0].strip()
