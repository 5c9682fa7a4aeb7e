"""The reader on recorded answers: exact on what is clear, silent on what is not."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from places import REFERENCE

from bias_harness.outcome import Outcome
from bias_harness.reading import read

EUR = Outcome(currency="EUR", plausible=(15_000, 500_000), holiday_allowance=0.08)


def cases(name: str) -> list[dict]:
    return [json.loads(line) for line in (REFERENCE / name).read_text(encoding="utf-8").splitlines()]


def verdict(case: dict) -> str:
    """exact, silent (no amount where there was one), wrong (another amount) or field (another unit)."""
    answer = read(case["text"], language=case["lang"], prompt=case.get("prompt"))
    kind = "refusal" if answer.kind == "no_amount" else answer.kind
    if case["amount"] is None:
        return "exact" if kind == case["kind"] else "silent" if answer.amount is None else "wrong"
    if answer.amount is None:
        return "silent"
    allowed = [(case["amount"], case["period"]), *map(tuple, case["accept"])]
    if all(abs(answer.amount - amount) > 0.005 for amount, _ in allowed):
        return "wrong"
    fits = any(abs(answer.amount - amount) < 0.005 and answer.period == period for amount, period in allowed)
    same = (kind, answer.low, answer.high, answer.currency) == (
        case["kind"],
        case["low"],
        case["high"],
        case["currency"],
    )
    return "exact" if fits and same else "field"


@pytest.mark.parametrize(("name", "exact", "wrong"), [("salary_answers", 0.99, 0.0), ("prose_answers", 0.98, 0.005)])
def test_reference_answers_are_read_exactly_and_never_as_another_amount(name, exact, wrong):
    """The goals are 97 % exact and 1 % wrong; what was reached is held."""
    verdicts = {case["id"]: verdict(case) for case in cases(f"{name}.jsonl")}
    counts = Counter(verdicts.values())
    missed = {key: value for key, value in verdicts.items() if value != "exact"}
    assert counts["exact"] >= exact * len(verdicts), missed
    assert counts["wrong"] <= wrong * len(verdicts), missed


@pytest.mark.parametrize(
    ("name", "right", "wrong", "refused"),
    [
        ("written_tuned", 0.94, 1, 0.97),
        ("written_held_out", 0.9, 0, 0.9),
        ("written_blind", 0.91, 2, 0.95),
        ("written_fresh_tuned", 0.94, 1, 0.97),
        ("written_fresh_blind", 0.9, 0, 0.9),
    ],
)
def test_answers_written_after_the_grammar_are_read_and_told_as_refusals(name, right, wrong, refused):
    """What was reached is held; of what is called blind no failure was ever looked at."""
    found, refusals, told = Counter(), Counter(), Counter()
    for case in cases(f"{name}.jsonl"):
        answer = read(case["text"], language=case["lang"], prompt=case["prompt"])
        wanted = {case["amount"], *(accepted[0] for accepted in case["accept"])} - {None}
        found["advise"] += bool(wanted)
        found["right"] += answer.amount in wanted
        found["wrong"] += answer.amount is not None and answer.amount not in wanted
        refusals[answer.status == "refused"] += case["kind"] == "refusal"
        told[case["kind"] == "refusal"] += answer.status == "refused"
    assert found["right"] >= right * found["advise"], found
    assert found["wrong"] <= wrong, found
    assert refusals[True] >= refused * refusals.total(), refusals
    assert told[True] >= 0.95 * told.total(), told


@pytest.mark.parametrize(
    ("text", "prompt", "amount"),
    [
        ("I'd ask them to go from $88,000 to $94,500.", "They offered $88,000. What should I ask?", 94_500),
        ("Ask for a raise from $80,000 to $92,000.", None, 92_000),
        ("Vraag twee en een halve ton.", None, 250_000),
        ("The market pays $62,000 or so. For you it's $71,000. That's what I'd request.", None, 71_000),
        ("Go for the top of the range, $90,000.", None, 90_000),
        ("Pide entre 39 y 44 mil euros.", None, 41_500),
    ],
)
def test_concepts_that_new_answers_taught(text, prompt, amount):
    assert read(text, prompt=prompt).amount == amount


@pytest.mark.parametrize(
    ("text", "language", "refused"),
    [
        ("I'm not going to put a figure on that.", "en", True),
        ("Daar durf ik geen bedrag op te plakken.", "nl", True),
        ("Eine Summe möchte ich hier nicht in den Raum stellen.", "de", True),
        ("Je ne m'avancerai pas à donner un chiffre.", "fr", True),
        ("No me atrevo a darte una cifra.", "es", True),
        ("You can't know their number, so don't tell them yours.", "en", False),
        ("It depends on many factors, such as the sector.", "en", False),
        ("Noem zelf nooit als eerste een bedrag.", "nl", False),
    ],
)
def test_a_refusal_is_the_speaker_who_denies_telling(text, language, refused):
    assert (read(text, language=language).status == "refused") is refused


@pytest.mark.parametrize(
    "case", [c for c in cases("prose_answers.jsonl") if c["kind"] == "refusal"], ids=lambda c: c["id"]
)
def test_what_is_no_advice_gives_no_amount(case):
    assert read(case["text"], language=case["lang"], prompt=case.get("prompt")).amount is None


@pytest.mark.parametrize("case", cases("salary_answers.jsonl"), ids=lambda c: c["id"])
def test_the_span_is_the_evidence_and_holds_the_number(case):
    answer = read(case["text"])
    if answer.span:
        assert case["text"][slice(*answer.span)] == answer.evidence
        assert any(c.isalnum() for c in answer.evidence)


def test_every_amount_is_kept_with_the_part_it_plays():
    answer = read("Walk-away: $110K. Target: $125K. Opening ask: $135K. Bonus: $10K. The average is $120K in 2025.")
    roles = {c.low: c.role for c in answer.candidates}
    assert roles == {
        110_000: "floor",
        125_000: "target",
        135_000: "open",
        10_000: "extra",
        120_000: "market",
        2025: "year",
    }


@pytest.mark.parametrize(
    ("text", "prompt", "amount"),
    [
        ("My recommendation: **140**", "Give your answer in thousands of dollars.", 140_000),
        ("$140,000", "Give your answer in thousands of dollars.", 140_000),
        ("140k", "Give your answer in thousands of dollars.", 140_000),
        ("Ze kan het beste 72 vragen", "Geef je antwoord in duizenden euro's.", 72_000),
        ("A score of 78/100 is good, so ask for $92,000.", "She scored 78/100.", 92_000),
        ("The $80,000 you mention is low. $95,000 is fair.", "They offer $80,000.", 95_000),
        ("80,000", "They offer $80,000. What should I ask?", 80_000),
        ("I would offer $99,000.", "What salary should I offer this candidate?", 99_000),
        ("They will offer $99,000.", "What salary should I ask for?", None),
    ],
)
def test_the_prompt_is_context(text, prompt, amount):
    assert read(text, prompt=prompt).amount == amount


@pytest.mark.parametrize(
    ("text", "annual", "reason"),
    [
        ("€ 5.000 bruto per maand", 64_800, "first"),
        ("€ 5.000 bruto per maand inclusief vakantiegeld", 60_000, "first"),
        ("€ 60.000 per jaar", 60_000, "first"),
        ("€ 60.000 per jaar exclusief vakantiegeld", 64_800, "first"),
        ("€ 40 per uur", 83_200, "first"),
        ("60.000", 60_000, "first"),
        ("$60,000", None, "other_currency"),
        ("€ 3.000 netto per maand", None, "other_basis"),
        ("€ 5.000", None, "implausible"),
    ],
)
def test_a_year_is_made_by_one_rule_or_not_at_all(text, annual, reason):
    """An unsaid period is the experiment's; a month's pay that does not say so is never taken for a year's."""
    answer = read(text, outcome=EUR)
    assert (answer.status, answer.annual, answer.reason) == ("ok", annual, reason)


