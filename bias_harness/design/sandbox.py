"""Prompt templates of anybody, rendered: words and placeholders, and nothing that runs, repeats or grows.

A template comes with every run folder and every archive, so it is treated as hostile. It is read by Jinja2's
`ImmutableSandboxedEnvironment` without any global, its parts must be on a list (no loops, assignments, imports or
macros, and no call but `self.question()`, a block of its own), and its source, its parts and what it makes are bounded.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError, nodes
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from bias_harness.errors import InputError

LONGEST_SOURCE, LONGEST_TEXT = 200_000, 200_000
"""Characters of a template, and of one message, beyond which neither is used."""
MOST_PARTS, MOST_CALLS = 5_000, 20
"""Parts of a template, and blocks that it takes over from itself, beyond which it is not used."""
FILTERS = ("capitalize", "default", "d", "escape", "e", "length", "lower", "round", "string", "title", "trim", "upper")
_WORDS = (nodes.Template, nodes.Output, nodes.TemplateData, nodes.Block, nodes.Name, nodes.Const, nodes.Getattr)
_CHOICES = (nodes.If, nodes.CondExpr, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Test)
_SUMS = (nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Neg, nodes.Pos, nodes.Concat)
_PARTS = (nodes.Getitem, nodes.Slice, nodes.List, nodes.Tuple, nodes.Dict, nodes.Pair, nodes.Filter, nodes.Keyword)
ALLOWED = (*_WORDS, *_CHOICES, *_SUMS, *_PARTS)
FAULTS = (TemplateError, ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What rendering a template can raise; each is a fault of the template."""


class _Environment(ImmutableSandboxedEnvironment):
    intercepted_binops = frozenset({"*"})

    def getattr(self, obj: Any, attribute: str) -> Any:
        """As the sandbox has it; a mere text or number is given at once, for it can do nothing."""
        value = getattr(obj, attribute, None)
        if type(value) in (str, int, float) and not attribute.startswith("_"):
            return value
        return super().getattr(obj, attribute)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Numbers are multiplied, and a text only within bounds: so a short template makes a long one."""
        texts = [side for side in (left, right) if isinstance(side, str)]
        others = [side for side in (left, right) if isinstance(side, int | float)]
        if len(texts) + len(others) < 2 or any(len(text) * abs(n) > LONGEST_TEXT for text in texts for n in others):
            raise SecurityError(f"this product is longer than {LONGEST_TEXT:,} characters, or none")
        return super().call_binop(context, operator, left, right)


_ENVIRONMENT = _Environment(undefined=StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True)
_ENVIRONMENT.globals.clear()
_ENVIRONMENT.filters = {name: _ENVIRONMENT.filters[name] for name in FILTERS}


@lru_cache(maxsize=128)
def compiled(name: str, text: str) -> Template:
    """The template `prompts/<name>`. Raises `InputError` that names line and remedy where it is no mere text."""
    if len(text) > LONGEST_SOURCE:
        raise InputError(f"prompts/{name} is longer than {LONGEST_SOURCE:,} characters; is it the right file?")
    try:
        _allowed(_ENVIRONMENT.parse(text), name)
        return _ENVIRONMENT.from_string(text)
    except FAULTS as error:
        line = getattr(error, "lineno", None) or 1
        raise InputError(f"prompts/{name}, line {line}: {_said(error)}") from None


def _allowed(tree: nodes.Template, name: str) -> None:
    """Raise `InputError` for the first part of a template that is not on the list, or one too many."""
    called: set[str] = set()
    waiting: list[nodes.Node] = [tree]
    count = calls = 0
    while waiting:
        node = waiting.pop()
        count += 1
        if isinstance(node, nodes.Call) and (block := _own_block(node)):
            called.add(block)
            calls += 1
        else:
            _on_the_list(node, name)
            waiting.extend(node.iter_child_nodes())
        if count > MOST_PARTS or calls > MOST_CALLS:
            raise InputError(f"prompts/{name}, line {node.lineno}: too many parts for a prompt; write it out in words")
    for part in tree.find_all(nodes.Block):
        if part.name in called and any(part.find_all(nodes.Call)):
            raise InputError(
                f"prompts/{name}, line {part.lineno}: the block {part.name!r} is taken over elsewhere and takes over "
                "another itself; write one of them out"
            )


def _on_the_list(node: nodes.Node, name: str) -> None:
    if type(node) not in ALLOWED:
        what = type(node).__name__.lower()
        raise InputError(
            f"prompts/{name}, line {node.lineno}: {what!r} is not possible here: a prompt is words, placeholders and "
            "conditions, and nothing in it may run or repeat; write it out in words"
        )
    if isinstance(node, nodes.Getattr) and node.attr.startswith("_"):
        raise InputError(f"prompts/{name}, line {node.lineno}: {node.attr!r} is no placeholder")


def _own_block(call: nodes.Call) -> str | None:
    """The block of `self.<block>()`, the one call that there is."""
    of = call.node
    bare = not (call.args or call.kwargs or call.dyn_args or call.dyn_kwargs)
    if bare and isinstance(of, nodes.Getattr) and isinstance(of.node, nodes.Name) and of.node.name == "self":
        return None if of.attr.startswith("_") else of.attr
    return None


def rendered(template: Template, name: str, block: str, values: Mapping[str, Any]) -> str:
    """One block as a single line of text. Raises `InputError` that names template and block."""
    parts, length = [], 0
    try:
        for part in template.blocks[block](template.new_context(dict(values))):
            parts.append(part)
            length += len(part)
            if length > LONGEST_TEXT:
                raise SecurityError(f"it gives more than {LONGEST_TEXT:,} characters; shorten it")
    except FAULTS as error:
        raise InputError(f"prompts/{name}, block {block!r}: {_said(error)}") from None
    return " ".join("".join(parts).split())


def _said(error: Exception) -> str:
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
