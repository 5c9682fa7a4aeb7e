"""How every picture looks, and what its file says of itself: nothing that differs from one time to the next."""

from __future__ import annotations

from pathlib import Path
from typing import Any

STYLE = Path(__file__).with_name("journal.mplstyle")
METADATA: dict[str, dict[str, Any]] = {
    "svg": {"Date": None, "Creator": "bias_harness"},
    "png": {"Software": "bias_harness"},
    "pdf": {"CreationDate": None, "Creator": "bias_harness", "Producer": "bias_harness"},
}
