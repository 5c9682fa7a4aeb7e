"""The published schemas are those of the models, and every shipped file fits its schema."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from places import ROOT

from bias_harness.checking.gates import check_schema
from bias_harness.design.audit import schemas
from bias_harness.handwritten import parse_shipped
from bias_harness.workspace import shipped

FOLDER = ROOT / "bias_harness" / "schemas"
FILES = [path for kind in ("experiments", "personas", "prompts") for path in shipped(kind).glob("*.yaml")]


@pytest.mark.parametrize("name", ["experiment", "people", "attribute", "edits", "check"])
def test_published_schema_is_current(name: str) -> None:
    """Renew with `bias-harness schema --into bias_harness/schemas`."""
    made = schemas() | {"check": check_schema()}
    assert json.loads((FOLDER / f"{name}.schema.json").read_text()) == made[name]


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_shipped_files_fit_the_schema_that_they_name(path: Path) -> None:
    first = path.read_text().splitlines()[0]
    assert first.startswith("# yaml-language-server: $schema=")
    schema = json.loads((path.parent / first.split("=", 1)[1]).read_text())
    jsonschema.validate(parse_shipped(path.read_text()), schema)
