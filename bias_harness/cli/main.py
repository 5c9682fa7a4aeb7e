"""Words typed -> one call; what it says; the exit code.

Exit codes: 0 fine, 1 a run or input error, 2 usage, 3 a finding (`check`), 4 inconclusive or not comparable (`check`).
"""

from __future__ import annotations

import errno
import os
import sys
from functools import cache
from typing import Annotated, Any

import typer

from bias_harness.cli import (
    asking,
    checking,
    designing,
    doctor,
    labelling,
    planning,
    reading,
    reporting,
    sharing,
    tools,
)
from bias_harness.cli.commands import Commands
from bias_harness.cli.printing import fit_to_consoles, note
from bias_harness.errors import EXIT_ERROR, BiasHarnessError
from bias_harness.version import __version__

EXIT_INTERRUPTED = 130
app = typer.Typer(
    name="bias-harness",
    help="Measure whether language models give different salary advice to people who are alike but for one attribute.",
    no_args_is_help=True,
    cls=Commands,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
CHAPTERS = {
    "Design": (designing, planning),
    "Ask": (asking,),
    "Read": (reading, labelling),
    "Report": (reporting,),
    "Check": (checking,),
    "Share": (sharing,),
    "Tool": (doctor, tools),
}
for chapter, rooms in CHAPTERS.items():
    for room in rooms:
        for one in (*room.app.registered_commands, *room.app.registered_groups):
            one.rich_help_panel = chapter
        app.registered_commands += room.app.registered_commands
        app.registered_groups += room.app.registered_groups


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"bias-harness {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_version)
    ] = False,
) -> None:
    """Nothing of its own: the options that every command has."""


def _one_thread_for_matrices() -> None:
    """Keep numpy, which is loaded later, from using threads; whoever has set their number has said otherwise.

    Our matrices have some twenty rows: threads that wait for each other over them cost more than one alone.
    """
    for library in ("OPENBLAS", "MKL"):
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")


@cache
def command() -> Any:
    """All commands with their options, made once: it takes longer than most commands that only print."""
    return typer.main.get_command(app)


def main() -> None:
    """Run the command line and leave with its exit code."""
    _one_thread_for_matrices()
    fit_to_consoles()
    try:
        command()()
    except BiasHarnessError as error:
        _leave(str(error), error.exit_code)
    except KeyboardInterrupt:
        _leave("stopped", EXIT_INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(EXIT_ERROR)
    except OSError as error:
        _leave(_disk_sentence(error), EXIT_ERROR)
    except BaseExceptionGroup as group:
        _leave_for(group)


def _leave_for(group: BaseExceptionGroup[BaseException]) -> None:
    """Endpoints are asked side by side, so that one cause may arrive more than once: say it once."""
    disk, rest = group.split(OSError)
    if disk is None or rest is not None:
        raise group
    first: BaseException = disk
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    if isinstance(first, OSError):
        _leave(_disk_sentence(first), EXIT_ERROR)


def _disk_sentence(error: OSError) -> str:
    where = f" ({error.filename})" if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return f"the disk is full{where}; make room and run the same command again: nothing that was answered is lost"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"this place cannot be written to{where}; choose another with --results"
    return f"{error.strerror or error}{where}"


def _leave(message: str, code: int) -> None:
    note(f"bias-harness: {message}")
    sys.exit(code)
