"""Trial + prompts/*.j2 -> Request and its key. The only room that opens `prompts/`.

A template `<question>.<wording>.<language>.j2` has the blocks `user` (the whole message, persona and question, in
the user's own words), `system` and `question` (the same in two messages, for experiments that put the persona in
the system message), any `turn<n>_user` and `turn<n>_assistant` (what was said before, in the order of n), and any
`edit_<name>` (a neutral sentence at the end, for placebo pairs; more of them, for all wordings of a language, stand in
`edits.<language>.yaml`). The words of a second turn (`confirm:`) are in `confirm.<language>.j2`, whose one block is
`question`. A template is given `person`, `outcome` and `currency` (that of a second turn the last two); a
misspelt placeholder is an error, and so is a template that lets more than the intended words differ between the
members of a pair.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Any

from babel import Locale
from babel.numbers import get_currency_name
from jinja2 import Template, UndefinedError

from bias_harness.design.asked import Asked, Keys, prompt_of, request_key
from bias_harness.design.blocks import Block, Variant
from bias_harness.design.edits import common, edited, edits_of, is_edits, read_edits
from bias_harness.design.edits import file_name as edits_name
from bias_harness.design.experiment import Endpoint, Experiment
from bias_harness.design.personas import VOICES, Arm, Persona, VariedAttribute
from bias_harness.design.rotation import is_rotated
from bias_harness.design.sandbox import LONGEST_SOURCE, compiled, rendered
from bias_harness.errors import InputError, did_you_mean
from bias_harness.files import read_text
from bias_harness.probabilities import BEGIN_THE_ANSWER, SENT
from bias_harness.vocabulary import Message, Request, Trial

BLOCKS = ("user", "system", "question")
REMEMBERED = 4096
"""Cells of which the messages are remembered, and what is asked of each endpoint."""
MARK_OPEN, MARK_CLOSE = "\ue000", "\ue001"
TURN = re.compile(r"turn[1-9]_(?P<role>user|assistant)$")
Sources = Mapping[str, str]


def read_sources(folders: Iterable[Path], experiment: Experiment) -> dict[str, str]:
    """The template texts that the experiment needs, by file name; the first folder that has one wins.

    A rotated design needs the neutral edits of its languages besides, and `confirm` the words of a second turn.
    """
    folders = list(folders)
    shared = read_edits(folders, experiment.languages) if is_rotated(experiment) else {}
    if experiment.confirm is not None:
        shared |= {name: _read(folders, name, "confirm") for name in map(confirm_name, experiment.languages)}
    return shared | {
        name: _read(folders, name, experiment.question)
        for wording in experiment.wordings
        for language in experiment.languages
        for name in [file_name(experiment.question, wording, language)]
    }


def file_name(question: str, wording: str, language: str) -> str:
    """How a template file is called."""
    return f"{question}.{wording}.{language}.j2"


def confirm_name(language: str) -> str:
    """How the file with the words of a second turn is called."""
    return f"confirm.{language}.j2"


def is_confirm(name: str) -> bool:
    """Whether a source of prompts has the words of a second turn; a wording's own file has one part more."""
    return re.fullmatch(r"confirm\.[^.]+\.j2", name) is not None


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
        self.turns = {name: _compile(name, text, ("question",)) for name, text in sources.items() if is_confirm(name)}
        asked = {name: text for name, text in sources.items() if not is_edits(name) and not is_confirm(name)}
        self.templates = {name: _compile(name, text, BLOCKS) for name, text in asked.items()}
        self._turns = {
            name: [t for b in sorted(of.blocks) if (t := TURN.match(b))] for name, of in self.templates.items()
        }
        self.shared = {name: edits_of(name, text) for name, text in sources.items() if is_edits(name)}
        self.cell = lru_cache(maxsize=REMEMBERED)(self._messages)
        self._lanes: dict[str, _Lane] = {}

    @cached_property
    def edits(self) -> tuple[str, ...]:
        """The edits that the templates hold themselves, every wording alike: those of a full crossing."""
        return common({name: sorted(self._own_edits(name)) for name in self.templates})

    @cached_property
    def more_edits(self) -> tuple[str, ...]:
        """All there are to choose from, those of prompts/edits.<language>.yaml first: a rotated design's."""
        shared = (
            common({n: list(e) for n, e in self.shared.items()})
            if self.shared and len(self.shared) == len(self.experiment.languages)
            else ()
        )
        return (*shared, *(name for name in self.edits if name not in shared))

    def _own_edits(self, template: str) -> Iterator[str]:
        blocks = self.templates[template].blocks
        return (block.removeprefix("edit_") for block in blocks if block.startswith("edit_"))

    def messages(self, block: Block, variant: Variant, *, marked: bool = False) -> tuple[Message, ...]:
        """The messages of one cell; `marked` wraps the varied words in private-use characters."""
        return self.cell(block.attribute, block.persona, block.wording, block.language, variant, marked=marked)

    def _messages(
        self,
        attribute: VariedAttribute,
        persona: Persona,
        wording: str,
        language: str,
        variant: Variant,
        *,
        marked: bool,
    ) -> tuple[Message, ...]:
        name = file_name(self.experiment.question, wording, language)
        person = _person(persona, attribute, variant.arm, language, name, marked=marked)
        blocks = _Blocks(self.templates[name], name, self._values(person, language))
        history = tuple(Message(t["role"], blocks.text(t[0])) for t in self._turns[name])  # type: ignore[arg-type]
        if self.experiment.persona_in == "system":
            question = self._put(blocks, "question", language, variant.edit)
            return (Message("system", blocks.text("system")), *history, Message("user", question))
        return (*history, Message("user", self._put(blocks, "user", language, variant.edit)))

    def _put(self, blocks: _Blocks, block: str, language: str, edit: str) -> str:
        """The text of a block with a neutral edit: the template's own of that name, else the shared one."""
        text = blocks.text(block)
        if not edit:
            return text
        own = f"edit_{edit}"
        if own in blocks.template.blocks:
            return f"{text} {blocks.text(own)}"
        return edited(self.shared[edits_name(language)][edit], text)

    def _values(self, person: Person, language: str) -> dict[str, Any]:
        return {"person": person, **self._asked_for(language)}

    def _asked_for(self, language: str) -> dict[str, Any]:
        outcome = self.experiment.outcome
        return {"outcome": outcome, "currency": currency_name(outcome.currency, language)}

    def second_turn(self, request: Request, answer: str, language: str) -> Request:
        """What asks about the answer to a request, in the same conversation and with the same sampling and seed.

        Its key is that of any request, over all the messages: another answer is another second turn.
        """
        name = confirm_name(language)
        asked = rendered(self.turns[name], name, "question", self._asked_for(language))
        messages = (*request.messages, Message("assistant", answer), Message("user", asked))
        key = request_key(request.endpoint, request.model, messages, request.sampling, request.repeat)
        return replace(request, key=key, messages=messages, confirms=request.key)

    def requests(self, block: Block, endpoint: Endpoint) -> list[Request]:
        """The block's requests to one endpoint, in the block's order; members of the block share their seed."""
        seed, repeat = block.common_seed(self.experiment.seed), block.repeat
        return [
            Request(
                asked.keys.of_repeat(repeat),
                endpoint.name,
                endpoint.model,
                asked.messages,
                asked.sampling,
                repeat,
                seed,
                trial,
            )
            for trial, asked in zip(block.trials(endpoint.name), self.asked(block, endpoint), strict=True)
        ]

    def asked(self, block: Block, endpoint: Endpoint) -> list[Asked]:
        """The cells of a block as they are put to one endpoint, in the block's order."""
        if endpoint.name not in self._lanes or self._lanes[endpoint.name].endpoint is not endpoint:
            self._lanes[endpoint.name] = _Lane(self, endpoint)
        cell = self._lanes[endpoint.name].cell
        return [
            cell(block.attribute, block.persona, block.wording, block.language, variant) for variant in block.variants
        ]


