"""Who is asked about: two people side by side, the question as the model got it, and what it answered, verbatim."""

from __future__ import annotations

import re
from typing import Any

from bias_harness.design import Block, Variant
from bias_harness.i18n import Texts
from bias_harness.prompts import MARK_CLOSE, MARK_OPEN
from bias_harness.sections import Material

LONGEST_SHOWN = 1_200


def build(material: Material, texts: Texts) -> dict[str, Any]:
    """For each attribute: one pair of questions with the differing words marked, and each model's answers to it."""
    return {"pairs": [_pair(material, texts, name) for name in material.attributes]}


def _pair(material: Material, texts: Texts, attribute: str) -> dict[str, Any]:
    audit = material.audit
    block = next(b for b in audit.design.blocks() if b.attribute.name == attribute)
    reference = block.attribute.reference
    other = next(level for level in block.attribute.levels if level != reference)
    variants = [_variant(block, reference), _variant(block, other)]
    return {
        "attribute": texts.label(block.attribute.label, attribute),
        "caution": texts.label(block.attribute.caution),
        "people": [
            {
                "one": material.level(texts, attribute, v.arm.level, "one"),
                "messages": [_marked(m.content) for m in audit.prompter.messages(block, v, marked=True)],
            }
            for v in variants
        ],
        "answers": [_answers(material, texts, e.name, block, variants) for e in audit.experiment.endpoints],
    }


def _variant(block: Block, level: str) -> Variant:
    return next(v for v in block.variants if v.arm.level == level and v.arm.signal == 0 and not v.edit)


def _marked(text: str) -> list[tuple[str, bool]]:
    """The text in pieces, each with whether it is one of the varied words."""
    pieces = re.split(f"({MARK_OPEN}.*?{MARK_CLOSE})", text, flags=re.DOTALL)
    return [
        (p.strip(MARK_OPEN + MARK_CLOSE), p.startswith(MARK_OPEN)) for p in pieces if p.strip(MARK_OPEN + MARK_CLOSE)
    ]


def _answers(material: Material, texts: Texts, endpoint: str, block: Block, variants: list[Variant]) -> dict[str, Any]:
    config = next(e for e in material.audit.experiment.endpoints if e.name == endpoint)
    requests = dict(zip(block.variants, material.audit.prompter.requests(block, config), strict=True))
    keys = [requests[v].key for v in variants]
    raw = material.raw(keys)
    return {
        "model": material.model(texts, endpoint),
        "texts": [_shown(material, texts, raw.get(key)) for key in keys],
    }


def _shown(material: Material, texts: Texts, found: Any) -> dict[str, str] | None:
    if found is None:
        return None
    response, answer = found
    text = (response.text or "").strip()
    if answer.annual is not None:
        amount = texts.money(answer.annual, material.audit.experiment.outcome.currency, exact=True)
        read = texts("report.who.reading", amount=f"{amount} {texts('units.year')}")
    else:
        read = texts("report.who.unread", reason=answer.reason or answer.status)
    return {"text": text[:LONGEST_SHOWN] or texts("report.who.no_answer"), "read": read}
