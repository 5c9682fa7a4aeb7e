"""An experiment with everything it needs, resolved: people, attributes, prompt texts, and the design they make.

What is written into a run folder is this whole, so that a run can be read again when the files it came from
have changed or are gone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import orjson
import yaml

from bias_harness.design.blocks import Block, Design
from bias_harness.design.experiment import Endpoint, Experiment, Strict
from bias_harness.design.personas import Attribute, People, personas_of, read_attributes, read_people, vary
from bias_harness.design.prompts import Prompter, check_leaks, read_sources
from bias_harness.errors import InputError, RunFolderError, check_format, did_you_mean
from bias_harness.handwritten import Document, check, parse_yaml, read_yaml
from bias_harness.outcome import CAME_LATER, Analysis, Outcome
from bias_harness.vocabulary import Request
from bias_harness.workspace import EXPERIMENT, Workspace, find_experiment

FORMAT = 1
HAND_WRITTEN: dict[str, type[Strict]] = {"experiment": Experiment, "people": People, "attribute": Attribute}


class Resolved(Strict):
    """The file `experiment.yaml` of a run folder."""

    format: int
    experiment: Experiment
    people: People
    attributes: dict[str, Attribute]
    prompts: dict[str, str]


@dataclass(frozen=True)
class Audit:
    """One experiment, resolved. `workspace` is where it was found, and where its runs are kept."""

    resolved: Resolved
    workspace: Workspace

    @classmethod
    def of_folder(cls, folder: Path) -> Audit:
        """The experiment that a run folder keeps, as it was asked. Raises `RunFolderError` where this is none."""
        path = folder / EXPERIMENT
        try:
            text = path.read_text(encoding="utf-8")
        except (FileNotFoundError, NotADirectoryError):
            raise RunFolderError(f"{folder} is not a run folder: it has no {EXPERIMENT}") from None
        return _audit_of(parse_yaml(text, str(path)), str(path), Workspace.of(folder))

    @property
    def experiment(self) -> Experiment:
        """The experiment as it was written, with every default filled in."""
        return self.resolved.experiment

    @cached_property
    def prompter(self) -> Prompter:
        """Renders the prompts."""
        return Prompter(self.experiment, self.resolved.prompts)

    @cached_property
    def design(self) -> Design:
        """Who is asked about, in which order."""
        e = self.experiment
        return Design(
            e,
            personas_of(self.resolved.people, e.personas),
            tuple(vary(choice, self.resolved.attributes) for choice in e.attributes),
            self.prompter.edits,
        )

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of everything that decides what is asked and how it is judged."""
        return _digest(self._whole)

    @cached_property
    def digests(self) -> dict[str, str]:
        """The same by part: what is asked about, in which words, and how the answers are judged."""
        whole = self._whole
        experiment = whole["experiment"]
        judged = {k: experiment[k] for k in ("outcome", "analysis")}
        return {
            "personas": _digest(
                [whole["people"], whole["attributes"], experiment["personas"], experiment["attributes"]]
            ),
            "prompts": _digest([whole["prompts"], experiment["persona_in"]]),
            "judging": _digest(judged),
        }

    @property
    def _whole(self) -> dict[str, Any]:
        """As plain data, without what came later than format 1 and is as if it were not there."""
        whole: dict[str, Any] = self.resolved.model_dump(mode="json")
        for part, model in (("outcome", Outcome), ("analysis", Analysis)):
            dumped = whole["experiment"][part]
            for name in CAME_LATER[part]:
                if dumped[name] == model.model_fields[name].default:
                    del dumped[name]
        return whole

    def to_yaml(self) -> str:
        """The resolved experiment as a run folder keeps it."""
        data = self.resolved.model_dump(mode="json", exclude_defaults=True)
        return yaml.safe_dump({"format": FORMAT, **data}, sort_keys=False, allow_unicode=True, width=110)

    def requests(self, endpoint: Endpoint) -> Iterator[tuple[Block, list[Request]]]:
        """Every block in the order of asking, with its requests to one endpoint; made as it is read."""
        for block in self.design.blocks():
            yield block, self.prompter.requests(block, endpoint)

    def check(self) -> int:
        """Everything that can be checked without asking. Returns the number of prompts compared for leaks."""
        return check_leaks(self.design, self.prompter)


