"""Figure files whose pictures are a line of text, for tests that are not about pictures.

Drawing with matplotlib takes a third of the time of a report. Names and tables of the files are what they always are;
the figures on the pages are not matplotlib's and stay. A test or a file marked `drawn` gets the pictures, and with
BIAS_HARNESS_TESTS=all every test of tests/reporting does; the command with them is run by .ci/run itself.

    python -m undrawn run small    the command line in a process of its own, its figure files undrawn
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bias_harness.reporting.charts.chart import Drawing
    from bias_harness.reporting.texts import Texts

DRAWING = "bias_harness.reporting.charts.mpl"
NOT_DRAWN = b"Not drawn: mark the test `drawn`."
EVERYTHING = os.environ.get("BIAS_HARNESS_TESTS") == "all"


def files_of(
    drawings: Iterable[Drawing], texts: Texts, formats: Sequence[str] = ("svg", "png"), *_: object
) -> dict[str, bytes]:
    """As the function of this name that draws, without the pictures."""
    made: dict[str, bytes] = {}
    for drawing in drawings:
        made |= {f"{drawing.id}.{kind}": NOT_DRAWN for kind in formats}
        made[f"{drawing.id}.csv"] = drawing.chart.table().to_csv()
        made[f"{drawing.id}.txt"] = drawing.caption.encode()
    return made


def picture(*words: object, **more: object) -> bytes:
    """As the functions that draw the picture and the page to share, without drawing them."""
    return NOT_DRAWN


@contextlib.contextmanager
def aside(drawings: Sequence[Drawing], texts: Texts) -> Iterator[dict[str, bytes]]:
    """As the function that has them drawn by a second process."""
    yield files_of(drawings, texts)


def stand_ins() -> dict[str, ModuleType]:
    """Modules to be imported in the place of those that draw, by their names."""
    names = ("files", "card", "leaf", "second_process")
    files, card, leaf, second_process = (ModuleType(f"{DRAWING}.{name}") for name in names)
    files.files_of = files_of  # type: ignore[attr-defined]
    card.picture = picture  # type: ignore[attr-defined]
    leaf.page = picture  # type: ignore[attr-defined]
    second_process.drawn_aside = aside  # type: ignore[attr-defined]
    return {module.__name__: module for module in (files, card, leaf, second_process)}


UNDRAWN = stand_ins()


def real() -> dict[str, ModuleType]:
    """The modules that draw, by their names."""
    kept = {name: sys.modules.pop(name) for name in UNDRAWN if sys.modules.get(name) is UNDRAWN[name]}
    try:
        return {name: importlib.import_module(name) for name in UNDRAWN}
    finally:
        sys.modules.update(kept)


if __name__ == "__main__":
    sys.modules.update(UNDRAWN)
    from bias_harness.cli.main import main

    main()
