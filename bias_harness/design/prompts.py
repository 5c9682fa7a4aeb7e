"""Trial + prompts/*.j2 -> Request and its key. The only room that opens `prompts/`.

A template `<question>.<wording>.<language>.j2` has the blocks `user` (the whole message, persona and question, in
the user's own words), `system` and `question` (the same in two messages, for experiments that put the persona in
the system message), any `turn<n>_user` and `turn<n>_assistant` (what was said before, in the order of n), and any
`edit_<name>` (a neutral sentence at the end, for placebo pairs). It is given `person`, `outcome` and `currency`; a
misspelt placeholder is an error, and so is a template that lets more than the intended words differ between the
members of a pair.
"""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import orjson
from babel import Locale
from babel.numbers import get_currency_name
from jinja2 import Template, UndefinedError

from bias_harness.design.blocks import Block, Design, Variant
from bias_harness.design.experiment import Endpoint, Experiment
from bias_harness.design.personas import VOICES, Arm, Persona, VariedAttribute
from bias_harness.design.sandbox import LONGEST_SOURCE, compiled, rendered
from bias_harness.errors import InputError, did_you_mean
from bias_harness.files import read_text
from bias_harness.vocabulary import Message, Request, Trial

MARK_OPEN, MARK_CLOSE = "\ue000", "\ue001"
TURN = re.compile(r"turn[1-9]_(?P<role>user|assistant)$")
_MARKED = re.compile(f"{MARK_OPEN}.*?{MARK_CLOSE}", re.DOTALL)
Sources = Mapping[str, str]


def read_sources(folders: Iterable[Path], experiment: Experiment) -> dict[str, str]:
    """The template texts that the experiment needs, by file name; the first folder that has one wins."""
    folders = list(folders)
    return {
        name: _read(folders, name, experiment.question)
        for wording in experiment.wordings
        for language in experiment.languages
        for name in [file_name(experiment.question, wording, language)]
    }


def file_name(question: str, wording: str, language: str) -> str:
    """How a template file is called."""
    return f"{question}.{wording}.{language}.j2"


def _read(folders: list[Path], name: str, question: str) -> str:
    for folder in folders:
        if (folder / name).is_file():
            return read_text(folder / name, 4 * LONGEST_SOURCE)
    known = {p.name for folder in folders for p in folder.glob(f"{question}.*.j2")}
    raise InputError(f"there is no prompt 'prompts/{name}' (question, wording, language){did_you_mean(name, known)}")


@dataclass(frozen=True)
class Person:
    """What a template knows of the user: `person.self` (client, user, candidate) introduces the attribute.

    `person.words` are the bare words of the signal. All are empty where the attribute is not stated.
    """

    job: str
    place: str
    hours: int
    words: str
    introductions: Mapping[str, str]

    def __getattr__(self, name: str) -> str:
        if name in VOICES:
            if name not in self.introductions:
                raise UndefinedError(f"the attribute has no introduction in the voice {name!r}")
            return self.introductions[name]
        raise AttributeError(name)


class Prompter:
    """Renders the prompts of one experiment, and remembers the last few thousand cells."""

    def __init__(self, experiment: Experiment, sources: Sources) -> None:
        self.experiment = experiment
        self.templates = {name: _compile(name, text) for name, text in sources.items()}
        self._cell = lru_cache(maxsize=4096)(self._messages)

    @cached_property
    def edits(self) -> tuple[str, ...]:
        """The placebo edits, which every wording must have alike."""
        found = {
            n: sorted(b.removeprefix("edit_") for b in t.blocks if b.startswith("edit_"))
            for n, t in self.templates.items()
        }
        first_name, first = next(iter(found.items()))
        for name, edits in found.items():
            if edits != first:
                raise InputError(
                    f"prompts/{name} has the placebo edits {edits}, prompts/{first_name} has {first}; "
                    "every wording needs the same"
                )
        return tuple(first)

    def messages(self, block: Block, variant: Variant, *, marked: bool = False) -> tuple[Message, ...]:
        """The messages of one cell; `marked` wraps the varied words in private-use characters."""
        return self._cell(block.attribute, block.persona, block.wording, block.language, variant, marked)

    def _messages(
        self, attribute: VariedAttribute, persona: Persona, wording: str, language: str, variant: Variant, marked: bool
    ) -> tuple[Message, ...]:
        name = file_name(self.experiment.question, wording, language)
        person = _person(persona, attribute, variant.arm, language, name, marked=marked)
        blocks = _Blocks(self.templates[name], name, self._values(person, language))
        edit = f" {blocks.text('edit_' + variant.edit)}" if variant.edit else ""
        turns = [TURN.match(block) for block in sorted(self.templates[name].blocks)]
        history = tuple(Message(t["role"], blocks.text(t[0])) for t in turns if t)  # type: ignore[arg-type]
        if self.experiment.persona_in == "system":
            return (Message("system", blocks.text("system")), *history, Message("user", blocks.text("question") + edit))
        return (*history, Message("user", blocks.text("user") + edit))

    def _values(self, person: Person, language: str) -> dict[str, Any]:
        outcome = self.experiment.outcome
        return {"person": person, "outcome": outcome, "currency": currency_name(outcome.currency, language)}

    def requests(self, block: Block, endpoint: Endpoint) -> list[Request]:
        """The block's requests to one endpoint, in the block's order; members of the block share their seed."""
        sampling = {**(endpoint.sampling or self.experiment.sampling).sent(), **endpoint.extra_body}
        seed = block.common_seed(self.experiment.seed)
        return [
            _request(endpoint, messages, sampling, trial, seed)
            for trial, variant in zip(block.trials(endpoint.name), block.variants, strict=True)
            for messages in [self.messages(block, variant)]
        ]


