"""Shards take parts of what an endpoint allows that add up to it, and say so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from command_line import type_in
from hypothesis import given
from hypothesis import strategies as st

from bias_harness import pipeline
from bias_harness.asking.ask import work_of
from bias_harness.design.endpoints import Endpoint
from bias_harness.design.portion import Portion, portion_of
from bias_harness.design.shares import LIMITS, parse_share, share_of_budget, shared, shares_said
from bias_harness.errors import UsageError
from bias_harness.results import RunFolder
from bias_harness.results.batches import BatchBook


def endpoint(**limits: Any) -> Endpoint:
    return Endpoint.model_validate({"model": "m", "base_url": "http://127.0.0.1:9/v1", **limits})


@given(st.integers(1, 12), st.integers(12, 5_000), st.integers(12, 900_000))
def test_the_parts_of_a_limit_add_up_to_it(count: int, requests: int, tokens: int) -> None:
    whole = endpoint(requests_per_minute=requests, tokens_per_minute=tokens, max_connections=37)
    parts = [shared(whole, Portion(shard=(index, count))) for index in range(1, count + 1)]
    for limit in LIMITS:
        each = [getattr(part, limit) for part in parts]
        assert sum(each) == getattr(whole, limit)
        assert max(each) - min(each) <= 1


def test_what_is_not_limited_stays_so_and_a_connection_is_left_to_everyone() -> None:
    part = shared(endpoint(max_connections=2), Portion(shard=(4, 4)))
    assert (part.max_connections, part.requests_per_minute, part.tokens_per_minute) == (1, None, None)
    whole = endpoint(requests_per_minute=10)
    assert shared(whole, Portion(limit=5)) == whole


def test_a_share_that_is_declared_holds_instead() -> None:
    whole = endpoint(requests_per_minute=100, max_connections=16)
    part = shared(whole, Portion(shard=(1, 2), share=0.9))
    assert (part.requests_per_minute, part.max_connections) == (90, 14)
    assert shared(whole, Portion(shard=(1, 2), share=1.0)) == whole


def test_a_limit_that_is_too_small_to_be_shared_is_refused() -> None:
    told = "requests_per_minute of 'm' is 3, less than one for every shard"
    for index in (1, 4):
        with pytest.raises(UsageError, match=f"--shard {index}/4: {told}"):
            shared(endpoint(requests_per_minute=3), Portion(shard=(index, 4)))


def test_the_budget_of_the_experiment_is_shared_too() -> None:
    assert share_of_budget(10.0, Portion(shard=(1, 4))) == 2.5
    assert share_of_budget(10.0, Portion(shard=(1, 4), share=1.0)) == 2.5
    assert share_of_budget(10.0, Portion()) == 10.0
    assert share_of_budget(None, Portion(shard=(1, 4))) is None


@pytest.fixture
def limited(small: Path) -> Path:
    """An experiment whose endpoint has limits, and is nowhere."""
    data = yaml.safe_load(small.read_text())
    data["endpoints"] = [
        {"model": "m", "base_url": "http://127.0.0.1:9/v1", "requests_per_minute": 60, "max_connections": 9}
        | {"max_attempts": 1, "outage_seconds": 0}
    ]
    data["budget"] = 8
    small.write_text(yaml.safe_dump(data))
    return small


def test_a_shard_asks_within_its_part(limited: Path, tmp_path: Path) -> None:
    audit = pipeline.load_experiment(limited)
    work = work_of(audit, audit.experiment.endpoints[0], Portion(shard=(2, 2)), BatchBook(RunFolder(tmp_path)))
    assert (work.endpoint.max_connections, work.endpoint.requests_per_minute) == (4, 30)


@pytest.mark.slow
def test_plan_and_run_say_what_a_shard_takes(limited: Path, workspace: Path) -> None:
    said = "m: shard 1 of 2 takes 5 of 9 connections, 30 of 60 requests a minute"
    money = "Of the experiment's budget of US$ 8.00 this shard takes US$ 4.00"
    price = ("--set", "endpoints.*.price={input_per_million: 0, output_per_million: 0}")
    plan = type_in("run", str(limited), "--shard", "1/2", "--dry-run", cwd=workspace)
    assert said in plan.stdout
    assert money in plan.stdout
    begun = type_in("run", str(limited), "--shard", "1/2", "--quiet", *price, cwd=workspace)
    assert said in begun.stderr
    assert money in begun.stderr
    audit = pipeline.load_experiment(limited)
    (left,) = shares_said(audit, Portion(shard=(1, 2), share=1.0))
    assert left == money + "; --budget names another."


def test_a_share_is_a_share_and_of_a_shard(limited: Path, workspace: Path) -> None:
    assert [parse_share(text) for text in ("40%", "0.4", "1", "100 %")] == [0.4, 0.4, 1.0, 1.0]
    for text in ("0%", "101%", "half", "-1", "nan"):
        with pytest.raises(UsageError, match="--share"):
            parse_share(text)
    with pytest.raises(UsageError, match="only with --shard"):
        portion_of(None, None, 0.5)
    done = type_in("run", str(limited), "--share", "50%", "--dry-run", cwd=workspace)
    assert done.returncode == 2
