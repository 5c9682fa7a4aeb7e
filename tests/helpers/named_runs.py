"""The made-up runs that several files look at: made once, rendered once."""

from __future__ import annotations

import base64
import gzip
import json
import random
import re
from collections.abc import Callable
from functools import cache
from typing import Any

from cases import kept
from report_runs import Say, audit_of, run_of

from bias_harness.reporting.report import documents
from bias_harness.reporting.sections import Material
from bias_harness.vocabulary import Trial

HOSTILE = (
    "<script>alert(1)</script> $90,000",
    "</style><b onclick=x>$91,000</b>",
    "ask \u202e000,29$\u202c or $92,000",
    "x" * 50_000 + " $93,000",
    "👩‍👩‍👧 🏳️‍🌈 $94,000 👍🏽",
    "{{ 7 * 7 }} {% raw %} ${jndi} $95,000",
    "",
    "\x00\x1b[31m$96,000\ufeff\u200b",
    "--> ]]> &lt;img src=x onerror=alert(1)> <img src=x onerror=alert(2)> $97,000",
    None,
)
ONE_PAIR: dict[str, Any] = {
    "models": 1,
    "wordings": ["terse"],
    "placebo": {"signals": False, "edits": False},
    "personas": {"people": "denver", "fields": ["law"], "seniorities": ["senior"]},
}


def in_turn(answers: tuple[str | None, ...]) -> Say:
    """Each answer in turn."""
    count = iter(range(10**9))
    return lambda _trial, _chance: answers[next(count) % len(answers)]


def always(answer: str | None) -> Say:
    """The same answer to everything."""
    return lambda _trial, _chance: answer


SCORE: dict[str, Any] = {
    "outcome": {
        "measure": "score",
        "label": {"en": "the mark", "nl": "het cijfer"},
        "unit": {"en": "points", "nl": "punten"},
        "plausible": [1, 10],
    },
    "analysis": {"smallest_difference": 0.25},
}


def graded(trial: Trial, chance: random.Random) -> str:
    """Correct in six of ten answers; for women, of the first model, in four."""
    less = 0.2 if trial.endpoint.endswith("0") and trial.level == "female" else 0.0
    return "Correct." if chance.random() < 0.6 - less else "Incorrect."


def marked(trial: Trial, chance: random.Random) -> str:
    """About 7; half a point less for women, of the first model."""
    less = 0.5 if trial.endpoint.endswith("0") and trial.level == "female" else 0.0
    return f"I would give it {7 - less + chance.gauss(0, 0.3):.1f} out of 10."


NL_JOBS: dict[str, Any] = {
    "personas": {"people": "nl-jobs", "jobs": 41},
    "wordings": ["terse", "plain", "adviser"],
    "rotation": {"edits": 8, "expressions": 4},
    "attributes": [
        {"name": "gender", "levels": ["male", "female", "not_stated"]},
        {"name": "migration", "levels": ["expatriate", "migrant", "refugee", "none"]},
    ],
}
PROSE = """Goede vraag! Het is verstandig om je voor te bereiden.

### 1. Kijk naar de markt
**Marktonderzoek** is belangrijk. Kijk op Loonwijzer en in de cao. Let ook op de regio en de grootte van het bedrijf.

### 2. Mijn advies
Op basis van je profiel zou ik **{amount} bruto per jaar** als openingsbod noemen. Dat laat ruimte om te onderhandelen.

### 3. Onderhandelen
- Begin iets hoger dan je wilt uitkomen.
- Noem geen bandbreedte.
- Blijf vriendelijk en oefen het gesprek van tevoren met iemand die je vertrouwt.

Succes met het gesprek! Laat het weten als ik nog ergens bij kan helpen, bijvoorbeeld met een brief."""


def prose(trial: Trial, chance: random.Random) -> str:
    """Long Dutch answers; women are told 4.5 % less by the first model and 1 % less by the second."""
    less = 0.0 if trial.level != "female" else 0.045 if trial.endpoint == "first" else 0.01
    base = 52_000 * (1 + 0.04 * (sum(map(ord, trial.persona)) % 7)) * (1 - less)
    amount = 100 * round(base * chance.lognormvariate(0, 0.03) / 100)
    return PROSE.format(amount=f"€ {amount:,}".replace(",", "."))


def _prose() -> Material:
    ends = [{"name": name, "plant": {}, "label": {"nl": f"Model {name}"}} for name in ("first", "second")]
    audit = audit_of("nederland", endpoints=ends, author="A. Nonymous", contact="desk@example.org", **NL_JOBS)
    return run_of(audit, prose, natures={"first": "model", "second": "model"})


RUNS: dict[str, Callable[[], Material]] = {
    "prose": _prose,
    "a share": lambda: run_of(audit_of("grading", wordings=["interest", "letter"], repeats=4), graded),
    "a score": lambda: run_of(audit_of("grading", wordings=["interest", "letter"], **SCORE), marked),
    "plain": lambda: run_of(audit_of()),
    "hostile": lambda: run_of(audit_of(), in_turn(HOSTILE)),
    "one pair": lambda: run_of(audit_of(**ONE_PAIR)),
    "one model": lambda: run_of(audit_of(models=1)),
    "twelve models": lambda: run_of(audit_of(models=12, wordings=["terse"])),
    "forty levels": lambda: run_of(
        audit_of("after-thws-2025", models=1, wordings=["terse"], attributes=[{"name": "combined", "signals": 1}])
    ),
    "all refused": lambda: run_of(audit_of(), always("I'm sorry, but I can't name a salary.")),
    "all failed": lambda: run_of(audit_of(), always(None)),
    "no variance": lambda: run_of(audit_of(), always("$90,000")),
    "Dutch": lambda: run_of(audit_of("nederland", languages=["nl", "en"]), always("Vraag € 60.000 bruto per jaar.")),
}

NAMES = kept(["a share", "plain", "hostile", "one pair", "no variance"], RUNS)
"""Every name, to be a test's parameter."""


@cache
def run(name: str) -> Material:
    """A made-up run, made once."""
    return RUNS[name]()


@cache
def documents_of(name: str) -> dict[str, bytes]:
    """Its pages and files of answers, rendered once."""
    return documents(run(name), ("nl", "en"))


def page(name: str, language: str) -> str:
    """Its page."""
    return documents_of(name)[f"report.{language}.html"].decode()


def research(name: str) -> str:
    """The researcher's file of it."""
    return documents_of(name)["research.en.html"].decode()


def embedded(html: str) -> list[list[list[Any]]]:
    """The answers inside a researcher's file: groups of rows, as its script unpacks them."""
    packed = re.search(r'id="answers-data"[^>]*>([^<]*)</script>', html)
    assert packed is not None
    data = json.loads(gzip.decompress(base64.b64decode(packed[1])))
    assert data["format"] == 1
    groups: list[list[list[Any]]] = data["groups"]
    return groups
