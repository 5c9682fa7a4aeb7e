"""Execute the notebooks and keep clean outputs, or check that the stored ones are what comes out.

    python tools/notebooks.py           execute each in a scratch folder and write its outputs
    python tools/notebooks.py --check   execute each and leave with 1 where an output differs

Pictures are compared by their being there: fonts differ from machine to machine. All else is compared by its text.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

ROOT = Path(__file__).parent.parent
SECONDS = 300
PRIVATE = re.compile(r"(?<![\w.:/-])/(?:home|root|tmp|Users|usr|work|var|opt)/|[A-Z]:\\\\Users")
NUMBERED = re.compile(r"(?<=T_)[0-9a-f]{5}|<Figure size [^>]*>")


def written() -> list[Path]:
    """The notebooks, in the order of reading."""
    return sorted((ROOT / "notebooks").glob("*.ipynb"))


def _clean(notebook: Any) -> Any:
    """Without what changes from run to run: times, counters, and the random names of styled tables."""
    for cell in notebook.cells:
        cell.metadata = {}
        if cell.cell_type != "code":
            continue
        for output in cell.outputs:
            data = output.get("data", {})
            if "text/html" in data:
                data["text/html"] = NUMBERED.sub("00000", data["text/html"])
            if "image/png" in data or "Styler at 0x" in data.get("text/plain", ""):
                data.pop("text/plain", None)
    return notebook


async def executed(path: Path) -> Any:
    """The notebook with fresh outputs, run in an empty folder deep in a place that has the repository's data.

    An error in a cell is raised. Its kernel ends with it, however it ends.
    """
    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as scratch:
        here = Path(scratch) / "any" / "folder"
        here.mkdir(parents=True)
        for folder in ("tests", "experiments"):
            (Path(scratch) / folder).symlink_to(ROOT / folder)
        kernel = AsyncKernelManager(kernel_name="python3", transport="ipc", ip=str(Path(scratch) / "kernel"))
        client = NotebookClient(notebook, km=kernel, timeout=SECONDS, resources={"metadata": {"path": str(here)}})
        await client.async_execute(cleanup_kc=True)
    return _clean(notebook)


def text_of(notebook: Any) -> list[str]:
    """Every output as comparable text, one entry a code cell."""
    return ["\n".join(_shown(output) for output in cell.outputs) for cell in notebook.cells if cell.cell_type == "code"]


def _shown(output: Any) -> str:
    data = output.get("data", {})
    if "image/png" in data:
        return "a picture"
    return str(output.get("text") or data.get("text/html") or data.get("text/plain"))


def faults(path: Path, fresh: Any) -> list[str]:
    """What is wrong with the stored notebook, in sentences."""
    stored = nbformat.read(path, as_version=4)
    found = []
    for number, (old, new) in enumerate(zip(text_of(stored), text_of(fresh), strict=True), start=1):
        if old != new:
            found.append(f"{path.name}, code cell {number}: the stored output is not what comes out\n- {old}\n+ {new}")
    if PRIVATE.search("".join(text_of(stored))):
        found.append(f"{path.name}: an output names a path of a machine")
    if any(o.get("name") == "stderr" for cell in stored.cells for o in cell.get("outputs", ())):
        found.append(f"{path.name}: an output is a warning or an error")
    if "a picture" not in "\n".join(text_of(stored)):
        found.append(f"{path.name}: no figure is shown")
    return found


async def all_executed(paths: list[Path]) -> list[Any]:
    """Each notebook with fresh outputs, at the same time; in the place of one that failed, its error."""
    return await asyncio.gather(*(executed(path) for path in paths), return_exceptions=True)


def main() -> int:
    """Write or compare those that ran to their end, and name the others; the exit code."""
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    os.environ["PYTHONPATH"] = f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    found = []
    paths = written()
    for path, made in zip(paths, asyncio.run(all_executed(paths)), strict=True):
        if isinstance(made, BaseException):
            found.append(f"{path.name} did not run to its end: {made or type(made).__name__}")
        elif "--check" in sys.argv[1:]:
            found += faults(path, made)
        else:
            nbformat.write(made, path)
    sys.stderr.write("\n".join(found) + "\n" if found else "")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
