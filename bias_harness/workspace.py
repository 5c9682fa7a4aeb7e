"""Where experiments, personas, prompts, results and the shipped data are."""

from __future__ import annotations

from pathlib import Path

from bias_harness.errors import InputError, did_you_mean


def shipped(kind: str) -> Path:
    """The folder of that kind (experiments, personas, prompts) that travels with the package."""
    package = Path(__file__).parent
    packed = package / "data" / kind
    return packed if packed.is_dir() else package.parent / kind


def find_experiment(name: str | Path) -> Path:
    """A path as typed, `experiments/<name>.yaml` here, or the shipped experiment of that name."""
    typed = Path(name)
    if typed.is_file() or typed.suffix in (".yaml", ".yml"):
        return typed
    for folder in (Path("experiments"), shipped("experiments")):
        if (folder / f"{name}.yaml").is_file():
            return folder / f"{name}.yaml"
    known = [p.stem for folder in (Path("experiments"), shipped("experiments")) for p in folder.glob("*.yaml")]
    raise InputError(f"there is no experiment {str(name)!r}{did_you_mean(str(name), set(known))}")


def workspace_of(path: Path) -> Path:
    """The folder above `experiments/`, or the file's own; the working folder for a shipped experiment."""
    folder = path.resolve().parent
    if folder == shipped("experiments").resolve() and shipped("experiments").parent.name == "data":
        return Path.cwd()
    return folder.parent if folder.name == "experiments" else folder


def experiments_about(name: str | Path) -> list[Path]:
    """What is to be checked when a file has changed: every experiment beside `personas/` or `prompts/`, or itself."""
    path = Path(name)
    kind = next((i for i, part in enumerate(path.parts[:-1]) if part in ("personas", "prompts")), None)
    if kind is None or not path.is_file():
        return [find_experiment(name)]
    return sorted(Path(*path.parts[:kind], "experiments").rglob("*.y*ml"))
