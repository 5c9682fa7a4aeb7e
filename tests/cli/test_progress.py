"""What is said while asking: enough to wait by, and no more often than one can read."""

from __future__ import annotations

import io
import json
import sys
import time

import pytest

from bias_harness.asking import Tally
from bias_harness.cli import progress


def tally(**changes) -> Tally:
    return Tally("loop", 1_000, **changes)


def test_a_line_says_how_far_how_fast_what_went_wrong_what_it_cost_and_how_long() -> None:
    said = progress.sentence(tally(already=100, answered=290, failed=10, retried=4, cost=1.234), 20.0)
    assert said == "400 of 1,000, 20.0/s, 10 failed, 4 retried, US$ 1.23, 0:00:30 left"
    assert progress.sentence(tally(), 0.0) == "0 of 1,000"
    assert progress.sentence(tally(answered=5, stopped="loop: gone"), 2.0) == "5 of 1,000, 2.0/s, stopped"


def test_lines_come_now_and_then_and_once_at_the_end(capsys: pytest.CaptureFixture, monkeypatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    with progress.shown_progress() as update:
        for done in range(0, 1_001, 5):
            clock[0] += 0.25
            update(tally(answered=done))
        update(tally(answered=1_000))
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 6
    assert lines[0] == "loop: 0 of 1,000"
    assert lines[-1] == "loop: 1,000 of 1,000, 20.0/s"


def test_a_program_gets_json_lines_and_the_quiet_get_nothing(capsys: pytest.CaptureFixture) -> None:
    with progress.shown_progress(as_json=True) as update:
        update(tally(already=1_000))
    told = json.loads(capsys.readouterr().err)
    assert (told["done"], told["planned"], told["cost"], told["stopped"]) == (1_000, 1_000, None, None)
    with progress.shown_progress(quiet=True, as_json=True) as update:
        update(tally(already=1_000))
    assert capsys.readouterr().err == ""


def test_a_terminal_gets_bars(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    with progress.shown_progress() as update:
        update(tally(answered=300, failed=2, cost=0.5))
    shown = screen.getvalue()
    assert "loop" in shown
    assert "302/1000" in shown
    assert "2 failed" in shown
    assert "US$ 0.50" in shown
