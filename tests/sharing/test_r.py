"""The page of base R gives the judgements' gaps, run by R itself where that is installed."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from places import ROOT

import bias_harness
from bias_harness import pipeline

RSCRIPT = shutil.which("Rscript")
CHANGES = {
    "crossed": {"repeats": 2, "wordings": ["terse", "plain"], "attributes": ["gender"]},
    "rotated": {"personas": {"people": "us-jobs", "jobs": 8}, "repeats": 1, "wordings": ["terse", "plain"]},
}


@pytest.mark.skipif(RSCRIPT is None, reason="Rscript is not installed")
@pytest.mark.parametrize("design", ["rotated", pytest.param("crossed", marks=pytest.mark.slow)])
def test_base_r_reproduces_every_headline(tmp_path: Path, design: str) -> None:
    plant = {"gaps": {"gender": {"female": -0.1}}, "refusal_rate": 0.1, "trial_sd": 0.1, "seed": 3}
    changes = {"endpoints": [{"name": "sim", "plant": plant}], **CHANGES[design]}
    run = pipeline.run(pipeline.load_experiment("simulated", changes=changes), results=tmp_path / "results")
    bias_harness.export(run, into=tmp_path / "data")
    (code,) = re.findall(r"```r\n(.*?)```", (ROOT / "docs" / "r.md").read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "headline.R").write_text(code)
    done = subprocess.run([str(RSCRIPT), "headline.R"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said = re.findall(r"R says (\S+) over (\d+) jobs, the judgement says (\S+) over (\d+)", done.stdout)
    assert len(said) == len(run.judgements.items)
    for own, jobs, told, jobs_told in said:
        assert float(own) == pytest.approx(float(told), abs=1e-10)
        assert jobs == jobs_told
