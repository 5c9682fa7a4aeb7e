"""Everything that shapes an answer besides the question: what an endpoint is, as data that can be compared.

Keys that only say how fast or how long it is asked are left out, everything else is in, so that a key that comes later
is in too. Of a Python function it is the source: its package, or its module with the modules and files beside it that
it names. A service behind a URL cannot be looked into: only asking it shows what it is now.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bias_harness.design.audit import Audit
from bias_harness.design.endpoints import Endpoint
from bias_harness.design.keys import USED_VARIABLE

HOW_IT_IS_ASKED = frozenset(
    {
        *("max_connections", "requests_per_minute", "tokens_per_minute", "timeout_seconds", "max_attempts"),
        *("outage_seconds", "price", "label", "api_key_env", "name"),
    }
)
"""Keys of an endpoint that no answer depends on."""
NO_PART_OF_A_QUESTION = frozenset({"title", "notes", "budget", "max_error_share", "max_unread_share", "confirm"})
_ELSEWHERE = frozenset(
    {"experiment", "endpoints", "personas", "attributes", "outcome", "analysis", "primary", "sampling"}
)
"""Keys of an experiment that its digests or its endpoints tell of."""
MOST_FILES, MOST_BYTES = 2_000, 50_000_000
Shape = dict[str, Any]


def shapes_of(audit: Audit) -> dict[str, Shape]:
    """By endpoint: what shapes its answers, flat, dotted keys for what is inside others."""
    return {endpoint.name: _shape(audit, endpoint) for endpoint in audit.experiment.endpoints}


def design_of(audit: Audit) -> Shape:
    """What the experiment asks, where neither its people nor its prompts nor its judging tell of it."""
    said = audit.experiment.model_dump(mode="json", exclude=set(NO_PART_OF_A_QUESTION | _ELSEWHERE))
    return dict(_flat(said))


def changed_keys(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """The keys whose values differ, in order."""
    return sorted(key for key in {*before, *now} if before.get(key) != now.get(key))


def _shape(audit: Audit, endpoint: Endpoint) -> Shape:
    said = endpoint.model_dump(mode="json", exclude_defaults=True, exclude=set(HOW_IT_IS_ASKED))
    said["sampling"] = (endpoint.sampling or audit.experiment.sampling).model_dump(mode="json")
    if endpoint.http is not None:
        headers = {name: USED_VARIABLE.sub("$", text) for name, text in endpoint.http.headers.items()}
        said["http"] = {**endpoint.http.model_dump(mode="json", exclude_defaults=True), "headers": headers}
    if endpoint.function is not None:
        said["source of the function"] = function_digest(endpoint.function)
    if endpoint.run is not None:
        said["answers of the run"] = _of_files(sorted(Path(endpoint.run).glob("responses*.jsonl")))
    return dict(_flat(said))


def _flat(data: Mapping[str, Any], at: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in data.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{at}{key}.")
        else:
            yield f"{at}{key}", value


def function_digest(named: str) -> str | None:
    """SHA-256 (hex) over the source of a function `package.module:name`; None where its module is not to be found.

    Nothing is imported. Raises nothing for a file that cannot be read as Python: its bytes count.
    """
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    top = named.partition(":")[0].partition(".")[0]
    place = _place(top)
    return None if place is None else _of_files(sorted(_belonging(place)))


def _place(module: str) -> Path | None:
    """The file of a module, or the folder of a package."""
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError, AttributeError):
        return None
    if spec is None:
        return None
    if spec.submodule_search_locations:
        return Path(next(iter(spec.submodule_search_locations)))
    return Path(spec.origin) if spec.origin and Path(spec.origin).is_file() else None


def _belonging(place: Path) -> set[Path]:
    """A package's files, or a module's with what it names beside it, and so on from there."""
    root = place.parent
    found: set[Path] = set()
    waiting = [*_files(place)]
    while waiting and len(found) < MOST_FILES:
        path = waiting.pop()
        if path in found:
            continue
        found.add(path)
        if path.suffix == ".py":
            waiting += _named_in(path, root)
    return found


def _files(place: Path) -> Iterator[Path]:
    if place.is_file():
        yield place
    elif place.is_dir():
        hidden = ("__pycache__", ".git")
        yield from (p for p in sorted(place.rglob("*")) if p.is_file() and not set(hidden) & set(p.parts))


def _named_in(path: Path, root: Path) -> Iterator[Path]:
    """The modules beside it that a file imports, and the files and folders beside it that its texts name."""
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
        for name in names:
            top = root / name.partition(".")[0]
            yield from _files(top if top.is_dir() else top.with_suffix(".py"))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _may_be_a_path(node.value):
            for beside in {root, path.parent}:
                yield from _files(beside / node.value)


def _may_be_a_path(text: str) -> bool:
    parts = Path(text).parts
    return (
        0 < len(text) < 200 and "\n" not in text and "\0" not in text and bool(parts) and not {"..", "/"} & set(parts)
    )


def _of_files(paths: list[Path]) -> str:
    """SHA-256 over names and contents; of a large file its size."""
    whole = hashlib.sha256()
    for path in paths:
        size = path.stat().st_size
        whole.update(f"{path.name}\0{size}\0".encode())
        if size <= MOST_BYTES:
            whole.update(path.read_bytes())
    return whole.hexdigest()
