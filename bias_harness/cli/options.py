"""Options that several commands have: each means the same wherever it stands."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from bias_harness.workers import Workers


def option(*flags: str, text: str, **more: Any) -> Any:
    """An option that can also be given as the variable BIAS_HARNESS_<OPTION>."""
    long = next(flag for flag in flags if flag.startswith("--")).split("/")[0]
    variable = "BIAS_HARNESS_" + long.removeprefix("--").replace("-", "_").upper()
    return typer.Option(*flags, help=text, envvar=variable, show_envvar=False, **more)


def typed(context: typer.Context, name: str) -> bool:
    """Whether an option was given on the command line; a variable is there for other commands too."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def typed_again(context: typer.Context) -> str:
    """The command with every argument and option as it was given, to be pasted; variables are there anyhow."""
    words = ["bias-harness", context.info_name or ""]
    for parameter in context.command.params:
        name = parameter.name or ""
        source, value = context.get_parameter_source(name), context.params.get(name)
        if source is None or source.name != "COMMANDLINE" or value is None:
            continue
        flag = next((flag for flag in parameter.opts if flag.startswith("--")), None)
        for each in value if isinstance(value, list | tuple) else [value]:
            words += ([flag] if flag else []) + ([] if isinstance(each, bool) else [str(each)])
    return shlex.join(words)


Json = Annotated[bool, option("--json", text="Print the result as JSON.")]
Judgements = Annotated[
    bool,
    option("--judgements", text="Only judge: print the judgements as JSON; no estimates, pages or figures are made."),
]
NoFigures = Annotated[bool, option("--no-figures", text="No figure files; those of before are removed.")]
NoReport = Annotated[
    bool, option("--no-report", text="No pages, figures or estimates are written; `report` makes them later.")
]
ResultsFolder = Annotated[
    Path | None,
    option(
        "--results",
        metavar="FOLDER",
        text="Where runs are kept. Default: results/ beside experiments/, wherever in the workspace you stand.",
    ),
]


def _experiments(incomplete: str) -> list[str]:
    """For the shell: the experiments here and the shipped ones, and files as they are typed."""
    from bias_harness.workspace import Workspace

    folders = Workspace.here().folders("experiments")
    names = {path.stem for folder in folders for path in folder.glob("*.yaml")}
    return _starting_with(incomplete, [*sorted(names), *sorted(map(str, Path().glob("experiments/*.yaml")))])


def _runs(incomplete: str) -> list[str]:
    """For the shell: the runs below results/."""
    from bias_harness.results import runs_in
    from bias_harness.workspace import Workspace

    return _starting_with(incomplete, [folder.name for folder in runs_in(Workspace.here().results)])


def _starting_with(incomplete: str, names: Iterable[str]) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]


RunName = Annotated[
    str, typer.Argument(help="A run: its folder, or its name below results/.", metavar="RUN", autocompletion=_runs)
]
ExperimentFile = Annotated[
    str,
    typer.Argument(
        help="An experiment: a YAML file, or the name of one in experiments/.",
        metavar="FILE",
        autocompletion=_experiments,
    ),
]

Repeats = Annotated[
    int | None,
    option("--repeats", metavar="N", text="Repeats instead of the experiment's; more extend a finished run.", min=1),
]
Limit = Annotated[
    int | None,
    option("--limit", metavar="N", text="At most so many requests to each endpoint, in whole pairs.", min=1),
]
Preregistered = Annotated[
    Path | None,
    option(
        "--preregistered",
        metavar="FILE",
        text="The preregistration of this run, written by plan --preregister; it is kept with the run.",
    ),
]
WorkerCount = Annotated[
    int | None,
    option(
        "--workers",
        metavar="N",
        text="Processes for what takes longer than a second. Default: as many as there are cores; 1 starts none.",
        min=1,
    ),
]
Cluster = Annotated[
    str | None,
    option(
        "--cluster",
        metavar="URL",
        text="A Dask scheduler whose workers do it instead: tcp://host:8786. Needs bias_harness[cluster].",
    ),
]
Prose = Annotated[bool, option("--prose", text="All findings in sentences instead of a table.")]
Language = Annotated[str, option("--language", metavar="CODE", text="The language it is written in: nl or en.")]
Languages = Annotated[
    list[str] | None,
    option(
        "--language",
        metavar="CODE",
        text="The language it is written in: nl or en; may be given more than once. Default: both.",
    ),
]


def spoken(language: str) -> str:
    """A language that pages and figures are written in. Raises `UsageError`."""
    from bias_harness.reporting.texts import chosen_languages

    return chosen_languages(language)[0]


def all_spoken(languages: Sequence[str] | None) -> list[str]:
    """The languages that were asked for, or all."""
    from bias_harness.reporting.texts import LANGUAGES, chosen_languages

    return chosen_languages(languages or LANGUAGES)


Sets = Annotated[
    list[str] | None,
    option(
        "--set",
        text="A key of the experiment other than in its file, as outcome.currency=EUR or endpoints.*.model=gpt-5. "
        "May be given more than once.",
        metavar="KEY=VALUE",
    ),
]


def workers_of(count: int | None, cluster: str | None) -> Workers:
    """Who does what takes long: what was asked for, else a process for every core. Raises `UsageError` for both."""
    from bias_harness.errors import UsageError
    from bias_harness.workers import Workers, cores

    if cluster is not None and count is not None:
        raise UsageError("--workers and --cluster both say who does the work; a cluster has the workers that it has")
    return Workers(count or cores(), cluster)


def changes(sets: Sequence[str] | None) -> dict[str, Any]:
    """The keys and values of `--set`; a value is read as YAML. Raises `UsageError`."""
    import yaml

    from bias_harness.errors import UsageError

    found: dict[str, Any] = {}
    for text in sets or ():
        key, equals, value = text.partition("=")
        if not (key and equals):
            raise UsageError(f"--set {text}: KEY=VALUE is wanted, as outcome.currency=EUR")
        try:
            found[key.strip()] = yaml.safe_load(value)
        except yaml.YAMLError:
            raise UsageError(f"--set {text}: {value!r} is no YAML; put words in quotes") from None
    return found
