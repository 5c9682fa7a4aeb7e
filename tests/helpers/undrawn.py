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
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import bias_harness

if TYPE_CHECKING:
    from bias_harness.reporting.charts.chart import Drawing
    from bias_harness.reporting.texts import Texts

MODULE = "bias_harness.reporting.charts.mpl.files"
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


def stand_in() -> ModuleType:
    """A module to be imported in the place of the one that draws; all but the drawing is the real one's."""
    module = ModuleType(MODULE)
    module.files_of = files_of  # type: ignore[attr-defined]
    module.__getattr__ = lambda name: getattr(_real(), name)  # type: ignore[method-assign]
    return module


@cache
def _real() -> ModuleType:
    path = Path(bias_harness.__file__).parent.joinpath(*MODULE.split(".")[1:]).with_suffix(".py")
    spec = spec_from_file_location("drawn_files", path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    sys.modules[MODULE] = stand_in()
    from bias_harness.cli.main import main

    main()
