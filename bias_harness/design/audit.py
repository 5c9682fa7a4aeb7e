"""An experiment with everything it needs, resolved: people, attributes, prompt texts, and the design they make.

What is written into a run folder is this whole, so that a run can be read again when the files it came from
have changed or are gone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

from bias_harness.design.blocks import Block, Design
from bias_harness.design.declared import primary_of, remarks
from bias_harness.design.digests import Resolved, digest_of, digests_of, whole
from bias_harness.design.edits import Edits
from bias_harness.design.experiment import Endpoint, Experiment, Strict
from bias_harness.design.leaks import check_leaks
from bias_harness.design.personas import Attribute, People, personas_of, read_attributes, read_people
from bias_harness.design.prompts import Prompter, read_sources
from bias_harness.design.rotation import CROSSED_REPEATS, with_design, with_rotations
from bias_harness.design.varying import vary
from bias_harness.errors import InputError, RunFolderError, UsageError, check_format, did_you_mean
from bias_harness.handwritten import Document, check, read_yaml, write_yaml
from bias_harness.vocabulary import Request
from bias_harness.workspace import EXPERIMENT, Workspace, find_experiment

FORMAT = 2
HAND_WRITTEN: dict[str, type[Strict]] = {
    "experiment": Experiment,
    "people": People,
    "attribute": Attribute,
    "edits": Edits,
}
DEFAULTS_OF_FORMAT_1 = {"repeats": CROSSED_REPEATS, "smallest_gap": 0.01}


@dataclass(frozen=True)
class Audit:
    """One experiment, resolved. `workspace` is where it was found, and where its runs are kept."""

    resolved: Resolved
    workspace: Workspace

    @classmethod
    def of_folder(cls, folder: Path) -> Audit:
        """The experiment that a run folder keeps, as it was asked. Raises `RunFolderError` where this is none."""
        path = folder / EXPERIMENT
        if not path.is_file():
            raise RunFolderError(f"{folder} is not a run folder: it has no {EXPERIMENT}")
        return _audit_of(read_yaml(path), str(path), Workspace.of(folder))

    def __repr__(self) -> str:
        e = self.experiment
        people, ends = len(self.design.personas), ", ".join(endpoint.name for endpoint in e.endpoints)
        attributes = ", ".join(a.name for a in self.design.attributes)
        return f"Audit({e.experiment!r}: {people:,} people, by {attributes}; endpoints {ends}; {self.digest[:12]})"

    def _repr_html_(self) -> str:
        title = self.experiment.title.get("en", self.experiment.experiment)
        return f"<p><strong>{escape(title)}</strong><br>{escape(repr(self))}</p>"

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
            self.prompter.more_edits,
        )

    @cached_property
    def primary(self) -> tuple[tuple[str, str], ...]:
        """The declared family: the attributes and levels that the verdicts are about, each against its reference."""
        return primary_of(self.experiment, self.design.attributes, self.resolved.attributes)

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of everything that decides what is asked and how it is judged."""
        return digest_of(whole(self.resolved))

    @cached_property
    def digests(self) -> dict[str, str]:
        """The same by part: what is asked about, in which words, and how the answers are judged."""
        return digests_of(whole(self.resolved))

    def to_yaml(self) -> str:
        """The resolved experiment as a run folder keeps it."""
        data = self.resolved.model_dump(mode="json", exclude_defaults=True)
        experiment = self.experiment
        data["experiment"] |= {"repeats": experiment.repeats, "analysis": experiment.analysis.model_dump(mode="json")}
        return write_yaml({"format": FORMAT, **data})

    def requests(self, endpoint: Endpoint) -> Iterator[tuple[Block, list[Request]]]:
        """Every block in the order of asking, with its requests to one endpoint; made as it is read."""
        for block in self.design.blocks():
            yield block, self.prompter.requests(block, endpoint)

    def remarks(self) -> list[str]:
        """What can never be said with this design, a sentence each; none of it is an error."""
        return list(remarks(self.resolved, self.design))

    def check(self) -> int:
        """Everything that can be checked without asking, once. Returns the number of prompts compared for leaks."""
        return self._compared

    @cached_property
    def _compared(self) -> int:
        return check_leaks(self.design, self.prompter)


def an_audit(of: object) -> Audit:
    """The experiment. Raises `UsageError` for the name of one, or for what is none."""
    if not isinstance(of, Audit):
        raise UsageError(
            f"an experiment is wanted here, and this is {of!r}; load_experiment(NAME) gives that of a name"
        )
    return of


