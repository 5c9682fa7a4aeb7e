"""Who is asked about: two people side by side, the question as the model got it, and what it answered, verbatim."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from bias_harness.design.blocks import Block, Design, Variant
from bias_harness.design.prompts import MARK_CLOSE, MARK_OPEN
from bias_harness.reporting.material import Material, View
from bias_harness.reporting.sections.answers import Said, said
from bias_harness.reporting.sections.first import imported
from bias_harness.reporting.texts import Texts

MODELS = 6
"""How many models' answers to the example are shown."""


def build(material: Material, texts: Texts, models: int = MODELS) -> dict[str, Any]:
    """For each attribute: one pair of questions with the differing words marked, and the first models' answers."""
    view = View(material, texts)
    intro = "imported" if imported(material) else "intro"
    return {"intro": texts(f"report.who.{intro}"), "pairs": [_pair(view, name, models) for name in material.attributes]}


def _pair(view: View, attribute: str, models: int) -> dict[str, Any]:
    audit = view.material.audit
    varied = view.material.attributes[attribute]
    levels = list(varied.levels)[:2][::-1]
    block = _example(audit.design, attribute, levels)
    variants = [_variant(block, level) for level in levels]
    return {
        "attribute": view.attribute(attribute),
        "caution": view.texts.label(varied.caution),
        "language": block.language,
        "people": [
            {"one": _capital(view.level(attribute, v.arm.level, "one")), "messages": _messages(view, block, v)}
            for v in variants
        ],
        "answers": [_answers(view, endpoint, block, variants) for endpoint in view.material.endpoints[:models]],
    }


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _example(design: Design, attribute: str, levels: Sequence[str]) -> Block:
    """The first block with all the levels at their plainest: first signal, no neutral edit; else the first with all."""
    first = None
    for block in design.blocks():
        if block.attribute.name != attribute or not set(levels) <= {v.arm.level for v in block.variants}:
            continue
        first = first or block
        if set(levels) <= {v.arm.level for v in block.variants if v.arm.signal == 0 and not v.edit}:
            return block
    if first is None:
        raise LookupError(f"no block of {attribute} has all of {', '.join(levels)}")
    return first


def _variant(block: Block, level: str) -> Variant:
    """The level's plainest arm in the block."""
    return min((v for v in block.variants if v.arm.level == level), key=lambda v: (bool(v.edit), v.arm.signal))


def _messages(view: View, block: Block, variant: Variant) -> list[dict[str, Any]]:
    messages = view.material.audit.prompter.messages(block, variant, marked=True)
    return [{"role": m.role, "pieces": _marked(m.content)} for m in messages]


def _marked(text: str) -> list[tuple[str, bool]]:
    """The text in pieces, each with whether it is one of the varied words."""
    pieces = re.split(f"({MARK_OPEN}.*?{MARK_CLOSE})", text, flags=re.DOTALL)
    return [
        (p.strip(MARK_OPEN + MARK_CLOSE), p.startswith(MARK_OPEN)) for p in pieces if p.strip(MARK_OPEN + MARK_CLOSE)
    ]


def _answers(view: View, endpoint: str, block: Block, variants: list[Variant]) -> dict[str, Any]:
    """What the endpoint answered to the two questions the first time; None where it was not asked."""
    rows = view.material.observations
    rows = rows[
        (rows["endpoint"] == endpoint)
        & (rows["attribute"] == block.attribute.name)
        & (rows["persona"] == block.persona.id)
        & (rows["wording"] == block.wording)
        & (rows["language"] == block.language)
    ].sort_values("repeat", kind="stable")
    found = {(r.level, r.signal, r.edit): str(r.key) for r in rows[::-1].itertuples()}
    keys = [found.get((v.arm.level, v.arm.signal, v.edit), "") for v in variants]
    raw = view.material.raw([key for key in keys if key])
    answers: list[Said | None] = [said(view, *raw[key]) if key in raw else None for key in keys]
    return {"model": view.model(endpoint), "texts": answers}
