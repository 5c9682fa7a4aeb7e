"""Made-up observations for the tests of the statistics: planted gaps on a full crossed design."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from places import REFERENCE

CASES = {c["id"]: c for c in json.loads((REFERENCE / "stats_cases.json").read_text())["cases"]}

FIELDS = ("business", "engineering", "law", "medicine", "social")


def observations(
    *,
    gaps: Mapping[str, float] | None = None,
    reference: str = "male",
    attribute: str = "gender",
    endpoints: Sequence[str] = ("bot",),
    people: int = 10,
    wordings: int = 3,
    languages: Sequence[str] = ("en",),
    signals: int = 1,
    edits: Sequence[str] = (),
    repeats: int = 3,
    gap_sd: float = 0.02,
    trial_sd: float = 0.06,
    heap: float = 0.0,
    refused: Mapping[str, float] | None = None,
    seed: int = 1,
) -> pd.DataFrame:
    """One row a trial. `gaps` are log gaps by level; edits are asked of the reference's first signal."""
    gaps = {"female": -0.05} if gaps is None else dict(gaps)
    random = np.random.default_rng(seed)
    arms = [(level, s, "") for level in (reference, *gaps) for s in range(signals)]
    arms += [(reference, 0, edit) for edit in edits]
    axes = [endpoints, range(people), range(wordings), languages, range(len(arms)), range(repeats)]
    names = ["endpoint", "persona", "wording", "language", "arm", "repeat"]
    frame = pd.MultiIndex.from_product(axes, names=names).to_frame(index=False)
    person, arm = frame["persona"].to_numpy(), frame["arm"].to_numpy()
    for place, name in enumerate(("level", "signal", "edit")):
        frame[name] = np.array([a[place] for a in arms])[arm]
    frame["attribute"], frame["reference"] = attribute, frame["level"] == reference
    planted = frame["level"].map({reference: 0.0, **gaps}).to_numpy(dtype=float)
    moved = random.normal(0, gap_sd, (people, len(arms)))[person, arm]
    logs = np.log(90_000) + random.normal(0, 0.25, people)[person] + planted + np.where(planted != 0, moved, 0.0)
    amounts = np.exp(logs + random.normal(0, trial_sd, len(frame)))
    amounts = np.round(amounts / heap) * heap if heap else amounts
    shares = frame["level"].map(refused or {}).fillna(0.0).to_numpy(dtype=float)
    silent = random.random(len(frame)) < shares
    frame["annual"] = np.where(silent, np.nan, amounts)
    frame["status"], frame["kind"] = np.where(silent, "refused", "ok"), np.where(silent, "refusal", "point")
    frame["field"] = np.array(FIELDS)[person % 5]
    frame["seniority"] = np.array(["junior", "senior"])[person // 5 % 2]
    frame["persona"] = [f"p{i:03d}" for i in person]
    frame["wording"] = [f"w{i}" for i in frame["wording"]]
    frame["implausible"], frame["currency"], frame["place"] = False, "USD", "denver"
    frame["job"] = frame["persona"]
    return frame.drop(columns="arm")
