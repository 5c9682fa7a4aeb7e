"""The figures of the import graph: rooms, arrows between them, arrows back up, and modules that nobody imports.

    python tools/import_graph.py             print the figures, and each arrow back up
    python tools/import_graph.py --arrows    print every arrow too

A room is a module or folder of `bias_harness/` itself. An arrow goes from a room to one that it imports when the code
runs; imports for the type checker alone are none. It goes back up where the contract in pyproject.toml has its target
on a higher floor, and sideways arrows of one floor count as such too.
"""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "bias_harness"
NAME = PACKAGE.name


def modules() -> dict[str, Path]:
    """Every module of the package by its full name."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def _statements(node: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    """The import statements that are executed, late ones too."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            for other in child.orelse:
                yield from _statements(ast.Module([other], []))
        elif isinstance(child, ast.Import | ast.ImportFrom):
            yield child
        else:
            yield from _statements(child)


def imported(path: Path, known: set[str]) -> set[str]:
    """The modules of the package that a file imports; `from package import module` is an import of the module."""
    found: set[str] = set()
    for statement in _statements(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(statement, ast.Import):
            found |= {alias.name for alias in statement.names}
        elif statement.module:
            inner = {f"{statement.module}.{alias.name}" for alias in statement.names}
            found |= (inner & known) | ({statement.module} if inner - known else set())
    return found & known


def graph() -> dict[str, set[str]]:
    """Module -> what it imports. The face and the statistics import on first use: what they offer is imported."""
    import bias_harness
    from bias_harness.estimating import estimators

    found = modules()
    made = {name: imported(path, set(found)) - {name} for name, path in found.items()}
    made[NAME] |= {f"{NAME}.{module}" for module in bias_harness._WHERE}
    made[estimators.__name__] |= {f"{estimators.__name__}.{file}" for file in estimators._FILES}
    return made


def arrows(of: dict[str, set[str]]) -> set[tuple[str, str]]:
    """From room to room, each once."""
    pairs = {(_room(name), _room(target)) for name, targets in of.items() for target in targets}
    return {(a, b) for a, b in pairs if a != b and NAME not in (a, b)}


def _room(name: str) -> str:
    return name.split(".")[1] if "." in name else name


def floors() -> dict[str, int]:
    """Room -> its floor in the contract, the highest first."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(c["layers"] for c in contracts if c["type"] == "layers")
    return {room.strip(): floor for floor, rooms in enumerate(layers) for room in rooms.replace(":", "|").split("|")}


def back_up(found: set[tuple[str, str]]) -> list[tuple[str, str]]:
    """The arrows that do not go down."""
    floor = floors()
    return sorted((a, b) for a, b in found if floor[b] <= floor[a])


def unused(of: dict[str, set[str]]) -> list[str]:
    """The modules that no other one imports: no entry point of the distribution, no provider found by name."""
    from bias_harness.design.experiment import PROVIDER_NAMES

    points = {point.value.partition(":")[0] for point in distribution("bias_harness").entry_points}
    by_name = {f"{NAME}.asking.providers.{name}" for name in PROVIDER_NAMES}
    wanted = {target for name, targets in of.items() for target in targets}
    alone = set(of) - wanted - points - by_name
    packages = {name for name in of if any(other.startswith(f"{name}.") for other in of)}
    return sorted(name for name in alone - packages if not name.endswith(".__main__"))


def say(line: str) -> None:
    """One line, to standard output."""
    sys.stdout.write(f"{line}\n")


def main() -> int:
    """Print the figures; 1 where an arrow goes back up or a module is imported by nobody."""
    made = graph()
    found, rooms = arrows(made), {_room(name) for name in made} - {NAME}
    higher, alone = back_up(found), unused(made)
    say(f"{len(made)} modules in {len(rooms)} rooms on {len(set(floors().values()))} floors")
    say(f"{len(found)} arrows between rooms, {len(higher)} of them back up")
    for a, b in higher:
        say(f"  back up: {a} -> {b}")
    for name in alone:
        say(f"  nobody imports {name}")
    if "--arrows" in sys.argv[1:]:
        for a, b in sorted(found):
            say(f"  {a} -> {b}")
    return int(bool(higher or alone))


if __name__ == "__main__":
    sys.exit(main())
