"""What others wrote, on a terminal and in XML: nothing moves the cursor, hides, or turns the line around."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bias_harness.checking.formats import as_json, as_junit, as_summary
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