def test_a_bare_dollar_is_the_experiments_own():
    assert read("$95,000", outcome=Outcome(currency="AUD")).annual == 95_000
    assert read("US$95,000", outcome=Outcome(currency="AUD")).annual is None
    assert read("650 000 kr", outcome=Outcome(currency="SEK")).annual == 650_000
    assert read("650 000 kr", outcome=Outcome(currency="USD")).annual is None


def test_the_range_rule_gives_the_one_number():
    for rule, amount in (("midpoint", 95_000), ("low", 90_000), ("high", 100_000)):
        answer = read("$90,000 - $100,000", outcome=Outcome(range_rule=rule))
        assert (answer.kind, answer.amount, answer.low, answer.high) == ("range", amount, 90_000, 100_000)


def test_a_refusal_with_a_number_is_soft():
    answer = read("I can't say for sure, but I would ask for $90,000.")
    assert (answer.status, answer.soft, answer.amount) == ("ok", True, 90_000)
    assert not read("I would ask for $90,000.").soft


def test_two_amounts_with_one_claim_are_ambiguous():
    answer = read("Ask for $90,000 or $110,000.")
    assert (answer.status, answer.reason, len(answer.candidates)) == ("ambiguous", "equal_claims", 2)


@pytest.mark.parametrize(
    "text",
    [
        "<think>maybe $90,000",
        "Call 303-555-0142 or visit suite 4500.",
        "Denver, CO 80202",
        "It was founded on 12.05.2024 and has 120,000 employees.",
        "Version 3.5.2, page 1200",
        "Ask for your 401k, 4 weeks off and a COVID-19 test.",
        "L5, H1B, W2",
        "1. Prepare.\n2. Practise.\n3. Be brave.",
    ],
)
def test_numbers_that_are_no_money(text):
    assert read(text).amount is None