def _request(
    endpoint: Endpoint, messages: tuple[Message, ...], sampling: Mapping[str, Any], trial: Trial, seed: int
) -> Request:
    key = request_key(endpoint.name, endpoint.model, messages, sampling, trial.repeat)
    return Request(key, endpoint.name, endpoint.model, messages, sampling, trial.repeat, seed, trial)


def request_key(
    endpoint: str, model: str, messages: Iterable[Message], sampling: Mapping[str, Any], repeat: int
) -> str:
    """SHA-256 (hex) of the canonical JSON (sorted keys, no white space, UTF-8) of what makes a request itself."""
    said = [{"content": m.content, "role": m.role} for m in messages]
    whole = {"endpoint": endpoint, "messages": said, "model": model, "repeat": repeat, "sampling": dict(sampling)}
    return hashlib.sha256(orjson.dumps(whole, option=orjson.OPT_SORT_KEYS)).hexdigest()


def currency_name(code: str, language: str) -> str:
    """`USD` -> "US dollars" in the language of the prompt."""
    return str(get_currency_name(code, count=2, locale=Locale.parse(language)))


def _compile(name: str, text: str) -> Template:
    template = compiled(name, text)
    for block in ("user", "system", "question"):
        if block not in template.blocks:
            raise InputError(
                f"prompts/{name}: the block {block!r} is missing; add {{% block {block} %}}...{{% endblock %}}"
            )
    return template


@dataclass(frozen=True)
class _Blocks:
    template: Template
    name: str
    values: Mapping[str, Any]

    def text(self, block: str) -> str:
        return rendered(self.template, self.name, block, self.values)


def _person(
    persona: Persona, attribute: VariedAttribute, arm: Arm, language: str, template: str, *, marked: bool
) -> Person:
    for what, phrases in (("job phrase", persona.job_phrase), ("place phrase", persona.place_phrase)):
        if language not in phrases:
            raise InputError(f"persona {persona.id!r} has no {what} in {language!r}, which prompts/{template} needs")
    words = arm.words.get(language, "")
    if arm.words and not words:
        raise InputError(
            f"attribute {attribute.name!r}, level {arm.level!r}: signal {arm.signal + 1} has no words in {language!r}"
        )
    sentences = attribute.introduction.get(language, {})
    spoken = {voice: sentence.replace("{}", words) if words else "" for voice, sentence in sentences.items()}
    if marked:
        words, spoken = f"{MARK_OPEN}{words}{MARK_CLOSE}", {v: f"{MARK_OPEN}{s}{MARK_CLOSE}" for v, s in spoken.items()}
    return Person(persona.job_phrase[language], persona.place_phrase[language], persona.hours, words, spoken)


def check_leaks(design: Design, prompter: Prompter) -> int:
    """Prove that the prompts of every pair differ in nothing but the intended words.

    Every template is rendered with the varied words marked: what stands outside the marks must be the same
    for every arm, and taking the marks away must give the prompt that is really sent. Returns the number of
    prompts compared; raises `InputError` that shows the first difference.
    """
    compared = 0
    for block in _one_block_each(design):
        name = file_name(design.experiment.question, block.wording, block.language)
        plain = [v for v in block.variants if not v.edit]
        first = _outside(prompter, block, plain[0])
        for variant in plain:
            _same_when_unmarked(prompter, block, variant, name)
            other = _outside(prompter, block, variant)
            if other != first:
                raise InputError(_leak(name, plain[0].arm, variant.arm, first, other))
            compared += 1
    return compared


def _one_block_each(design: Design) -> Iterator[Block]:
    """One block per attribute, persona, wording and language."""
    return (design.block(index) for index in range(0, len(design), design.experiment.repeats))


def _outside(prompter: Prompter, block: Block, variant: Variant) -> str:
    text = "\n".join(m.content for m in prompter.messages(block, variant, marked=True))
    return " ".join(_MARKED.sub(" ", text).split())


def _same_when_unmarked(prompter: Prompter, block: Block, variant: Variant, name: str) -> None:
    """A template that decides by the words themselves shows up here: marks change its decision."""
    marked = " ".join(m.content for m in prompter.messages(block, variant, marked=True))
    unmarked = marked.replace(MARK_OPEN, "").replace(MARK_CLOSE, "")
    sent = " ".join(m.content for m in prompter.messages(block, variant))
    if unmarked.split() != sent.split():
        raise InputError(_leak(name, variant.arm, variant.arm, unmarked, sent))


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
