"""`.env` as the editors and shells of every system write it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bias_harness.errors import InputError
from bias_harness.workspace import Workspace

VALUE = "sk-test-0123456789"


@pytest.mark.parametrize(
    "raw",
    [
        f"BOT_KEY={VALUE}\n".encode(),
        f"BOT_KEY={VALUE}\r\n".encode("utf-8-sig"),
        f"BOT_KEY={VALUE}\r\n".encode("utf-16"),
        b"\xfe\xff" + f"BOT_KEY={VALUE}\r\n".encode("utf-16-be"),
        f"export BOT_KEY = '{VALUE}'  # of the team\n".encode(),
        f'BOT_KEY="{VALUE}" # of the team\n'.encode(),
        f"BOT_KEY={VALUE}\t# of the team\n".encode(),
        f"# clé de l'équipe\nBOT_KEY={VALUE}\n".encode("latin-1"),
        f"BOT_KEY={VALUE} # clé\n".encode("latin-1").replace(b" # cl\xe9", b""),
    ],
)
def test_the_key_is_read(workspace: Path, raw: bytes) -> None:
    (workspace / ".env").write_bytes(raw)
    assert Workspace.at(workspace).environment()["BOT_KEY"] == VALUE


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (f"BOT_KEY={VALUE}\n".encode("utf-16-le"), "UTF-16 without a mark"),
        (f"# x\nBOT_KEY={VALUE}é\n".encode("latin-1"), "line 2: the value is not UTF-8"),
        (f'BOT_KEY="{VALUE}\n'.encode(), "line 1: the quotes do not close"),
        (f"{VALUE}\n".encode(), "line 1: NAME=value is wanted"),
        (f"my key={VALUE}\n".encode(), "line 1: NAME=value is wanted"),
    ],
)
def test_what_is_wrong_is_said_without_the_value(workspace: Path, raw: bytes, said: str) -> None:
    (workspace / ".env").write_bytes(raw)
    with pytest.raises(InputError, match=said) as caught:
        Workspace.at(workspace).environment()
    assert VALUE not in str(caught.value)
    assert ".env" in str(caught.value)


def test_a_hash_within_a_value_is_part_of_it(workspace: Path) -> None:
    (workspace / ".env").write_text("BOT_KEY=a#b\nEMPTY=\nALSO= # nothing\n")
    found = Workspace.at(workspace).environment()
    assert (found["BOT_KEY"], found["EMPTY"], found["ALSO"]) == ("a#b", "", "")