def load_audit(name: str | Path, changes: Mapping[str, Any] | None = None) -> Audit:
    """The experiment in a file, or the shipped one of that name, resolved and checked.

    The file may also be the `experiment.yaml` of a run, which holds its people and prompts itself; it is run from the
    working folder. `changes` replaces keys of the experiment, dotted ones inside others (`endpoints.*.model`). Raises
    `InputError` that names file, line and remedy.
    """
    path = find_experiment(name)
    document = read_yaml(path)
    if _is_resolved(document.data):
        return _audit_of_a_run(document, path, changes or {})
    given = list(document.data) if isinstance(document.data, dict) else []
    if changes:
        document = Document(document.source, _changed(document.data, changes), document.lines, tuple(changes))
    experiment = check(Experiment, document)
    workspace = Workspace.of(path)
    try:
        audit = Audit(_resolved(experiment, given, workspace), workspace)
        _check_plants(audit)
        audit.check()
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    _check_primary(audit, document, ())
    return audit


def changed_text(name: str | Path, changes: Mapping[str, Any]) -> str:
    """An experiment's file with keys replaced, as YAML; rotations of single attributes go where one for all comes.

    Raises `InputError` where the file is none that a person wrote.
    """
    data = read_yaml(find_experiment(name)).data
    if _is_resolved(data):
        raise InputError(f"{name} is a run's own experiment; name the file that it was made from")
    data = _changed(data, changes)
    if "rotation" in changes:
        data["attributes"] = [
            {key: value for key, value in each.items() if key != "rotation"} if isinstance(each, dict) else each
            for each in data["attributes"]
        ]
    return write_yaml(data)


def _resolved(experiment: Experiment, given: Collection[str], workspace: Workspace) -> Resolved:
    """With the files that it names, and the design that it does not spell out; `given` are its file's own keys."""
    folders = {kind: workspace.folders(kind) for kind in ("personas", "prompts")}
    people = read_people(folders["personas"], experiment.personas.people)
    attributes = read_attributes(folders["personas"], [a.name for a in experiment.attributes])
    personas = personas_of(people, experiment.personas)
    experiment = with_design(experiment, given, len({p.job for p in personas}))
    prompts = read_sources(folders["prompts"], experiment)
    edits = Prompter(experiment, prompts).more_edits
    experiment = with_rotations(experiment, attributes, len(personas), edits)
    return Resolved(format=FORMAT, experiment=experiment, people=people, attributes=attributes, prompts=prompts)


def _is_resolved(data: Any) -> bool:
    return isinstance(data, dict) and "format" in data and isinstance(data.get("experiment"), dict)


def _audit_of_a_run(document: Document, path: Path, changes: Mapping[str, Any]) -> Audit:
    """The experiment of a run folder, to be asked again: everything it needs is in the file."""
    data = _changed(document.data, {f"experiment.{key}": value for key, value in changes.items()})
    audit = _audit_of(Document(document.source, data, document.lines), str(path), Workspace.here())
    _check_plants(audit)
    audit.check()
    _check_primary(audit, document, ("experiment",))
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
        found = check_format(document.data.get("format"), FORMAT, source)
        if found == 1 and isinstance(document.data.get("experiment"), dict):
            document = Document(document.source, _of_format_1(document.data), document.lines)
    return Audit(check(Resolved, document), workspace)


def _of_format_1(data: dict[str, Any]) -> dict[str, Any]:
    """Format 1 left out what was at its default, and two defaults have changed since."""
    old, experiment = DEFAULTS_OF_FORMAT_1, data["experiment"]
    analysis = {"smallest_gap": old["smallest_gap"], **(experiment.get("analysis") or {})}
    return {**data, "experiment": {"repeats": old["repeats"], **experiment, "analysis": analysis}}


def schemas() -> dict[str, dict[str, Any]]:
    """The JSON Schema of each hand-written file: experiment, people, attribute, edits."""
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
            ("jumps", plant.jumps),
            ("misreports", plant.misreports),
            *(("field_gaps." + f, g) for f, g in plant.field_gaps.items()),
        ]:
            for attribute, by_level in planted.items():
                known = audit.resolved.attributes
                _in(f"{where}.{key}", attribute, set(known) | set(levels))
                for level in by_level:
                    _in(
                        f"{where}.{key}.{attribute}", level, set(known[attribute].levels) | levels.get(attribute, set())
                    )


def _check_primary(audit: Audit, document: Document, at: tuple[str, ...]) -> None:
    """Name the line of a `primary` that names nothing."""
    for place, name in enumerate(audit.experiment.primary or ()):
        try:
            primary_of(
                audit.experiment.model_copy(update={"primary": [name]}),
                audit.design.attributes,
                audit.resolved.attributes,
            )
        except InputError as error:
            raise InputError(f"{document.where((*at, 'primary', place))}: {error}") from None


def _in(where: str, name: str, known: set[str]) -> None:
    if name not in known:
        raise InputError(f"{where}: {name!r} is not known{did_you_mean(name, known)}")
