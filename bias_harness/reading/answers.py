"""Responses -> Answers: one per response, always; and the same for any texts in a file."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import cache
from importlib.resources import files

from bias_harness.outcome import Outcome
from bias_harness.reading import read
from bias_harness.reading.context import NO_PROMPT, PromptContext, prompt_context
from bias_harness.reading.measures import read_measure
from bias_harness.reading.probabilities import read_probabilities
from bias_harness.reading.word_lists import lexicon_hash
from bias_harness.vocabulary import CUT_SHORT, FILTERED, Answer, Period, Response

REMEMBERED = 50_000
SHOWN = 60
PERIODS: tuple[Period, ...] = ("year", "month", "week", "day", "hour")

Key = tuple[str, str | None, PromptContext]


@cache
def reader_version() -> str:
    """Twelve hex digits over the reader's code and lexicon: readings of another version are stale."""
    code = hashlib.sha256(lexicon_hash().encode())
    folder = files(__package__)
    for source in sorted(p.name for p in folder.iterdir() if p.name.endswith(".py")):
        code.update(folder.joinpath(source).read_bytes())
    code.update(folder.joinpath("chooser.json").read_bytes())
    return code.hexdigest()[:12]


class Reader:
    """Reads many responses of one experiment; the same text is read once for all prompts that tell the same of it."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        self._known: dict[Key, Answer] = {}

    def read(self, response: Response, *, language: str | None = None, prompt: str | None = None) -> Answer:
        """The answer in one response. Never raises on any response.

        A response with an error is `failed`, but a content filter is a refusal (reason `content_filter`). A text
        that was cut off keeps an advice it had given, but not a number that stands where the text breaks off.
        """
        early = _without_text(response)
        if early:
            return early
        if self.outcome.probabilities is not None:
            return read_probabilities(response.probabilities, self.outcome)
        text = response.text or ""
        answer = self._text(text, language, prompt)
        if (response.finish_reason or "").lower() in CUT_SHORT:
            return _cut(answer, text)
        return answer

    def _text(self, text: str, language: str | None, prompt: str | None) -> Answer:
        told = prompt_context(prompt) if prompt and self.outcome.measured.form == "money" else NO_PROMPT
        key = (text, language, told)
        answer = self._known.get(key)
        if answer is None:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            answer = self._known[key] = self._fresh(text, language, prompt)
        return answer

    def _fresh(self, text: str, language: str | None, prompt: str | None) -> Answer:
        if self.outcome.measured.form == "money":
            return read(text, language=language, prompt=prompt, outcome=self.outcome)
        return read_measure(text, self.outcome, language)


def read_response(response: Response, *, language: str | None, prompt: str | None, outcome: Outcome) -> Answer:
    """The answer in one response; see `Reader.read`, which is the fast way for many."""
    return Reader(outcome).read(response, language=language, prompt=prompt)


def _without_text(response: Response) -> Answer | None:
    """The answer where there is no text to read: filtered, empty, or failed for another reason."""
    error = response.error
    if error is not None and error.kind != "content":
        return Answer("failed", "no_amount", reason=error.kind)
    if error is None and (response.text or "").strip():
        return None
    if error is not None or (response.finish_reason or "").lower() in FILTERED:
        return Answer("refused", "refusal", reason="content_filter")
    return Answer("failed", "no_amount", reason="empty")


def _cut(answer: Answer, text: str) -> Answer:
    """What a text that broke off is worth: "ask for $12" may have been going to be $120,000."""
    if answer.status == "ok" and answer.span and answer.span[1] >= len(text.rstrip()):
        return Answer("ambiguous", "ambiguous", reason="cut_off", candidates=answer.candidates)
    if answer.status in {"no_amount", "ambiguous"}:
        return replace(answer, reason="cut_off")
    return answer
