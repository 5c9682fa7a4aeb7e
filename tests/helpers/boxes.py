"""What a page of the gallery looks like, in text: the words of its first screens and where its parts stand."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from browser import kept_open, opened
from gallery_runs import GALLERY
from places import ROOT

from bias_harness.reporting.report import render_report

KEPT = ROOT / "tests" / "reporting" / "gallery.json"
PHONE, DESKTOP = 390, 1280
LOOK = """() => ({
  text: document.querySelector('.summary').innerText.split('\\n').map((x) => x.trim()).filter(Boolean),
  boxes: [...document.querySelectorAll('h1,h2,.tiles li,table,figure,section,.person')].map((e) => {
    const b = e.getBoundingClientRect();
    return [e.tagName, ...[b.x, b.y, b.width, b.height].map(Math.round)];
  }),
})"""


def boxes_of_all() -> dict[str, Any]:
    """Name, language and width -> words and boxes, of every page of the gallery."""
    found: dict[str, Any] = {}
    with TemporaryDirectory() as folder, kept_open():
        for name, (_, make) in GALLERY.items():
            material = make()
            for language in ("nl", "en"):
                path = Path(folder, f"{name}.html")
                path.write_text(render_report(material, language, ("nl", "en")), encoding="utf-8")
                for width in (PHONE, DESKTOP):
                    with opened(path, width=width) as page:
                        found[f"{name} {language} {width}"] = page.page.evaluate(LOOK)
    return found


def to_text(found: dict[str, Any]) -> str:
    """As JSON, a page a line, so that a difference is seen in a diff."""
    lines = (f"{json.dumps(name)}: {json.dumps(page, ensure_ascii=False)}" for name, page in found.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"
