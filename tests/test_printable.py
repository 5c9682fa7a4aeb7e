"""What others wrote, on a terminal and in XML: nothing moves the cursor, hides, or turns the line around."""

from __future__ import annotations

import json
from types import SimpleNamespace
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bias_harness.checking.formats import as_json, as_junit, as_summary, bar
from bias_harness.checking.gates import Check, Gate, Policy
from bias_harness.printable import printable, printable_json

HOSTILE = "bad \x1b]52;c;QQ==\x07 \x1b[2J\r\x9b1A \u202eKO\u2066 \x00\x08 \ufffe \ud800 end"
RAW = set(HOSTILE) - set(" \n]52;c;QQ==[2J1AKObaden")


def gates() -> Check:
    return Check("audit", (Gate("live", "inconclusive", HOSTILE), Gate(HOSTILE, "regressed", HOSTILE)), Policy())


def test_control_letters_are_shown_as_their_codes() -> None:
    said = printable(HOSTILE)
    assert not RAW & set(said)
    assert "\\x1b[2J" in said
    assert "\\u202e" in said
    assert printable("Łódź ₹ 12\tmüde\n👩‍💻".replace("\u200d", "")) == "Łódź ₹ 12\tmüde\n👩💻"


@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_json_says_the_same_without_raw_control_letters(text: str) -> None:
    whole = json.dumps({"text": text}, ensure_ascii=False)
    safe = printable_json(whole)
    assert json.loads(safe) == {"text": text}
    assert printable(safe) == safe


@pytest.mark.parametrize("write", [as_junit, as_summary, as_json])
def test_no_output_of_a_check_holds_a_raw_control_letter(write) -> None:
    said = write(gates())
    assert not (RAW & set(said))
    if write is as_junit:
        root = ET.fromstring(said)
        assert root.find(".//failure").get("message").startswith("bad \\x1b]52")
    if write is as_json:
        assert json.loads(said)["gates"][0]["message"] == HOSTILE


def test_markdown_makes_nothing_of_what_others_wrote() -> None:
    """Two dollars are a formula on GitHub, a name after an escaped @ is still mentioned, a bar ends a cell."""
    told = "$5,000 or $6,000 | @somebody #12 <b> & ~~no~~ **b** [x](y) `c` _i_ https://h/a_b"
    said = as_summary(Check("audit", (Gate("live", "inconclusive", told),), Policy()))
    assert "&#36;5,000 or &#36;6,000 \\| @<!-- -->somebody #<!-- -->12 &lt;b> &amp; \\~\\~no\\~\\~" in said
    assert "\\*\\*b\\*\\* \\[x\\](y) \\`c\\` \\_i\\_ https://h/a_b" in said


def test_a_report_of_a_merge_request_has_its_reason_as_text_too() -> None:
    root = ET.fromstring(as_junit(Check("audit", gates().gates, Policy(inconclusive="warn"))))
    for tag in ("failure", "skipped"):
        case = root.find(f".//{tag}")
        assert case.text == case.get("message")
        assert "52;c" in case.text


def test_a_change_beyond_the_figure_is_marked_as_such() -> None:
    for change, mark, place in ((-0.06, "<", 0), (0.06, ">", 40), (0.01, "o", 24)):
        drawn = bar(Gate("gap", "pass", "", change=SimpleNamespace(change=change, low=change, high=change)))  # type: ignore[arg-type]
        assert drawn.index(mark) == place
