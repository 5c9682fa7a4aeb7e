"""Templates of anybody: they say words, and can neither run nor grow; what our own say has not changed by it."""

from __future__ import annotations

import time

import pytest
from cases import kept
from jinja2 import Environment, StrictUndefined
from shipped_audits import shipped_audit

from bias_harness.design.prompts import Prompter
from bias_harness.design.sandbox import LONGEST_TEXT, compiled, rendered
from bias_harness.errors import InputError
from bias_harness.workspace import shipped

VALUES = {"person": "P", "word": "w" * 100, "hours": 36}


def said(body: str) -> str:
    return rendered(compiled("q.j2", f"{{% block user %}}{body}{{% endblock %}}"), "q.j2", "user", VALUES)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("{{ person }} works {{ hours * 52 }} hours", "P works 1872 hours"),
        ("{{ 'long' if hours > 32 else 'short' }}", "long"),
        ("{% if hours > 40 %}x{% else %}y{% endif %}", "y"),
        ("{{ person | lower }}{# a remark #}", "p"),
        ("{{ self.own() }}{% block own %}mine{% endblock %}", "mine mine"),
        ("{% raw %}{{ 7 * 7 }}{% endraw %}", "{{ 7 * 7 }}"),
    ],
)
def test_words_placeholders_and_conditions_are_rendered(body: str, words: str) -> None:
    assert said(body).replace("minemine", "mine mine") == words


HOSTILE = [
    "{{ person.__class__ }}",
    "{{ ''['__class__'].mro() }}",
    "{{ ''['__class__'] }}",
    "{{ person|attr('__class__') }}",
    "{{ self.__init__.__globals__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ cycler.__init__ }}",
    "{{ lipsum() }}",
    "{{ range(10) }}",
    "{{ namespace(a=1) }}",
    "{{ person.upper() }}",
    "{{ '{0.__class__}'.format(person) }}",
    "{% for letter in word %}x{% endfor %}",
    "{% set a = word ~ word %}{{ a }}",
    "{% macro a() %}x{% endmacro %}",
    "{% call person() %}{% endcall %}",
    "{% filter upper %}x{% endfilter %}",
    "{% with a = 1 %}{{ a }}{% endwith %}",
    "{% include 'other' %}",
    "{% import 'other' as o %}",
    "{% extends 'other' %}",
    "{% autoescape true %}x{% endautoescape %}",
    "{{ 'x' * 10**9 }}",
    "{{ 'x' * 999999999 }}",
    "{{ 9**9**9 }}",
    "{{ '%999999999d' % 1 }}",
    "{{ 'x'|center(999999999) }}",
    "{{ word|replace('w', word)|replace('w', word) }}",
    "{{ " + "(" * 4000 + "1" + ")" * 4000 + " }}",
    "{{ " + "9" * 5000 + " }}",
    "{% if 1 %}" * 2000 + "{% endif %}" * 2000,
    "{{ " + "~".join(["word"] * 4000) + " }}",
    "{{ word }}" * 3000,
    "{{ self.a() }}{% block a %}{{ self.b() }}{% endblock %}{% block b %}x{% endblock %}",
    "{{ self.user() }}",
    "{{ self.a() }}" * 30 + "{% block a %}x{% endblock %}",
    "x" * (LONGEST_TEXT + 1),
    "{{ 1 / 0 }}",
    "{{ missing }}",
    "{{ [] * 3 }}",
]


@pytest.mark.parametrize("body", HOSTILE, ids=lambda body: body[:40])
def test_what_runs_repeats_or_grows_is_refused_in_a_sentence_and_at_once(body: str) -> None:
    begun = time.process_time()
    with pytest.raises(InputError, match=r"prompts/q\.j2"):
        said(body)
    assert time.process_time() - begun < 30, "bounded, not merely slow"


PLAIN = Environment(undefined=StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True)


@pytest.mark.parametrize(
    "name",
    kept(["quickstart", "languages", "grading"], sorted(path.stem for path in shipped("experiments").glob("*.yaml"))),
)
def test_the_shipped_requests_are_those_of_a_plain_environment(name: str) -> None:
    """The same messages make the same keys, so that what was recorded before is found."""
    audit = shipped_audit(name)
    plain = Prompter(audit.experiment, audit.resolved.prompts)
    plain.templates = {file: PLAIN.from_string(audit.resolved.prompts[file]) for file in plain.templates}
    step = max(1, len(audit.design) // 60)
    for index in range(0, len(audit.design), step):
        block = audit.design.block(index)
        for variant in block.variants:
            assert audit.prompter.messages(block, variant) == plain.messages(block, variant)
