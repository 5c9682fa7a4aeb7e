"""What is billed is what is counted: thinking, long prompts, what was never reported; and no number that is none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from asking import ask, logged
from loopback_server import CUT, Server, completion, echo, reply

from bias_harness.asking import Purse, in_loop, lane
from bias_harness.asking.budget import spent, with_cost
from bias_harness.asking.received import money
from bias_harness.design.audit import load_audit
from bias_harness.design.experiment import Endpoint, Price
from bias_harness.design.portion import Portion, requests_of
from bias_harness.design.prices import MOST_OUTPUT_TOKENS, Listed, cost_of, most_tokens, price_of
from bias_harness.errors import FatalError
from bias_harness.planning.plan import make_plan
from bias_harness.results import RunFolder, open_log
from bias_harness.vocabulary import Usage

PRICE = {"input_per_million": 1_000, "output_per_million": 10_000}


def body(**usage: Any) -> bytes:
    return json.dumps({**json.loads(completion("€ 1")), "usage": usage}).encode()


def one(tmp_path: Path, said: bytes) -> dict[str, Any]:
    with Server(lambda _: [reply(said)]) as server:
        ask(tmp_path, server.base_url, 1, price=PRICE)
    return logged(tmp_path)[0]["usage"]


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        ({"prompt_tokens": 40, "completion_tokens": 8, "total_tokens": 948}, (40, 908)),
        ({"prompt_tokens": 40, "completion_tokens": 8.5}, (40, 9)),
        ({"prompt_tokens": "40", "completion_tokens": "8"}, (40, 8)),
        ({"prompt_tokens": {"text": 40}, "completion_tokens": 8}, (None, 8)),
        ({"prompt_tokens": 40, "completion_tokens": -35}, (40, None)),
        (
            {"prompt_tokens": 40, "completion_tokens": 8, "completion_tokens_details": {"reasoning_tokens": 100}},
            (40, 108),
        ),
        (
            {"prompt_tokens": 40, "completion_tokens": 108, "completion_tokens_details": {"reasoning_tokens": 100}},
            (40, 108),
        ),
        ({"prompt_tokens": True, "completion_tokens": 1e400}, (None, None)),
    ],
)
def test_tokens_are_whole_numbers_that_are_billed_or_null(tmp_path: Path, usage: Any, tokens: Any) -> None:
    found = one(tmp_path, body(**usage))
    assert (found["input_tokens"], found["output_tokens"]) == tokens


@pytest.mark.parametrize("cost", [float("nan"), float("inf"), -1, -0.01, "free", [], True, 1e300])
def test_a_cost_that_is_none_is_not_taken(cost: Any) -> None:
    assert money(cost) is None


def test_an_amount_that_is_none_is_not_set_aside() -> None:
    for amount in (float("nan"), float("inf"), -1.0):
        with pytest.raises(FatalError, match="no amount of money"):
            in_loop(Purse(1.0).reserve(amount))


def test_without_a_count_of_tokens_what_was_set_aside_stays_spent() -> None:
    price = Price(**PRICE)
    assert with_cost(None, price, 0.25) == Usage(reserved=0.25)
    partly = with_cost(Usage(40, None), price, 0.25)
    assert partly == Usage(40, None, 0.04, pytest.approx(0.21))
    assert spent(partly) == pytest.approx(0.25)
    assert with_cost(Usage(40, 5), price, 0.25) == Usage(40, 5, pytest.approx(0.09))
    assert with_cost(Usage(40, 5, 0.02), price, 0.25) == Usage(40, 5, 0.02)


def test_what_may_have_been_billed_counts_on_the_next_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lane, "FIRST_WAIT_SECONDS", 0.001)
    silent = {k: v for k, v in json.loads(completion("€ 1")).items() if k != "usage"}
    purse = Purse(100.0)
    with Server(lambda seen: [CUT] if seen.number == 0 else [reply(json.dumps(silent).encode())]) as server:
        ask(tmp_path, server.base_url, 4, price=PRICE, purse=purse, max_connections=1)
    most = cost_of(Price(**PRICE), 26, 20)
    assert purse.spent == pytest.approx(5 * most), "one attempt that broke, four answers without a count"
    with open_log(RunFolder(tmp_path)) as log:
        assert log.found.cost == pytest.approx(purse.spent)


def test_thinking_beyond_max_tokens_is_learnt_and_the_budget_kept(tmp_path: Path) -> None:
    said = body(prompt_tokens=10, completion_tokens=5, total_tokens=500)
    purse = Purse(30.0)
    with Server(lambda _: [reply(said)]) as server:
        tally = ask(tmp_path, server.base_url, 200, price=PRICE, purse=purse, max_connections=16)
        assert "the budget of US$ 30.00 is used up" in (tally.stopped or "")
        assert len(server.seen) * (0.01 + 4.9) <= 30.0
    assert purse.spent == pytest.approx(len(logged(tmp_path)) * 4.91)


LONG = [("gemini-2.5-pro", 1.25, 10.0), ("claude-sonnet-4-5", 3.0, 15.0), ("gemini-3-pro-preview", 2.0, 12.0)]


@pytest.mark.parametrize(("model", "asked", "answered"), LONG)
def test_a_short_prompt_costs_what_a_short_prompt_costs(model: str, asked: float, answered: float) -> None:
    price = Listed(model, None)
    assert (price.input_per_million, price.output_per_million) == (asked, answered)
    assert cost_of(price, 1_000, 100) == pytest.approx((1_000 * asked + 100 * answered) / 1e6)
    assert cost_of(price, 300_000, 100) > 1.5 * (300_000 * asked + 100 * answered) / 1e6


def test_every_listed_model_costs_what_the_list_says_for_that_request() -> None:
    from genai_prices import Usage as Tokens
    from genai_prices import calc_price
    from genai_prices.data_snapshot import get_snapshot

    wrong, seen = [], 0
    for provider in get_snapshot().providers:
        url = _url(provider.api_pattern)
        for model in provider.models[::7]:
            try:
                said = calc_price(Tokens(input_tokens=700, output_tokens=300), model.id, provider_api_url=url)
                ours = cost_of(Listed(model.id, url), 700, 300)
            except (LookupError, ValueError):
                continue
            seen += 1
            if ours != pytest.approx(float(said.total_price), rel=1e-4, abs=1e-9):
                wrong.append((provider.id, model.id, ours, float(said.total_price)))
    assert seen > 100
    assert wrong == []


def _url(pattern: str) -> str:
    """An address that a provider's pattern fits, where it is that simple."""
    return pattern.replace("\\", "").replace("(.*.)?", "").replace(".*", "x").split("|")[0].strip("()")


