"""The experiment that imported rows amount to: their people, wordings, models, and the map's attribute."""

from __future__ import annotations

from typing import Any

from bias_harness.design.audit import FORMAT
from bias_harness.design.digests import Resolved
from bias_harness.design.experiment import Experiment
from bias_harness.design.personas import Level, People
from bias_harness.design.prompts import file_name
from bias_harness.sharing.imported_rows import Import
from bias_harness.sharing.map import ANY, Map

QUESTION = "imported"


def resolved_of(made: Import) -> Resolved:
    """The resolved experiment of an import whose rows were all taken."""
    mapping = made.mapping
    wordings = sorted(made.names["wording"].known.values())
    languages = sorted(made.languages)
    said = {name: word for word, name in made.names["wording"].known.items()}
    prompts = {
        file_name(QUESTION, wording, language): _template(mapping.prompts.get(said[wording], ""))
        for wording in wordings
        for language in languages
    }
    attribute = mapping.attribute.model_copy(
        update={"levels": {k: _said(level) for k, level in mapping.attribute.levels.items()}}
    )
    return Resolved(
        format=FORMAT,
        experiment=_experiment(made, wordings, languages),
        people=People.model_validate(_people(made)),
        attributes={attribute.attribute: attribute},
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
            "attributes": [mapping.attribute.attribute],
            "placebo": {"edits": False},
            "repeats": len(made.repeats),
            "outcome": mapping.outcome.model_dump(),
            "analysis": {**mapping.analysis.model_dump(), **_scope(mapping)},
            "endpoints": [{"name": safe, "model": name, "provider": "imported"} for name, safe in models.items()],
        }
    )


def _people(made: Import) -> dict[str, Any]:
    words = {role: {safe: word for word, safe in names.known.items()} for role, names in made.names.items()}
    jobs = {
        safe: {"field": made.fields_of[safe], "label": {"en": word}, "phrase": {"en": word}}
        for safe, word in words["persona"].items()
    }
    return {
        "people": made.mapping.name,
        "label": made.mapping.title or {"en": made.mapping.name},
        "source": made.mapping.source,
        "fields": {safe: {"label": {"en": word}} for safe, word in words["field"].items()},
        "jobs": jobs,
        "seniorities": {
            safe: {"label": {"en": word}, "phrase": {"en": "{job}"}} for safe, word in words["seniority"].items()
        },
        "places": {ANY: {"label": {"en": ANY}, "phrase": {"en": ANY}}},
    }


def _scope(mapping: Map) -> dict[str, str]:
    """One persona can only speak for itself."""
    return {} if "persona" in mapping.columns() else {"scope": "panel"}


def _said(level: Level) -> Level:
    """A level without words of its own is shown by its label, so that the two people can be told apart."""
    return level if level.signals else level.model_copy(update={"signals": [level.one or level.label]})


def _template(text: str) -> str:
    said = "{% raw %}" + text.replace("{% endraw %}", "") + "{% endraw %}"
    shown = "{{ person.words }}" + (": " + said if text else "")
    blocks = {"user": shown, "system": "", "question": said}
    return "".join(f"{{% block {name} %}}{content}{{% endblock %}}" for name, content in blocks.items())
