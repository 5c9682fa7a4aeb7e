"""Figure files whose pictures are a line of text, for tests that are not about pictures.

Drawing with matplotlib takes most of the time of a report. Names and tables of the files are what they always are; the
figures on the pages are not matplotlib's and stay. A test or a file marked `drawn` gets the pictures, and with
BIAS_HARNESS_TESTS=all every test of tests/reporting does; the command with them is run by .ci/run itself.

    python -m undrawn run small    the command line in a process of its own, its figure files undrawn
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bias_harness.reporting.charts.chart import Drawing
    from bias_harness.reporting.texts import Texts

DRAWING = "bias_harness.reporting.charts.mpl"
NOT_DRAWN = b"Not drawn: mark the test `drawn`."
EVERYTHING = os.environ.get("BIAS_HARNESS_TESTS") == "all"


def files_of(
    drawings: Iterable[Drawing], texts: Texts, formats: Sequence[str] = ("svg", "png"), styles: Sequence[str] = ()
) -> dict[str, bytes]:
    """As the function of this name that draws, without the pictures."""
    made: dict[str, bytes] = {}
    for drawing in drawings:
        made |= {f"{drawing.name}.{kind}": NOT_DRAWN for kind in formats}
        made[f"{drawing.name}.csv"] = drawing.chart.table().to_csv()
    return made


def picture(*words: object, **more: object) -> bytes:
    """As the function that draws the picture to share, without drawing it."""
    return NOT_DRAWN


def stand_ins() -> dict[str, ModuleType]:
    """Modules to be imported in the place of those that draw, by their names."""
    files, card = (ModuleType(f"{DRAWING}.{name}") for name in ("files", "card"))
    files.files_of = files_of  # type: ignore[attr-defined]
    card.picture = picture  # type: ignore[attr-defined]
    return {module.__name__: module for module in (files, card)}


if __name__ == "__main__":
    sys.modules.update(stand_ins())
    from bias_harness.cli.main import main

    main()
