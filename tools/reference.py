"""Write the reference pages of docs/ from the code: commands, an experiment's keys, public names, the glossary.

    python tools/reference.py           write them
    python tools/reference.py --check   say which differ from what the code gives, and leave with 1

`docs/glossary.md` keeps what a person wrote above its marker; what stands below it is made here.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from reference_python import python_page, records
from reference_words import MADE, keys_of, prose

import bias_harness
from bias_harness.cli.main import app

DOCS = Path(__file__).parent.parent / "docs"
SCHEMA = Path(bias_harness.__file__).parent / "schemas" / "experiment.schema.json"
MARKER = "<!-- made by tools/reference.py from here on -->\n"
TYPERS_OWN = ("install_completion", "show_completion", "help")
CALLS = {
    "init": ("", "`FOLDER/`: experiments, personas, prompts, schemas"),
    "validate": ("Audit.check", "nothing"),
    "plan": ("plan", "nothing; with `--simulate` it is `calibrate`"),
    "run": ("run", "`results/NAME/`: the answers, then everything that `report` writes"),
    "batches": ("", "nothing; with `--cancel` and `--forget` what is kept of the batches in the run"),
    "merge": ("", "`FOLDER/`: the answers of all parts, then everything that `report` writes"),
    "list": ("", "nothing"),
    "read": ("read", "nothing; of a file the readings, `-o FILE`"),
    "label": ("", "`labels.json` in the run: what a person typed"),
    "report": (
        "report",
        "`observations.parquet`, `estimates.*`, `report.*.html`, `worksheet.*.html`, `research.en.html`, `figures/`",
    ),
    "figure": ("figure", "`figures/NAME.*` in the run"),
    "compare": ("compare", "`comparison.*.html` in `--into FOLDER`"),
    "site": ("", "the pages of a monitor, in `--into FOLDER`"),
    "record": ("record", "`FOLDER/`: the fixture"),
    "accept": ("accept", "`baseline.json` and `baseline.md` in the fixture"),
    "check": ("check", "a run below `results/`, none with `--offline`; with `-o FILE` the check as .xml, .md or .json"),
    "import": ("import_answers", "`results/NAME/`: the answers, then everything that `report` writes"),
    "export": ("export", "`-o FILE`, or the tables with their codebook in `--into FOLDER`"),
    "bundle": ("bundle", "`RUN.zip`, or `-o FILE`"),
    "verify": ("verify", "nothing"),
    "doctor": ("", "nothing"),
    "model fetch": ("", "the model in the user's cache"),
    "schema": ("", "nothing; with `--write FOLDER` the schemas"),
}
"""Command -> the public function that does the same, and what is written."""
INTRODUCTION = """\
# Commands

What `bias-harness COMMAND --help` says. Most options can also be given as a variable: `--budget` as
`BIAS_HARNESS_BUDGET`. Exit codes: 0 fine, 1 a run or input error, 2 usage, 3 a finding of `check`, 4 inconclusive or
not comparable (`check`). `bias-harness --install-completion` teaches the shell commands, options, experiments and runs.

What an option means, it means everywhere: `--json` prints the result as JSON, `-o FILE` writes the result to a file,
`--into FOLDER` names the folder of what is made, `--language` is the language that pages and figures are written in,
`--results` is where runs are kept, `--repeats` and `--set` change the experiment.
"""


def commands() -> Iterator[tuple[str, Any]]:
    """Every command with its full name, groups before what they hold."""

    def below(name: str, command: Any) -> Iterator[tuple[str, Any]]:
        yield name, command
        for word, inner in getattr(command, "commands", {}).items():
            yield from below(f"{name} {word}", inner)

    yield from below("bias-harness", typer.main.get_command(app))


def _parameter(one: Any) -> str:
    """One row: what is typed, and what it means; read from attributes that every version of Typer has."""
    value = str(one.metavar or one.name).upper().removesuffix("...")
    if one.param_type_name == "option":
        typed = ", ".join([*one.opts, *one.secondary_opts]) + ("" if one.is_flag else f" {value}")
    else:
        typed = value + ("..." if one.nargs == -1 else "")
    notes = [f"default: {one.default}"] if type(one.default) in (int, float, str) and one.default != "" else []
    notes += ["required"] if one.required else []
    text = " ".join((one.help or "").split())
    return f"| `{typed}` | {text}{f' ({chr(44).join(notes)})' if notes else ''} |"


def help_text(command: Any) -> str:
    """What a command does, and its arguments and options."""
    lines = [prose(command.help), ""]
    rows = [_parameter(one) for one in command.params if one.name not in TYPERS_OWN]
    return "\n".join([*lines, "| typed | meaning |", "|---|---|", *rows, ""] if rows else lines)


def call_table() -> Iterator[str]:
    """A row a command: its chapter, the Python function, what it writes. Raises where a command has no row."""
    yield "| | command | in Python | writes |\n|---|---|---|---|"
    rows, last = dict(CALLS), ""
    for name, command in commands():
        word = name.removeprefix("bias-harness").strip()
        chapter = getattr(command, "rich_help_panel", None) or last
        if not word or getattr(command, "commands", None):
            last = chapter
            continue
        function, written = rows.pop(word)
        link = f"[`{function}`](python.md#{function.partition('.')[0].lower()})" if function else ""
        yield f"| {'' if chapter == last else chapter} | `{word}` | {link} | {written} |"
        last = chapter
    if rows:
        raise KeyError(f"no such command: {', '.join(rows)}")


def cli_page() -> str:
    """Every command's help, after a table of them all."""
    parts = [MADE + INTRODUCTION, "\n".join([*call_table(), ""])]
    for name, command in commands():
        parts.append(f"## {name}\n\n{help_text(command)}")
    return "\n".join(parts)


def experiment_page() -> str:
    """Every key of an experiment, from the JSON Schema that editors use."""
    schema = json.loads(SCHEMA.read_text())
    lines = [MADE + "# The experiment file\n", "`bias-harness schema` prints the JSON Schema this page is made from.\n"]
    lines += [prose(schema.get("description", "")) + "\n", *keys_of(schema), ""]
    for name, shape in schema["$defs"].items():
        lines += [f"## {name}\n", prose(shape.get("description", "")) + "\n", *keys_of(shape), ""]
    return "\n".join(lines)


def pages() -> dict[Path, str]:
    """Every made page and its text."""
    glossary = DOCS / "glossary.md"
    written = glossary.read_text(encoding="utf-8").partition(MARKER)[0]
    made = {
        DOCS / "reference" / "commands.md": cli_page(),
        DOCS / "reference" / "experiment.md": experiment_page(),
        DOCS / "reference" / "python.md": python_page(),
        glossary: written + MARKER + "\n" + records(),
    }
    return {path: text.rstrip() + "\n" for path, text in made.items()}


def stale() -> list[Path]:
    """The pages that differ from what the code gives."""
    return [path for path, text in pages().items() if not path.is_file() or path.read_text(encoding="utf-8") != text]


def main() -> int:
    """Write or compare; the exit code."""
    if "--check" in sys.argv[1:]:
        differing = stale()
        for path in differing:
            sys.stderr.write(f"{path.relative_to(DOCS.parent)} is not what the code gives: run tools/reference.py\n")
        return int(bool(differing))
    for path, text in pages().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
