"""Set up .venv with this tool in it, from nothing but Python 3.11+. Run by the Makefile.

    python3 tools/prepare.py [--extra dev] [--engine] [--constraints FILE]

Says what is missing and how to get it, tells how far the installation is, and leaves pip's own words in
.venv/install.log. Written so that an older Python can still run it and say so.
"""

import argparse
import ctypes
import importlib.util
import os
import platform
import re
import subprocess
import sys
import time
import venv
from pathlib import Path

OLDEST = (3, 11)
ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
LOG = VENV / "install.log"
SECONDS_BETWEEN_LINES = 10.0
PACKAGE = re.compile(r"Collecting ([\w.-]+)")


def leave(message: str) -> None:
    """Stop, with one message."""
    sys.exit(f"\n{message}")


def check_python() -> None:
    """Stop where this Python cannot carry the tool."""
    found = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < OLDEST:
        leave(
            f"Python {OLDEST[0]}.{OLDEST[1]} or newer is needed, and {sys.executable} is {found}.\n"
            "Install one (Debian 12+, Ubuntu 24.04+: apt-get install python3 python3-venv; macOS: brew install\n"
            "python) and run the same command again; name it with PYTHON=... if it is not found by itself."
        )
    if importlib.util.find_spec("ensurepip") is None:
        leave(
            f"The Python at {sys.executable} cannot make a virtual environment: its module ensurepip is missing.\n"
            f"Debian, Ubuntu: apt-get install python{sys.version_info[0]}.{sys.version_info[1]}-venv (or python3-venv)."
        )


def check_engine() -> None:
    """Stop where the local model's engine cannot work on this system."""
    if platform.system() != "Linux":
        return
    try:
        ctypes.CDLL("libgomp.so.1")
    except OSError:
        leave(
            "The local model needs the system's OpenMP runtime, libgomp.so.1, and it is not here.\n"
            "Debian, Ubuntu: apt-get install libgomp1; Fedora: dnf install libgomp; Arch: pacman -S gcc-libs.\n"
            "Everything else works without it: make test, and bias-harness run experiments/simulated.yaml."
        )


def python_of_venv() -> Path:
    """The interpreter in .venv, made first where there is none that runs."""
    path = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    probe = f"import sys, pip; sys.exit(sys.version_info < {OLDEST})"
    if not path.exists() or subprocess.run([str(path), "-c", probe], capture_output=True, check=False).returncode:  # noqa: S603
        sys.stderr.write(f"Making a virtual environment in {VENV.name}/ with Python {platform.python_version()}\n")
        venv.create(VENV, with_pip=True, clear=VENV.exists(), symlinks=os.name != "nt")
    return path


class Progress:
    """What pip is doing: one line that is rewritten on a terminal, a line now and then elsewhere."""

    def __init__(self) -> None:
        self.begun, self.told, self.seen, self.doing = time.monotonic(), 0.0, 0, 0
        self.stage = "looking"

    def read(self, line: str) -> None:
        """Take in one line of pip's output."""
        if line.startswith("Collecting "):
            self.seen += 1
            self.stage = f"{self.seen} packages found, the last one {PACKAGE.split(line)[1]}"
        elif line.startswith("Installing collected packages"):
            self.stage = f"unpacking {line.count(',') + 1} packages"

    def tell(self) -> None:
        """Say how far it is."""
        seconds = time.monotonic() - self.begun
        if sys.stderr.isatty():
            sys.stderr.write(f"\r\x1b[KInstalling: {self.stage} ({seconds:.0f} s)")
        elif seconds - self.told >= SECONDS_BETWEEN_LINES:
            self.told = seconds
            sys.stderr.write(f"Installing: {self.stage} ({seconds:.0f} s)\n")
        sys.stderr.flush()

    def end(self) -> None:
        """Say that it is done."""
        start = "\r\x1b[K" if sys.stderr.isatty() else ""
        sys.stderr.write(f"{start}Installed in {time.monotonic() - self.begun:.0f} s\n")


def install(python: Path, extra: str, constraints: str) -> None:
    """Install this checkout, editable, with the wanted extra; `constraints` is a file of versions, or empty."""
    what = f".[{extra}]" if extra else "."
    command = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    command += ["--progress-bar", "off", *(["--constraint", constraints] if constraints else []), "--editable", what]
    progress = Progress()
    with LOG.open("w+", encoding="utf-8") as log:
        running = subprocess.Popen(command, cwd=str(ROOT), stdout=log, stderr=subprocess.STDOUT)  # noqa: S603
        with LOG.open(encoding="utf-8", errors="replace") as lines:
            while running.poll() is None:
                for line in lines:
                    progress.read(line)
                progress.tell()
                time.sleep(0.2)
        log.seek(0)
        said = log.read()
    if running.returncode:
        reasons = [line for line in said.splitlines() if "ERROR" in line or "No space left" in line]
        leave("\n".join(["The installation failed; all of pip's words are in .venv/install.log:", *reasons[-4:]]))
    progress.end()


def compile_package(python: Path) -> None:
    """Byte code of the package, so that commands start at once where Python is told to write none (CI machines)."""
    subprocess.run([str(python), "-m", "compileall", "-q", str(ROOT / "bias_harness")], check=False)  # noqa: S603


def main() -> None:
    """Check, make, install."""
    options = argparse.ArgumentParser(description="Set up .venv with this tool in it.")
    options.add_argument("--extra", default="", help="an optional group of dependencies, such as dev")
    options.add_argument("--engine", action="store_true", help="stop where the local model cannot work")
    options.add_argument("--constraints", default="", help="a file with the versions to install")
    chosen = options.parse_args()
    check_python()
    if chosen.engine:
        check_engine()
    python = python_of_venv()
    install(python, chosen.extra, chosen.constraints)
    compile_package(python)


if __name__ == "__main__":
    main()
