"""Hand-written YAML -> checked models, with errors that name the file, the line, the key and the remedy."""

from __future__ import annotations

import math
import re
import types
import typing
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
)

from bias_harness.errors import InputError, did_you_mean
from bias_harness.files import read_text

M = TypeVar("M", bound=BaseModel)
Path_ = tuple[str | int, ...]
PLAIN = {
    "missing": "is missing",
    "string_type": "must be text (put it in quotes)",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "float_parsing": "must be a number",
    "finite_number": "must be a number, and a finite one",
    "bool_parsing": "must be true or false",
    "list_type": "must be a list",
    "dict_type": "must be a mapping (key: value)",
    "model_type": "must be a mapping (key: value)",
    "model_attributes_type": "must be a mapping (key: value)",
    "too_short": "must not be empty",
}

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
"""libyaml's, ten times as fast, where PyYAML was built with it; the same data come out of either."""
DEEPEST, MOST_REPEATED = 50, 100_000
"""Levels of a YAML file, and parts that its aliases may repeat, beyond which it is not read."""
TOO_DEEP = f"{{source}}: this is nested more than {DEEPEST} levels deep; is it the right file?"
_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
_STRING, _MERGE = "tag:yaml.org,2002:str", "tag:yaml.org,2002:merge"
_MAPPING, _SEQUENCE = "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"
_MISREAD = re.compile(r"[-+]?(0[0-9_]+|[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?)")
"""Whole numbers that YAML 1.1 reads as octal (010 is 8) or as hours and minutes (1:30 is 90)."""


@dataclass(frozen=True)
class Document:
    """A YAML file as read: the data, and the line (from 1) on which each key or item stands.

    `changed` are the places that something else than the file said, as typed: dotted, `*` for every item.
    """

    source: str
    data: Any
    lines: dict[Path_, int]
    changed: tuple[str, ...] = ()

    def where(self, at: Path_) -> str:
        """`file, line n` of the nearest thing that has a line; `file, --set KEY` of what was put in its place."""
        for typed in self.changed:
            parts = typed.split(".")
            if len(parts) <= len(at) and all(p in ("*", str(here)) for p, here in zip(parts, at, strict=False)):
                return f"{self.source}, --set {typed}"
        while at and at not in self.lines:
            at = at[:-1]
        return f"{self.source}, line {self.lines.get(at, 1)}"


def read_yaml(path: Path) -> Document:
    """Read one YAML file. Raises `InputError` where it cannot be read or is no YAML."""
    if not path.exists():
        raise InputError(f"{path} does not exist{_neighbours(path)}")
    return parse_yaml(read_text(path), str(path))


def write_yaml(data: Any) -> str:
    """Plain data as YAML, keys in their order."""
    written: str = yaml.dump(data, Dumper=DUMPER, sort_keys=False, allow_unicode=True, width=110)
    return written


def parse_shipped(text: str) -> Any:
    """The data of a YAML text that is our own, unchecked."""
    return yaml.load(text, LOADER)  # noqa: S506 (a safe loader, of either kind)


def parse_yaml(text: str, source: str) -> Document:
    """The same for a text that is already in memory; `source` names it in messages."""
    try:
        loader = LOADER(text)
    except yaml.YAMLError as error:
        raise InputError(f"{source}: this is not valid YAML: {getattr(error, 'reason', error)}") from None
    try:
        node = loader.get_single_node()
        if node is None:
            return Document(source, {}, {})
        walk = _Walk(source, loader)
        data = walk.over(node)
        return Document(source, data if walk.plain else loader.construct_document(node), walk.lines)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        if "nesting depth" in str(error.problem):  # libyaml's own bound, far beyond ours
            raise InputError(TOO_DEEP.format(source=source)) from None
        raise InputError(f"{source}, line {line}: this is not valid YAML: {error.problem}") from None
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise InputError(f"{source}: this is not valid YAML: {error}") from None
    except RecursionError:
        raise InputError(TOO_DEEP.format(source=source)) from None
    finally:
        loader.dispose()


class _Walk:
    """Goes over a document and makes its data: the line of every key, and bounds to what aliases repeat.

    `plain` says whether the data are those: merge keys, sets and what else has a tag of its own are YAML's to make.
    """

    def __init__(self, source: str, loader: Any) -> None:
        self.source, self.loader = source, loader
        self.lines: dict[Path_, int] = {}
        self.plain = True
        self._seen: set[int] = set()
        self._repeated = 0

    def over(self, node: yaml.Node, at: Path_ = ()) -> Any:
        """The data. Raises `InputError` where a key stands twice or is no text, or the document exceeds its bounds."""
        self.lines.setdefault(at, node.start_mark.line + 1)
        self._bounded(node, at)
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        self.plain = self.plain and node.tag == (_MAPPING if isinstance(node, yaml.MappingNode) else _SEQUENCE)
        if isinstance(node, yaml.MappingNode):
            return {key.value: self.over(value, self._key(key, at)) for key, value in node.value}
        return [self.over(value, (*at, index)) for index, value in enumerate(node.value)]

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        if node.tag in _NUMBERS and _MISREAD.fullmatch(node.value):
            raise self._wrong(node, f"{node.value} is another number in YAML; write it without the leading 0 or ':'")
        return node.value if node.tag == _STRING else self.loader.construct_object(node)

    def _bounded(self, node: yaml.Node, at: Path_) -> None:
        self._repeated += id(node) in self._seen
        self._seen.add(id(node))
        if len(at) > DEEPEST:
            raise self._wrong(node, f"this is nested more than {DEEPEST} levels deep, or an alias holds itself")
        if self._repeated > MOST_REPEATED:
            raise self._wrong(node, f"aliases repeat more than {MOST_REPEATED:,} parts; write them out")

    def _key(self, key: yaml.Node, at: Path_) -> Path_:
        """The place of a key. `no`, `1` and dates are no text for YAML, and would silently become another key."""
        if not isinstance(key, yaml.ScalarNode):
            raise self._wrong(key, "a key must be one word")
        if key.tag == _MERGE:
            self.plain = False
        elif key.tag != _STRING:
            raise self._wrong(key, f"the key {key.value} must be text; put it in quotes: '{key.value}'")
        here = (*at, key.value)
        if here in self.lines:
            raise self._wrong(key, f"the key {key.value!r} stands here twice")
        self.lines[here] = key.start_mark.line + 1
        return here

    def _wrong(self, node: yaml.Node, what: str) -> InputError:
        return InputError(f"{self.source}, line {node.start_mark.line + 1}: {what}")


