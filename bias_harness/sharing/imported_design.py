"""The experiment that imported rows amount to: their people, wordings, models, and the map's attribute."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bias_harness.design.audit import FORMAT
from bias_harness.design.digests import Resolved
from bias_harness.design.experiment import Experiment
from bias_harness.design.personas import Attribute, Level, People, Words
from bias_harness.design.prompts import file_name
from bias_harness.sharing.imported_rows import Import
from bias_harness.sharing.map import Map

QUESTION = "imported"


def resolved_of(made: Import) -> Resolved:
    """The resolved experiment of an import whose rows were all taken."""
    mapping = made.mapping
    wordings = sorted(made.names["wording"].known.values())
    languages = sorted(made.languages)
    edits = sorted({name.replace("-", "_").replace(".", "_") for name in made.names["edit"].known.values()})
    said = {name: word for word, name in made.names["wording"].known.items()}
    prompts = {
        file_name(QUESTION, wording, language): _template(mapping.prompts.get(said[wording], ""), edits)
        for wording in wordings
        for language in languages
    }
    attributes = {v.attribute.attribute: _spoken(v.attribute, made.languages) for v in mapping.varied}
    return Resolved(
        format=FORMAT,
        experiment=_experiment(made, wordings, languages),
        people=People.model_validate(_people(made)),
        attributes=attributes,
        prompts=prompts,
    )


def _experiment(made: Import, wordings: list[str], languages: list[str]) -> Experiment:
    mapping = made.mapping
    models = made.names["model"].known
    return Experiment.model_validate(
        {
            "experiment": mapping.name,
            "title": mapping.title,
            "languages": languages,
            "question": QUESTION,
            "wordings": wordings,
            "personas": {"people": mapping.name},
            "attributes": [varied.attribute.attribute for varied in mapping.varied],
            "placebo": {"edits": bool(made.names["edit"].known)},
            "repeats": max(1, len(made.repeats)),
            "outcome": mapping.outcome.model_dump(),
            "analysis": {**mapping.analysis.model_dump(), "unit": mapping.unit, **_scope(mapping)},
            "endpoints": [{"name": safe, "model": name, "provider": "imported"} for name, safe in models.items()],
        }
    )


def _people(made: Import) -> dict[str, Any]:
    words = {role: {safe: word for word, safe in names.known.items()} for role, names in made.names.items()}
    jobs = {
        safe: {"field": made.fields_of[safe], "label": {"en": word}, "phrase": _in_all(made, word)}
        for safe, word in words["job"].items()
    }
    return {
        "people": made.mapping.name,
        "label": made.mapping.title or {"en": made.mapping.name},
        "source": made.mapping.source,
        "fields": {safe: {"label": {"en": word}} for safe, word in words["field"].items()},
        "jobs": jobs,
        "seniorities": {
            safe: {"label": {"en": word}, "phrase": _in_all(made, "{job}")} for safe, word in words["seniority"].items()
        },
        "places": {
            safe: {"label": {"en": word}, "phrase": _in_all(made, word)} for safe, word in words["place"].items()
        },
    }


def _in_all(made: Import, word: str) -> dict[str, str]:
    """The table's own word, which is in no language, in every language that occurs."""
    return dict.fromkeys(sorted(made.languages), word)


def _scope(mapping: Map) -> dict[str, str]:
    """One persona can only speak for itself."""
    return {} if {"persona", "job"} & set(mapping.columns()) else {"scope": "panel"}


def _spoken(attribute: Attribute, languages: set[str]) -> Attribute:
    """The attribute with words for every level in every language that occurs, so that two people can be told apart."""
    levels = {name: _said(level, languages) for name, level in attribute.levels.items()}
    return attribute.model_copy(update={"levels": levels})


def _said(level: Level, languages: set[str]) -> Level:
    """A level without words of its own is shown by its label; what a language lacks is said in English, or any."""
    signals = level.signals or [level.one or level.label]
    return level.model_copy(update={"signals": [_filled(words, languages) for words in signals]})


def _filled(words: Words, languages: set[str]) -> Words:
    other = words.get("en") or next(iter(words.values()))
    return {**words, **{language: other for language in sorted(languages) if language not in words}}


def _template(text: str, edits: Sequence[str]) -> str:
    """A template that says a text of the map, and can do nothing else whatever stands in it."""
    said = "{% raw %}" + text + "{% endraw %}" if "endraw" not in text else "{{ " + ascii(text) + " }}"
    shown = "{{ person.words }}" + (": " + said if text else "")
    blocks = {"user": shown, "system": "", "question": said} | {f"edit_{edit}": "" for edit in edits}
    return "".join(f"{{% block {name} %}}{content}{{% endblock %}}" for name, content in blocks.items())
