"""The command line as a user types it: in this process, or in one of its own where the process itself is tested."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bias_harness.cli import main

HELPERS = Path(__file__).parent


def environment(**more: str) -> dict[str, str]:
    """What a user's shell hands on: no key but those in `more`, and no colours."""
    kept = {k: v for k, v in os.environ.items() if not k.endswith("_API_KEY")}
    path = os.pathsep.join(filter(None, (more.get("PYTHONPATH"), str(HELPERS), kept.get("PYTHONPATH"))))
    return kept | {"NO_COLOR": "1"} | more | {"PYTHONPATH": path}


def type_in(*words: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """The exit code and what was printed, as of a process, without the second of starting one.

    Signals, encodings, the limits and the imports of a process are not tested by this: see `in_a_process`.
    """
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="\n") for _ in range(2))
    with (
        _as_a_process(["bias-harness", *words], cwd, environment(**env)),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        _warnings_to_stderr(),
        pytest.raises(SystemExit) as left,
    ):
        main.main()
    code = left.value.code
    said = [_text(stream) for stream in (out, err)]
    return subprocess.CompletedProcess([*words], code if isinstance(code, int) else int(bool(code)), *said)


def in_a_process(*words: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """The same in a process of its own."""
    process = started(*words, cwd=cwd, **env)
    try:
        said = process.communicate(timeout=120)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    return subprocess.CompletedProcess(process.args, process.returncode, *said)


def started(*words: str, cwd: Path, **env: str) -> subprocess.Popen[str]:
    """A process that has just been started; its figure files are not drawn."""
    command = [sys.executable, "-m", "undrawn", *words]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=cwd, env=environment(**env), stdout=pipe, stderr=pipe, text=True)


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    raw = stream.buffer
    assert isinstance(raw, io.BytesIO)
    return raw.getvalue().decode("utf-8")


@contextlib.contextmanager
def _as_a_process(words: list[str], cwd: Path, env: dict[str, str]) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(cwd)
        patch.setattr(sys, "argv", words)
        patch.setattr(sys.modules["__main__"], "__package__", None)  # or usage would name pytest
        for name in set(os.environ) - set(env):
            patch.delenv(name)
        for name, value in env.items():
            patch.setenv(name, value)
        yield


@contextlib.contextmanager
def _warnings_to_stderr() -> Iterator[None]:
    """As in a process in which nobody set up logging; pytest's own handlers would keep them from standard error."""
    logger, handler = logging.getLogger("bias_harness"), logging.lastResort
    assert handler is not None
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