def test_a_host_that_is_in_no_list_has_no_list_price() -> None:
    assert price_of(Endpoint(name="a", model="gpt-4o-mini", base_url="http://localhost:1234/v1")) is None
    assert price_of(Endpoint(name="a", model="gpt-4o-mini")) is not None
    assert price_of(Endpoint(name="a", model="llama-3.3-70b-versatile", base_url="https://api.groq.com/openai/v1"))


def test_the_plan_says_whom_it_asks_with_which_key_and_the_sum(small: Path) -> None:
    text = small.read_text().split("endpoints:")[0]
    small.write_text(
        text + "endpoints:\n  - {name: a, model: gpt-4o-mini}\n"
        "  - {name: b, model: m, base_url: 'https://llm.example.test/v1', api_key_env: B_KEY, "
        "price: {input_per_million: 1, output_per_million: 2}}\n"
        "  - {name: c, model: m, base_url: 'http://localhost:1/v1'}\n"
    )
    made = make_plan(load_audit(small))
    assert [(e.host, e.key) for e in made.endpoints] == [
        ("api.openai.com", "OPENAI_API_KEY"),
        ("llm.example.test", "B_KEY"),
        ("localhost", None),
    ]
    high = sum(e.price_high or 0 for e in made.endpoints)
    assert f"to {high:,.2f}, and 1 unknown" in str(made.endpoint_rows()[-1])


def test_a_free_run_reserves_nothing(tmp_path: Path) -> None:
    with Server(echo) as server:
        ask(tmp_path, server.base_url, 3)
    assert {line["usage"]["reserved"] for line in logged(tmp_path)} == {None}


def test_a_plan_s_most_is_what_a_budget_sets_aside(workspace: Path) -> None:
    """Request by request, of a portion too; an experiment that names no `max_tokens` is bounded as well."""
    for sampling, portion in (({"max_tokens": 70}, Portion()), ({"max_tokens": None}, Portion(limit=40))):
        changes = {"endpoints": [{"name": "a", "model": "m", "price": PRICE}], "sampling": sampling}
        audit = load_audit("quickstart", changes)
        (planned,) = make_plan(audit, portion=portion).endpoints
        price, (endpoint,) = Price(**PRICE), audit.experiment.endpoints
        aside = [cost_of(price, *most_tokens(request)) for request in requests_of(audit, endpoint, portion)]
        assert planned.price_high == pytest.approx(sum(aside))
        assert planned.requests == len(aside)
        assert planned.output_tokens_high == len(aside) * (sampling["max_tokens"] or MOST_OUTPUT_TOKENS)


@pytest.mark.slow
def test_the_most_of_a_large_design_is_bounded_by_its_longest_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    changes = {"endpoints": [{"name": "a", "model": "m", "price": PRICE}], "outcome.probabilities": None}
    audit = load_audit("quickstart", changes)
    (exact,) = make_plan(audit).endpoints
    monkeypatch.setattr("bias_harness.planning.endpoint_plan.MOST_RENDERED", 10)
    (bounded,) = make_plan(audit).endpoints
    assert exact.price_high <= bounded.price_high <= 1.5 * exact.price_high