def load_audit(name: str | Path, changes: Mapping[str, Any] | None = None) -> Audit:
    """The experiment in a file, or the shipped one of that name, resolved and checked.

    The file may also be the `experiment.yaml` of a run, which holds its people and prompts itself; it is run from the
    working folder. `changes` replaces keys of the experiment, dotted ones inside others (`endpoints.*.model`). Raises
    `InputError` that names file, line and remedy.
    """
    path = find_experiment(name)
    document = read_yaml(path)
    if _is_resolved(document.data):
        return _again(document, path, changes or {})
    if changes:
        document = Document(document.source, _changed(document.data, changes), document.lines)
    experiment = check(Experiment, document)
    workspace = Workspace.of(path)
    folders = {kind: workspace.folders(kind) for kind in ("personas", "prompts")}
    try:
        resolved = Resolved(
            format=FORMAT,
            experiment=experiment,
            people=read_people(folders["personas"], experiment.personas.people),
            attributes=read_attributes(folders["personas"], [a.name for a in experiment.attributes]),
            prompts=read_sources(folders["prompts"], experiment),
        )
        audit = Audit(resolved, workspace)
        _check_plants(audit)
        audit.check()
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    return audit


def _is_resolved(data: Any) -> bool:
    return isinstance(data, dict) and "format" in data and isinstance(data.get("experiment"), dict)


def _again(document: Document, path: Path, changes: Mapping[str, Any]) -> Audit:
    """The experiment of a run folder, to be asked again: everything it needs is in the file."""
    data = _changed(document.data, {f"experiment.{key}": value for key, value in changes.items()})
    audit = _audit_of(Document(document.source, data, document.lines), str(path), Workspace.here())
    _check_plants(audit)
    audit.check()
    return audit


def _changed(data: Any, changes: Mapping[str, Any]) -> Any:
    """The data with keys replaced; `*` stands for every item of a list, a number for one."""
    for path, value in changes.items():
        data = _set(data, path.split("."), value, path)
    return data


def _set(node: Any, path: list[str], value: Any, whole: str) -> Any:
    if not path:
        return value
    first, rest = path[0], path[1:]
    if isinstance(node, list) and first == "*":
        return [_set(item, rest, value, whole) for item in node]
    if isinstance(node, list) and first.isdigit() and int(first) < len(node):
        return [_set(item, rest, value, whole) if i == int(first) else item for i, item in enumerate(node)]
    if isinstance(node, dict) or node is None:
        return {**(node or {}), first: _set((node or {}).get(first), rest, value, whole)}
    raise InputError(f"--set {whole}: {first!r} is no place in the experiment")


def _audit_of(document: Document, source: str, workspace: Workspace) -> Audit:
    if isinstance(document.data, dict):
        check_format(document.data.get("format"), FORMAT, source)
    return Audit(check(Resolved, document), workspace)


def schemas() -> dict[str, dict[str, Any]]:
    """The JSON Schema of each hand-written file: experiment, people, attribute."""
    made = {name: model.model_json_schema() for name, model in HAND_WRITTEN.items()}
    bare = made["experiment"]["properties"]["attributes"]
    bare["items"] = {"anyOf": [bare["items"], {"type": "string"}]}
    return {
        name: {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema} for name, schema in made.items()
    }


def _check_plants(audit: Audit) -> None:
    """A planted gap for a level that is not asked about would silently plant nothing."""
    levels = {a.name: set(a.levels) for a in audit.design.attributes}
    fields = set(audit.resolved.people.fields)
    for endpoint in audit.experiment.endpoints:
        plant = endpoint.plant
        if plant is None:
            continue
        where = f"endpoint {endpoint.name!r}, plant"
        for field in plant.field_gaps:
            _in(f"{where}.field_gaps", field, fields)
        for key, planted in [
            ("gaps", plant.gaps),
            ("refusals", plant.refusals),
            *(("field_gaps." + f, g) for f, g in plant.field_gaps.items()),
        ]:
            for attribute, by_level in planted.items():
                known = audit.resolved.attributes
                _in(f"{where}.{key}", attribute, set(known) | set(levels))
                for level in by_level:
                    _in(
                        f"{where}.{key}.{attribute}", level, set(known[attribute].levels) | levels.get(attribute, set())
                    )


def _in(where: str, name: str, known: set[str]) -> None:
    if name not in known:
        raise InputError(f"{where}: {name!r} is not known{did_you_mean(name, known)}")


def _digest(data: Any) -> str:
    return hashlib.sha256(orjson.dumps(data, option=orjson.OPT_SORT_KEYS)).hexdigest()