_KIND = re.compile(r"(constrained-|list\[|dict\[|literal\[|nullable|function-)")
"""What pydantic puts into a place where either of several kinds would do; no key of ours looks like it."""


def check(model: type[M], document: Document) -> M:
    """The document as a `model`. Raises `InputError` that names the first few faults, each with its line."""
    if not isinstance(document.data, dict):
        raise InputError(f"{document.source}: a mapping (key: value) is wanted here")
    try:
        return model.model_validate(document.data)
    except ValidationError as error:
        faults = [_say(model, document, fault) for fault in error.errors(include_url=False)]
        shown = list(dict.fromkeys(faults))
        more = f"\n(and {len(shown) - 5} more)" if len(shown) > 5 else ""
        raise InputError("\n".join(shown[:5]) + more) from None


def _say(model: type[BaseModel], document: Document, fault: Any) -> str:
    at: Path_ = tuple(part for part in fault["loc"] if not _KIND.match(str(part)))
    key = at[-1] if at else ""
    dotted = ".".join(str(part) for part in at)
    if fault["type"] == "extra_forbidden":
        return f"{document.where(at)}: {key!r} is not a key here{did_you_mean(str(key), _fields_at(model, at[:-1]))}"
    plain = PLAIN.get(fault["type"], fault["msg"].removeprefix("Value error, "))
    return f"{document.where(at)}: {dotted}: {plain}" if dotted else f"{document.where(at)}: {plain}"


def _fields_at(model: Any, at: Path_) -> list[str]:
    """The keys that the model allows at a place, found by following the annotations."""
    for part in at:
        models = [m for m in _flatten(model) if isinstance(m, type) and issubclass(m, BaseModel)]
        inner = [m.model_fields[part].annotation for m in models if isinstance(part, str) and part in m.model_fields]
        model = inner[0] if inner else _item(model)
    found = [m for m in _flatten(model) if isinstance(m, type) and issubclass(m, BaseModel)]
    return [name for m in found for name in m.model_fields]


def _flatten(kind: Any) -> list[Any]:
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        return [k for arg in typing.get_args(kind) for k in _flatten(arg)]
    return [kind]


def _item(kind: Any) -> Any:
    for option in _flatten(kind):
        if typing.get_origin(option) in (list, dict, tuple):
            return typing.get_args(option)[-1]
    return None


def _neighbours(path: Path) -> str:
    siblings = sorted(p.name for p in path.parent.glob("*.yaml")) if path.parent.is_dir() else []
    return did_you_mean(path.name, siblings)


NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_OF_WINDOWS = frozenset({"CON", "PRN", "AUX", "NUL", *(f"{x}{n}" for x in ("COM", "LPT") for n in range(1, 10))})


class Strict(BaseModel):
    """A hand-written thing: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def finite(value: Any, at: str = "") -> Any:
    """The value as it is. Raises `ValueError` that names the place where a number in it is infinite or none."""
    if isinstance(value, float) and not math.isfinite(value):
        where = f"{at} is {value}" if at else f"this is {value}"
        raise ValueError(f"{where}, which JSON cannot hold; write a finite number, or put it in quotes if it is text")
    if isinstance(value, dict):
        for key, part in value.items():
            finite(part, f"{at}.{key}".lstrip("."))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            finite(part, f"{at}.{index}".lstrip("."))
    return value


def fraction(value: Any) -> Any:
    """Read "1%" as 0.01; leave everything else to pydantic."""
    if isinstance(value, str) and (match := re.fullmatch(r"\s*([0-9.]+)\s*%\s*", value)):
        return float(match[1]) / 100
    return value


def _name(value: str) -> str:
    if not NAME.fullmatch(value):
        raise ValueError(f"{value!r} is not a name: letters, digits, '.', '_' and '-', starting with a letter or digit")
    if value.endswith(".") or value.split(".")[0].upper() in _OF_WINDOWS:
        raise ValueError(f"{value!r} cannot be a file's name on Windows; choose another")
    return value


def is_name(text: str) -> bool:
    """Whether a text can be a name: of an experiment, a level, a file on any system."""
    return NAME.fullmatch(text) is not None and not (text.endswith(".") or text.split(".")[0].upper() in _OF_WINDOWS)


_SHARE_SCHEMA = {"anyOf": [{"type": "number", "minimum": 0, "exclusiveMaximum": 1}, {"pattern": r"^[0-9.]+ *%$"}]}


Share = Annotated[float, BeforeValidator(fraction), Field(ge=0, lt=1), WithJsonSchema(_SHARE_SCHEMA)]


Name = Annotated[str, BeforeValidator(lambda v: _name(v) if isinstance(v, str) else v)]
