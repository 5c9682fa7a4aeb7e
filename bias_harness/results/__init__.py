"""results/<run>/ -> the only room that opens it: the log of responses, the manifest, the lock, the derived files.

`responses*.jsonl` is the only truth. A line counts once it is written and flushed. For each key the latest answer
counts; an error counts only where there is no answer. A torn last line (power cut, full disk) is set aside and its
request asked again, and so is any other line that cannot be read. `results.table` reads a whole run in columns.
"""

from __future__ import annotations

from bias_harness.results.folder import LOG, MANIFEST, RunFolder, find_run, runs_in, write_whole, writing
from bias_harness.results.keys import KeySet
from bias_harness.results.lines import dump_line
from bias_harness.results.log import Counts, Found, RunLog, counted, open_log
from bias_harness.results.manifest import EndpointTotals, Manifest, Totals
from bias_harness.results.merge import Merged, merge
from bias_harness.workspace import EXPERIMENT

__all__ = [
    "EXPERIMENT",
    "LOG",
    "MANIFEST",
    "Counts",
    "EndpointTotals",
    "Found",
    "KeySet",
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
