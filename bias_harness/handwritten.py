"""Hand-written YAML -> checked models, with errors that name the file, the line, the key and the remedy."""

from __future__ import annotations

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

M = TypeVar("M", bound=BaseModel)
Path_ = tuple[str | int, ...]
PLAIN = {
    "missing": "is missing",
    "string_type": "must be text (put it in quotes)",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "float_parsing": "must be a number",
    "bool_parsing": "must be true or false",
    "list_type": "must be a list",
    "dict_type": "must be a mapping (key: value)",
    "model_type": "must be a mapping (key: value)",
    "model_attributes_type": "must be a mapping (key: value)",
    "too_short": "must not be empty",
}


@dataclass(frozen=True)
class Document:
    """A YAML file as read: the data, and the line (from 1) on which each key or item stands."""

    source: str
    data: Any
    lines: dict[Path_, int]

    def where(self, at: Path_) -> str:
        """`file, line n` of the nearest thing that has a line."""
        while at and at not in self.lines:
            at = at[:-1]
        return f"{self.source}, line {self.lines.get(at, 1)}"


def read_yaml(path: Path) -> Document:
    """Read one YAML file. Raises `InputError` where it cannot be read or is no YAML."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(f"{path} does not exist{_neighbours(path)}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path} cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8 text'}"
        ) from None
    return parse_yaml(text, str(path))


def parse_yaml(text: str, source: str) -> Document:
    """The same for a text that is already in memory; `source` names it in messages."""
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        lines: dict[Path_, int] = {}
        if node is None:
            return Document(source, {}, lines)
        _walk(node, (), lines, source)
        return Document(source, loader.construct_document(node), lines)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise InputError(f"{source}, line {line}: this is not valid YAML: {error.problem}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise InputError(f"{source}: this is not valid YAML: {error}") from None
    finally:
        loader.dispose()


def _walk(node: yaml.Node, at: Path_, lines: dict[Path_, int], source: str) -> None:
    lines.setdefault(at, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            here = (*at, key.value)
            if here in lines:
                raise InputError(f"{source}, line {key.start_mark.line + 1}: the key {key.value!r} stands here twice")
            lines[here] = key.start_mark.line + 1
            _walk(value, here, lines, source)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            _walk(value, (*at, index), lines, source)


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
    at: Path_ = tuple(fault["loc"])
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


NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*$")


class Strict(BaseModel):
    """A hand-written thing: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _fraction(value: Any) -> Any:
    """Read "1%" as 0.01; leave everything else to pydantic."""
    if isinstance(value, str) and (match := re.fullmatch(r"\s*([0-9.]+)\s*%\s*", value)):
        return float(match[1]) / 100
    return value


def _name(value: str) -> str:
    if not NAME.match(value):
        raise ValueError(f"{value!r} is not a name: letters, digits, '.', '_' and '-', starting with a letter or digit")
    return value


_SHARE_SCHEMA = {"anyOf": [{"type": "number", "minimum": 0, "exclusiveMaximum": 1}, {"pattern": r"^[0-9.]+ *%$"}]}


Share = Annotated[float, BeforeValidator(_fraction), Field(ge=0, lt=1), WithJsonSchema(_SHARE_SCHEMA)]


Name = Annotated[str, BeforeValidator(lambda v: _name(v) if isinstance(v, str) else v)]
