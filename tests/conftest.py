"""No test reaches anything but loopback, and none needs a key."""

from __future__ import annotations

import ipaddress
import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy is loaded; as the command line does

import pytest
from browser import kept_open
from undrawn import EVERYTHING, UNDRAWN, real

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # started by nohup or in the background: some tests press Ctrl-C
    signal.signal(signal.SIGINT, signal.default_int_handler)

KEY_VARIABLES = [name for name in os.environ if name.endswith("_API_KEY")]
_connect = socket.socket.connect
_connect_ex = socket.socket.connect_ex


def _is_loopback(family: int, address: object) -> bool:
    if family not in (socket.AF_INET, socket.AF_INET6):
        return True
    host = str(address[0]) if isinstance(address, tuple) else str(address)
    try:
        return ipaddress.ip_address(host.split("%")[0]).is_loopback
    except ValueError:
        return host == "localhost"


@pytest.fixture(autouse=True)
def only_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every other connection with an error that no code under test catches by accident."""

    def guarded(original):
        def connect(self, address):
            if not _is_loopback(self.family, address):
                raise AssertionError(f"a test tried to reach {address!r}; tests reach nothing but loopback")
            return original(self, address)

        return connect

    monkeypatch.setattr(socket.socket, "connect", guarded(_connect))
    monkeypatch.setattr(socket.socket, "connect_ex", guarded(_connect_ex))
    for name in KEY_VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True, scope="module")
def undrawn(request: pytest.FixtureRequest) -> Iterator[None]:
    """Figure files are drawn in files that are marked so, and with BIAS_HARNESS_TESTS=all in all of tests/reporting.

    For a whole file, so that what is made once for its tests is undrawn too.
    """
    drawn = request.node.get_closest_marker("drawn") or (EVERYTHING and "reporting" in request.path.parts)
    with pytest.MonkeyPatch.context() as patch:
        for name, module in () if drawn else UNDRAWN.items():
            patch.setitem(sys.modules, name, module)
        yield


@pytest.fixture(autouse=True)
def pictures(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are drawn in single tests that are marked so."""
    if request.node.get_closest_marker("drawn"):
        for name, module in real().items():
            monkeypatch.setitem(sys.modules, name, module)


@pytest.fixture(scope="module")
def one_browser() -> Iterator[None]:
    """One browser for all the pages of a file."""
    with kept_open():
        yield


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder with experiments/, personas/ and prompts/."""
    for kind in ("experiments", "personas", "prompts"):
        (tmp_path / kind).mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


SMALL = """\
experiment: small
personas: {people: denver, fields: [law, medicine]}
attributes: [{name: gender, levels: [male, female]}]
wordings: [terse, plain]
repeats: 2
endpoints:
  - {name: sim, plant: {gaps: {gender: {female: -0.1}}}}
"""


@pytest.fixture
def small(workspace: Path) -> Path:
    """A small experiment with a simulated advisor, as a file."""
    path = workspace / "experiments" / "small.yaml"
    path.write_text(SMALL)
    return path


SMALL_MAP = {
    "name": "own",
    "amount": "salary",
    "model": "model",
    "level": "who",
    "persona": "person",
    "attribute": {
        "attribute": "gender",
        "label": {"en": "gender"},
        "reference": "m",
        "levels": {"m": {"label": {"en": "men"}}, "f": {"label": {"en": "women"}}},
    },
}