class _Lane:
    """Puts cells to one endpoint, and remembers the last few thousand."""

    def __init__(self, prompter: Prompter, endpoint: Endpoint) -> None:
        self.endpoint, self._prompter = endpoint, prompter
        form = prompter.experiment.outcome.probabilities
        sampling = (endpoint.sampling or prompter.experiment.sampling).sent()
        self._sampling = {**sampling, **endpoint.extra_body, **(SENT if form else {})}
        begins = form is not None and endpoint.provider in BEGIN_THE_ANSWER
        self._begun = (Message("assistant", form.begins),) if form is not None and begins else ()
        self.cell = lru_cache(maxsize=REMEMBERED)(self._cell)

    def _cell(
        self, attribute: VariedAttribute, persona: Persona, wording: str, language: str, variant: Variant
    ) -> Asked:
        arm, end = variant.arm, self.endpoint
        said = (*self._prompter.cell(attribute, persona, wording, language, variant, marked=False), *self._begun)
        about = (end.name, language, wording, persona.id, arm.attribute, arm.level, arm.signal, variant.edit)
        keys = Keys.of(end.name, end.model, said, self._sampling)
        return Asked(Trial(*about, repeat=0, block=0), said, self._sampling, keys, prompt_of(said))


@cache
def currency_name(code: str, language: str) -> str:
    """`USD` -> "US dollars" in the language of the prompt."""
    return str(get_currency_name(code, count=2, locale=Locale.parse(language)))


def _compile(name: str, text: str, blocks: Iterable[str]) -> Template:
    template = compiled(name, text)
    for block in blocks:
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
