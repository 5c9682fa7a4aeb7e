"""Make the gallery: eight example reports of made-up runs, and the page that lists them.

python tools/gallery.py FOLDER      the pages, to be looked at or published beside the docs
python tools/gallery.py --record    what the visual regression test compares with: texts and boxes, by Chromium
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "helpers"))

from boxes import KEPT, boxes_of_all, to_text  # noqa: E402
from gallery_runs import GALLERY  # noqa: E402

from bias_harness.reporting.report import documents  # noqa: E402

LIST = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Gallery of reports</title>
<meta name="viewport" content="width=device-width, initial-scale=1"></head><body><main><h1>Gallery of reports</h1>
<p>Eight reports of made-up answers: nobody was asked, and no number here is about any chatbot.</p>
<ul>{items}</ul></main></body></html>
"""


def write(folder: Path) -> None:
    """Every report of the gallery, in both languages, and the list of them."""
    items = []
    for name, (title, make) in GALLERY.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        for file, content in documents(make(), ("nl", "en")).items():
            (folder / name / file).write_bytes(content)
        files = ("report.nl.html", "report.en.html", "research.en.html")
        links = ", ".join(f'<a href="{name}/{file}">{file}</a>' for file in files)
        items.append(f"<li>{title}: {links}</li>")
    (folder / "index.html").write_text(LIST.format(items="".join(items)), encoding="utf-8")


def main() -> None:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--record", action="store_true")
    given = parser.parse_args()
    if given.folder:
        write(given.folder)
    if given.record:
        KEPT.write_text(to_text(boxes_of_all()), encoding="utf-8")


if __name__ == "__main__":
    main()
