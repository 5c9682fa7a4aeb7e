"""The gallery is as it was recorded, in words and boxes, and axe finds nothing in it: `make gallery`.

`python tools/gallery.py --record` records it anew; that somebody looked at it is not in the recording.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from boxes import KEPT, boxes_of_all
from browser import axe_violations, needs_browser
from gallery_runs import GALLERY

from bias_harness.reporting.report import documents

asked_for = pytest.mark.skipif(os.environ.get("BIAS_HARNESS_TESTS") != "gallery", reason="make gallery: some minutes")
APART = 3
"""Pixels that a box may stand elsewhere, for fonts are not the same to the last pixel everywhere."""


@needs_browser
@asked_for
def test_words_and_boxes_are_those_that_were_looked_at() -> None:
    kept = json.loads(KEPT.read_text(encoding="utf-8"))
    found = boxes_of_all()
    assert list(found) == list(kept)
    for name, page in found.items():
        assert page["text"] == kept[name]["text"], name
        assert len(page["boxes"]) == len(kept[name]["boxes"]), name
        for (tag, *box), (old_tag, *old) in zip(page["boxes"], kept[name]["boxes"], strict=True):
            assert tag == old_tag, name
            assert all(abs(a - b) <= APART for a, b in zip(box, old, strict=True)), (name, tag, box, old)


@needs_browser
@asked_for
@pytest.mark.parametrize("name", GALLERY)
def test_axe_finds_nothing_in_the_gallery(name: str, tmp_path: Path) -> None:
    files = documents(GALLERY[name][1](), ("nl", "en"))
    for file, content in files.items():
        (tmp_path / file).write_bytes(content)
    for file in files:
        for width in (390, 1280):
            for dark in (False, True):
                assert axe_violations(tmp_path / file, width, dark=dark) == [], (file, width, dark)