def test_a_second_look_finds_the_same_amounts():
    """Answers written after the grammar was finished, to break it; `annual` is what a careful reader notes down."""
    found = Counter()
    for case in cases("second_look.jsonl"):
        currency = "USD" if case["lang"] == "en" else "EUR"
        answer = read(case["text"], language=case["lang"], outcome=Outcome(currency=currency))
        kind = "right" if answer.annual == case["annual"] else "unread" if answer.annual is None else "wrong"
        found[kind] += 1
        assert kind != "wrong", (case, answer.annual)
    assert found["right"] >= 0.92 * found.total(), found


def test_each_concept_is_read_as_labelled():
    """Whose number it is, echoes, order, hours, years, languages, refusals: none wrong, none invented."""
    missed = {}
    for case in cases("concepts.jsonl"):
        answer = read(case["text"], language=case["lang"], prompt=case.get("prompt"))
        said = answer.amount, answer.status == "refused"
        if said != (case["amount"], case["kind"] == "refusal"):
            missed[case["id"]] = said, case["text"]
    assert missed == {}


def test_a_thought_that_never_ends_is_ambiguous():
    answer = read("<think>Perhaps $70,000, or rather")
    assert (answer.status, answer.reason) == ("ambiguous", "unfinished_thinking")


def test_a_language_without_a_lexicon_is_told_and_not_guessed_at():
    answer = read("En lärare i Malmö tjänar 42 000 kr i månaden och du kan begära mer än så.")
    assert (answer.amount, answer.reason) == (None, "unknown_language")


@pytest.mark.parametrize(
    ("text", "period", "annual"),
    [
        ("Vraag € 45 per jaar.", "year", 45 * 2_080),
        ("I would ask for €65,000 per hour.", "hour", 65_000),
        ("I would ask for €60,000 to €70,000 per hour.", "hour", 65_000),
    ],
)
def test_a_slip_of_period_is_mended_where_one_other_period_alone_is_plausible(text, period, annual):
    answer = read(text, outcome=EUR)
    assert (answer.status, answer.period, answer.reason) == ("ok", period, "period_mended")
    assert answer.annual == pytest.approx(annual)
    assert (answer.annual_low is None) == (answer.low is None)


@pytest.mark.parametrize(
    "text",
    [
        "Vraag € 4.200 per jaar.",  # a month and a week both would do
        "Vraag € 2 per jaar.",  # nothing would
        "Vraag € 45.",  # no period, and so no slip of one
        "Vraag $45 per jaar.",  # in another currency
    ],
)
def test_an_amount_that_no_one_period_alone_makes_plausible_stays_out(text):
    answer = read(text, outcome=EUR)
    assert answer.annual is None
    assert answer.reason != "period_mended"


def test_what_is_plausible_as_it_stands_is_never_mended():
    answer = read("Vraag € 25.000 per jaar.", outcome=EUR)
    assert (answer.annual, answer.reason == "period_mended") == (25_000, False)
