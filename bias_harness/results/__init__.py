"""results/<run>/ -> the only room that opens it: the log of responses, the manifest, the lock, the derived files.

`responses*.jsonl` is the only truth, in parts (`results.parts`). A line counts once it is written and flushed; it has a
checksum, and the manifest says what each part amounts to. For each key the latest answer counts; an error counts only
where there is no answer. A torn last line (power cut, full disk) is set aside and its request asked again, and so is
any other line that cannot be read. `results.readings` keeps
what was read in it.
"""

from __future__ import annotations

from bias_harness.results.files import write_whole, writing
from bias_harness.results.folder import MANIFEST, RunFolder, find_run, runs_in
from bias_harness.results.found import Counts, Found
from bias_harness.results.keys import KeySet
from bias_harness.results.lines import dump_line
from bias_harness.results.log import RunLog, counted, open_log
from bias_harness.results.manifest import EndpointTotals, Looks, Manifest, Totals
from bias_harness.results.merge import Merged, merge
from bias_harness.results.parts import LOG
from bias_harness.workspace import EXPERIMENT

__all__ = [
    "EXPERIMENT",
    "LOG",
    "MANIFEST",
    "Counts",
    "EndpointTotals",
    "Found",
    "KeySet",
    "Looks",
    "Manifest",
    "Merged",
    "RunFolder",
    "RunLog",
    "Totals",
    "counted",
    "dump_line",
    "find_run",
    "merge",
    "open_log",
    "runs_in",
    "write_whole",
    "writing",
]
