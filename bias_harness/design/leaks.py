"""The proof that the prompts of every pair differ in nothing but the intended words."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

from bias_harness.design.blocks import Block, Design, Variant
from bias_harness.design.personas import Arm
from bias_harness.design.prompts import MARK_CLOSE, MARK_OPEN, Prompter, file_name
from bias_harness.errors import InputError

_MARKED = re.compile(f"{MARK_OPEN}.*?{MARK_CLOSE}", re.DOTALL)


def check_leaks(design: Design, prompter: Prompter) -> int:
    """Compare every prompt that is asked with the others of its person, wording and language; neutral edits aside.

    Every template is rendered with the varied words marked: what stands outside the marks must be the same
    for every arm, and taking the marks away must give the prompt that is really sent. Returns the number of
    prompts compared; raises `InputError` that shows the first difference.
    """
    compared, person = 0, ("", "")
    first: dict[tuple[str, str], tuple[Arm, str]] = {}
    seen: set[tuple[str, str, Arm]] = set()
    for block in design.telling():
        name = file_name(design.experiment.question, block.wording, block.language)
        setting = (block.wording, block.language)
        if person != (block.attribute.name, block.persona.id):
            person, first, seen = (block.attribute.name, block.persona.id), {}, set()
        for variant in block.variants:
            if variant.edit:
                _marked(prompter, block, variant, name)
        for arm in _arms(block, everyone=block.persona is design.personas[0]):
            if (*setting, arm) in seen:
                continue
            seen.add((*setting, arm))
            other = " ".join(_MARKED.sub(" ", _marked(prompter, block, Variant(arm), name)).split())
            one, same = first.setdefault(setting, (arm, other))
            if other != same:
                raise InputError(_leak(name, one, arm, same, other))
            compared += 1
    return compared


def _arms(block: Block, *, everyone: bool) -> Sequence[Arm]:
    """The arms of a block; where they take turns, the first person stands for all."""
    if everyone and block.attribute.rotation is not None:
        return block.attribute.arms
    return list(dict.fromkeys(variant.arm for variant in block.variants))


def _marked(prompter: Prompter, block: Block, variant: Variant, name: str) -> str:
    """The prompt with marks. A template that decides by the words themselves shows up: marks change its decision."""
    marked = "\n".join(m.content for m in prompter.messages(block, variant, marked=True))
    unmarked = marked.replace(MARK_OPEN, "").replace(MARK_CLOSE, "")
    sent = " ".join(m.content for m in prompter.messages(block, variant))
    if unmarked.split() != sent.split():
        raise InputError(_leak(name, variant.arm, variant.arm, unmarked, sent))
    return marked


def _leak(name: str, one: Arm, other: Arm, first: str, second: str) -> str:
    left, right = first.split(), second.split()
    for tag, a, b, c, d in difflib.SequenceMatcher(a=left, b=right, autojunk=False).get_opcodes():
        if tag != "equal":
            shown = f"{' '.join(left[a:b])!r} against {' '.join(right[c:d])!r}"
            break
    else:
        shown = f"{first!r} against {second!r}"
    return (
        f"prompts/{name} leaks: besides the words of the attribute {one.attribute!r}, the prompts of "
        f"{one.level!r} and {other.level!r} differ in {shown}; a template may only use the words, never decide by them"
    )
