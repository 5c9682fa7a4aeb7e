"""The code blocks of the documentation: found, told apart, and run as a reader would.

A block under the comment `<!-- not run: why -->` is not executed (it needs a key, a network, a model of a gigabyte, or
another shell); its commands, options and keys are checked all the same. A block whose first line is the name of a file
is that file: `test_extending` writes it and uses it.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml
from places import ROOT

from bias_harness.handwritten import parse_shipped

FENCE = re.compile(
    r"(?:<!-- not run: (?P<why>[^\n]+?) -->\n+)?^```(?P<kind>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
NAMED = re.compile(r"^(?:#|\{#) (\S+\.(?:yaml|j2|py|toml))(?: #\})?$")
PROGRAMS = ("bias-harness", "make", "pip", "python", "cd", "py", "pytest", "git")
SIMULATED = {"name": "sim", "plant": {"trial_sd": 0.05, "seed": 1}}


@dataclass(frozen=True)
class Code:
    """One block: where it stands, what it is, and why it is not run, if it is not."""

    page: str
    line: int
    kind: str
    text: str
    why: str | None

    @property
    def where(self) -> str:
        return f"{self.page}:{self.line}"


def pages() -> list[str]:
    """README and every page below docs/ that has been written by hand."""
    found = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [path.relative_to(ROOT).as_posix() for path in found]


def blocks(page: str) -> Iterator[Code]:
    """The blocks of a page, in order; an unnamed block is a shell's if it begins with a program we know."""
    whole = (ROOT / page).read_text(encoding="utf-8")
    for match in FENCE.finditer(whole):
        kind, text = match["kind"].strip(), match["text"]
        if kind in ("bash", "console", "sh") or (not kind and text.split(maxsplit=1)[0] in PROGRAMS):
            kind = "shell"
        if NAMED.match(text.splitlines()[0]):
            kind = "file"
        yield Code(page, whole.count("\n", 0, match.start("text")), kind, text, match["why"])


def commands(code: Code) -> Iterator[list[str]]:
    """The words of each command, without comments and prompts; what stands two spaces behind a command is a remark."""
    joined = code.text.replace("\\\n", " ")
    for line in joined.splitlines():
        typed = line.removeprefix("$ ").split("        ")[0]
        words = shlex.split(typed, comments=True)
        if words:
            yield words


def simulate(folder: Path) -> None:
    """Let a simulated advisor answer every experiment of a working folder, once."""
    for path in sorted((folder / "experiments").glob("*.yaml")):
        if path.stem == "simulated":
            continue
        data = parse_shipped(path.read_text(encoding="utf-8"))
        path.write_text(yaml.safe_dump(data | {"endpoints": [SIMULATED]}), encoding="utf-8")
