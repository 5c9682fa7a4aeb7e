"""The reference of the public names and of the records, from their signatures and docstrings."""

from __future__ import annotations

import dataclasses
import inspect
import re
import typing
from collections.abc import Callable, Iterator
from typing import Any

from pydantic import BaseModel
from reference_words import MADE, keys_of, prose

import bias_harness

LONG = 90
FLOW = {
    "Design: an experiment": "load_experiment plan calibrate Audit Outcome Analysis Plan Calibration",
    "Ask, and read back": "run arun load_run Run Tally",
    "Read": "read Answer Candidate",
    "Report": "estimate report figure compare changes_between pooled Estimates Estimate",
    "Check": "record accept check Policy Check Gate",
    "Share": "import_answers export bundle verify Verified",
    "Write a provider": "Provider Context Nature Request Message Trial Response Usage Failure",
    "Errors": "BiasHarnessError InputError UsageError RunFolderError ProviderError TransientError ContentError "
    "FatalError ReplayMissError QuotaError",
}
"""The public names in the order of the flow."""


def _signature(thing: Callable[..., Any]) -> str:
    found = inspect.signature(thing)
    taken = [one for name, one in found.parameters.items() if name not in ("self", "cls")]
    text = str(found.replace(parameters=taken))
    if len(text) > LONG:
        rows, star = [], False
        for one in taken:
            if one.kind is one.KEYWORD_ONLY and not star:
                rows.append("*")
                star = True
            rows.append(str(one))
        text = "(\n    " + ",\n    ".join(rows) + f",\n) -> {found.return_annotation}"
    text = re.sub(r"<factory>|<[^<>]* object at 0x[0-9a-f]+>", "...", text)
    return re.sub(r"""(: |-> )(['\"])((?:(?!\2).)+)\2""", r"\1\3", text)


def _is_unlisted(kind: type) -> bool:
    return kind.__module__.startswith("bias_harness.") and kind.__name__ not in bias_harness.__all__


def _members(kind: type) -> Iterator[str]:
    """Those of the class, then what it inherits from a class of ours that has no entry of its own."""
    ours = [one for one in kind.__mro__ if one is kind or _is_unlisted(one)]
    for name, member in (pair for one in ours for pair in vars(one).items()):
        plain = getattr(member, "fget", None) or getattr(member, "func", None)
        called = getattr(member, "__func__", member)
        text = inspect.getdoc(plain or called)
        if name.startswith("_") or not text or not (plain or inspect.isfunction(called)):
            continue
        head = f".{name}" if plain else f".{name}{_signature(called)}"
        yield f"#### {kind.__name__}.{name}\n\n```text\n{head}\n```\n\n{prose(text)}\n"


def _entry(name: str) -> Iterator[str]:
    thing = getattr(bias_harness, name)
    yield f"### {name}\n"
    if words := typing.get_args(thing):  # a Literal: its words say it all
        yield f"One of {', '.join(f'`{word}`' for word in words)}.\n"
        return
    is_error = inspect.isclass(thing) and issubclass(thing, Exception)
    if inspect.isclass(thing) and issubclass(thing, BaseModel):  # what people write: its keys as in their files
        yield prose(inspect.getdoc(thing)) + "\n"
        yield from (*keys_of(thing.model_json_schema()), "", *_members(thing))
        return
    if not is_error:
        yield f"```text\n{name}{_signature(thing)}\n```\n"
    yield prose(inspect.getdoc(thing)) + "\n"
    if inspect.isclass(thing) and not is_error:
        yield from _members(thing)


def python_page() -> str:
    """The public names, those of `bias_harness.__all__`, and nothing else, in the order of the flow."""
    listed = [name for names in FLOW.values() for name in names.split()]
    if sorted(listed) != sorted(bias_harness.__all__):
        raise KeyError(f"FLOW and __all__ differ in {set(listed) ^ set(bias_harness.__all__)}")
    lines = [MADE + "# Python\n", "What is listed here is public; every other name may change.\n"]
    for heading, names in FLOW.items():
        lines.append(f"## {heading}\n")
        for name in names.split():
            lines += _entry(name)
    return "\n".join(lines)


def records() -> str:
    """The class docstrings of the vocabulary, with the fields of each."""
    from bias_harness import vocabulary

    lines = ["## Records\n", "What crosses from stage to stage; each text is the docstring of its class.\n"]
    for name, kind in vars(vocabulary).items():
        if dataclasses.is_dataclass(kind) and inspect.isclass(kind):
            fields = ", ".join(f"`{one.name}`" for one in dataclasses.fields(kind))
            lines += [f"### {name}\n", prose(kind.__doc__) + "\n", f"Fields: {fields}.\n"]
    return "\n".join(lines)
