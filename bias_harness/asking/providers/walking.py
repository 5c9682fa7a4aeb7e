"""The probabilities of an amount: from one-token questions on an answer that is begun, or from an answer that came.

**Walked**: the model is asked how its begun answer goes on, then how each likely branch of that does, the likeliest
first, until the amounts are known to their length. **Beside an answer**: the alternatives at the first token with a
digit, of the one answer that was drawn anyway. Those are the model's own only as long as nothing but the beginning
that the experiment states was drawn before them.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bias_harness.errors import FatalError
from bias_harness.probabilities import ENDED, is_open
from bias_harness.vocabulary import Branch, Distribution

SMALLEST = 0.01
"""A branch less probable than this is not walked; what it is worth stays open."""
FAINTEST, DIGITS = 1e-4, 6
"""What is less probable than this is not written down, the others with so many decimals."""
ENOUGH, MOST_QUESTIONS = 0.92, 60
"""The walk ends when so much of the probability is known to its length, or after so many questions."""
NO_PROBABILITY = -9000.0
"""Some servers write -9999 for a token that is not among the alternatives they looked at."""
MOST_FOLLOWING, MOST_SHOWN = 12, 5

Alternatives = Sequence[tuple[str, float]]
"""How an answer can go on at one place: the text of a token (nothing where the answer ends) and its probability."""


def walk(begins: str, ask: Callable[[str], Alternatives], temperature: float = 1.0) -> Distribution:
    """What follows on `begins`, asked of `ask`: the alternatives behind an answer that goes so far.

    The probabilities are those of answers drawn at `temperature`; `ask` gives them as they are at temperature 1.
    """
    found: dict[str, float] = {}
    waiting = [(-1.0, "")]
    questions, known = 0, 0.0
    while waiting and known < ENOUGH and questions < MOST_QUESTIONS:
        minus, so_far = heapq.heappop(waiting)
        questions += 1
        for text, share in at_temperature(ask(begins + so_far), temperature):
            branch, probability = so_far + (text or ENDED), -minus * share
            if is_open(branch) and probability >= SMALLEST:
                heapq.heappush(waiting, (-probability, branch))
            else:
                found[branch] = found.get(branch, 0.0) + probability
                known += 0.0 if is_open(branch) else probability
    for minus, branch in waiting:
        found[branch] = found.get(branch, 0.0) - minus
    return Distribution(begins, _ranked(found), questions)


def at_temperature(found: Alternatives, temperature: float) -> Alternatives:
    """The alternatives as they are drawn at a temperature of more than 0.

    What is beyond the alternatives (the rest to 1) counts as one more of them, spread so thinly that below temperature
    1 it has even less: its share is that of as many tokens as faint as the faintest that is known.
    """
    if temperature == 1 or not found:
        return found
    faintest = min(share for _, share in found)
    rest = max(0.0, 1 - sum(share for _, share in found))
    beyond = rest / faintest * faintest ** (1 / temperature) if faintest > 0 else 0.0
    powers = [(text, share ** (1 / temperature)) for text, share in found]
    whole = sum(power for _, power in powers) + beyond
    return [(text, power / whole) for text, power in powers]


def beside(begins: str, logprobs: Any) -> Distribution | None:
    """The alternatives at the first token with a digit; None where the answer does not begin as it should.

    `logprobs` are those of a chat completion's choice. Raises `FatalError` where there are none in it.
    """
    places = _places(logprobs)
    before = ""
    for number, place in enumerate(places):
        drawn = str(place.get("token", ""))
        if any(letter.isdecimal() for letter in drawn):
            after = "".join(str(p.get("token", "")) for p in places[number + 1 :])
            return _at(begins, before, alternatives(place), after)
        before += drawn
    return None


def _at(begins: str, before: str, found: Alternatives, after: str) -> Distribution | None:
    start = before.lstrip()
    if not begins.startswith(start.rstrip()) and start.rstrip() != begins:
        return None
    branches: dict[str, float] = {}
    for text, share in found:
        whole = (before + text).lstrip()
        if whole.startswith(begins):
            branch = whole[len(begins) :]
            branches[branch] = branches.get(branch, 0.0) + share
    return Distribution(begins, _ranked(branches), 1, after[:MOST_FOLLOWING]) if branches else None


def alternatives(place: Mapping[str, Any]) -> list[tuple[str, float]]:
    """The tokens at one place of an answer with their probabilities, the drawn one among them, each once."""
    found: dict[Any, tuple[str, float]] = {}
    for entry in (*(place.get("top_logprobs") or ()), place):
        text, log = entry.get("token"), entry.get("logprob")
        if isinstance(text, str) and isinstance(log, int | float) and NO_PROBABILITY < log <= SMALLEST:
            found[entry.get("id", text)] = (text, math.exp(min(0.0, log)))
    return list(found.values())


def _places(logprobs: Any) -> list[Mapping[str, Any]]:
    """The places of an answer that have alternatives. Raises `FatalError` where the endpoint gave none."""
    content = logprobs.get("content") if isinstance(logprobs, dict) else None
    places: list[Mapping[str, Any]] = [place for place in content or () if isinstance(place, dict)]
    if not any(len(place.get("top_logprobs") or ()) > 1 for place in places):
        raise no_probabilities()
    return places


def no_probabilities() -> FatalError:
    """What to say of an endpoint that was asked for log-probabilities, took that, and gave none."""
    return FatalError(
        "the endpoint took logprobs and top_logprobs and gave none with its answer; leave outcome.probabilities out to "
        "have answers drawn, or ask an endpoint that gives them (the local model, llama.cpp, vLLM)"
    )


def shown(found: Distribution) -> str:
    """The likeliest branches as a text to be read by people: `$85,… 31 % | $120,… 12 %`."""
    return " | ".join(_shown(found.begins, branch) for branch in found.branches[:MOST_SHOWN])


def _shown(begins: str, branch: Branch) -> str:
    more = "" if branch.text.endswith(ENDED) else "…"
    return f"{begins}{branch.text.rstrip()}{more} {100 * branch.probability:.0f} %"


def _ranked(found: Mapping[str, float]) -> tuple[Branch, ...]:
    kept = ((text, round(min(1.0, p), DIGITS)) for text, p in found.items() if p >= FAINTEST)
    return tuple(Branch(text, p) for text, p in sorted(kept, key=lambda item: (-item[1], item[0])))
