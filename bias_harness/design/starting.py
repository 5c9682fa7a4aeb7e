"""A first experiment from a few words: country, jobs, attributes, models, budget -> the files that make it up."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from bias_harness.design.lists import attribute_of, people_of
from bias_harness.errors import InputError, UsageError, did_you_mean
from bias_harness.handwritten import parse_shipped
from bias_harness.workspace import shipped

LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Start:
    """What was asked for. `jobs` is how many of the country's list, or a table of one's own; `names` a table of names.

    `attributes` are names, or `name=level,level` for some levels with the reference first; `models` are names, or
    `name@https://address` where the vendor cannot be told from the name.
    """

    name: str
    country: str = "us"
    jobs: int | Path = 41
    attributes: Sequence[str] = ()
    names: Path | None = None
    models: Sequence[str] = ()
    budget: float | None = None


@cache
def _texts() -> Mapping[str, Any]:
    table: Mapping[str, Any] = parse_shipped(files(__package__).joinpath("starts.yaml").read_text(encoding="utf-8"))
    return table


def countries() -> list[str]:
    """The countries that there are people, prompts and a unit for."""
    return list(_texts()["countries"])


def started(start: Start, local: Collection[str]) -> dict[str, str]:
    """File below the working folder -> its text: the experiment, and people and names of one's own.

    `local` are the models that can be asked on this computer. Raises `UsageError` for a word that fits nothing,
    `InputError` for a table that cannot be used.
    """
    country = _texts()["countries"].get(start.country)
    if country is None:
        raise UsageError(f"--country {start.country}: there is {', '.join(countries())}; write one of them")
    made: dict[str, str] = {}
    personas: dict[str, Any] = {"people": country["people"]}
    if isinstance(start.jobs, Path):
        personas["people"] = f"{start.name}-jobs"
        data = people_of(start.jobs, personas["people"], _shipped(country["people"]), country["languages"][0])
        made[f"personas/{personas['people']}.yaml"] = _file("people", start.jobs, data)
    else:
        personas["jobs"] = start.jobs
    attributes = [_attribute(word) for word in start.attributes]
    if start.names is not None:
        name = f"{start.name}-names"
        data = attribute_of(start.names, name, _shipped(country["names"]))
        made[f"personas/{name}.yaml"] = _file("attribute", start.names, data)
        attributes.append(name)
    made[f"experiments/{start.name}.yaml"] = _experiment(start, country, personas, attributes or ["gender"], local)
    return made


def _experiment(
    start: Start,
    country: Mapping[str, Any],
    personas: Mapping[str, Any],
    attributes: Sequence[Any],
    local: Collection[str],
) -> str:
    endpoints = [endpoint_of(word, local) for word in start.models or ["simulated"]]
    text: str = _texts()["experiment"].format(
        name=start.name,
        title=_flow(dict.fromkeys(country["languages"], start.name)),
        notes="{}",
        languages=_flow(country["languages"]),
        wordings=_flow(country["wordings"]),
        personas=_flow(personas),
        attributes=_flow(list(attributes)),
        outcome=_flow(country["outcome"]),
        budget="" if start.budget is None else f"budget: {start.budget:g}\n",
        endpoints="\n".join(f"  - {_flow(endpoint)}" for endpoint in endpoints),
    )
    return text


def endpoint_of(word: str, local: Collection[str]) -> dict[str, Any]:
    """An endpoint by its model's name: a local model, `simulated`, a known vendor's, or `name@https://address`."""
    model, at, url = word.partition("@")
    if at:
        return {"model": model, "base_url": url, **_key(url)}
    if model == "simulated":
        return {"name": "simulated", "plant": {"gaps": {}}}
    if model in local:
        return {"name": f"local-{model}", "provider": "embedded", "model": model}
    for vendor in _texts()["vendors"]:
        if model.startswith(tuple(vendor["begins"])):
            return {"model": model, **{key: value for key, value in vendor.items() if key != "begins"}}
    raise UsageError(
        f"--model {word}: its vendor cannot be told from the name{did_you_mean(word, [*local, 'simulated'])}; write "
        f"{model}@https://ADDRESS/v1, an OpenAI-compatible address"
    )


def _key(url: str) -> dict[str, str]:
    """The variable that a host's key is likely in: TOGETHER_API_KEY for api.together.xyz; none on this computer."""
    host = urlsplit(url).hostname or ""
    if host in LOOPBACK or not host:
        return {}
    parts = host.split(".")
    name = re.sub(r"[^A-Z0-9]", "_", parts[-2 if len(parts) > 1 else 0].upper())
    return {"api_key_env": f"{name if name[:1].isalpha() else 'MODEL'}_API_KEY"}


def _attribute(word: str) -> Any:
    name, equals, levels = word.partition("=")
    if not equals:
        return name
    wanted = [level.strip() for level in levels.split(",") if level.strip()]
    if len(wanted) < 2:
        raise UsageError(f"--attribute {word}: two levels or more are wanted, the reference first: gender=male,female")
    return {"name": name, "levels": wanted, "reference": wanted[0]}


def _shipped(name: str) -> dict[str, Any]:
    path = shipped("personas") / f"{name}.yaml"
    if not path.is_file():
        raise InputError(f"{path} is missing from this installation; install bias_harness again")
    data: dict[str, Any] = parse_shipped(path.read_text(encoding="utf-8"))
    return data


def _file(kind: str, source: Path, data: Mapping[str, Any]) -> str:
    head: str = _texts()[kind].format(source=source.name)
    return head + yaml.safe_dump(dict(data), sort_keys=False, allow_unicode=True, width=120)


def _flow(value: Any) -> str:
    dumped = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, allow_unicode=True, width=10_000)
    return dumped.strip()
