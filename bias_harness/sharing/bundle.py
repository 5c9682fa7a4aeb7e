"""A run as one archive for a reviewer; `verification` proves that it is what it says it is.

In the archive: `run/` (the experiment as it was asked, the answers, the estimates), `data/` (the tables with their
codebook), `prompts/` (for reading), `README.md`, `bundle.json` (versions) and `SHA256SUMS` over all of them. The same
run gives the same bytes.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from importlib.resources import files
from pathlib import Path
from typing import Any

from bias_harness.asking.keys import secrets_of
from bias_harness.errors import BiasHarnessError
from bias_harness.reading.answers import reader_version
from bias_harness.results import EXPERIMENT, MANIFEST, write_whole
from bias_harness.results.labels import LABELS
from bias_harness.results.registration import REGISTRATION
from bias_harness.results.secrets import secrets_in
from bias_harness.runs import Run, a_run
from bias_harness.sharing import TRIALS
from bias_harness.sharing.export import package
from bias_harness.version import __version__

FORMAT = 2
"""2: the tables hold questions, answers and labels."""
SUMS, ABOUT, README = "SHA256SUMS", "bundle.json", "README.md"
MOMENT = (1980, 1, 1, 0, 0, 0)


def bundle(run: Run, target: str | Path) -> Path:
    """Write a run as one archive for a reviewer. Returns its path.

    Raises `BiasHarnessError` where something that looks like a key is in the run's folder.
    """
    run, path = a_run(run), Path(target)
    secret = secrets_in(run.folder.path, secrets_of(run.audit))
    if secret:
        raise BiasHarnessError(
            f"{run.folder.path} holds what looks like a key, in {', '.join(secret)}; remove it first"
        )
    content = {
        **{f"run/{path.name}": path.read_bytes() for path in _of_the_run(run)},
        "run/estimates.json": (json.dumps(run.estimates.to_dict(), allow_nan=False, indent=1) + "\n").encode(),
        **{f"data/{name}": data for name, data in package(run).items()},
        **{f"prompts/{name}": text.encode() for name, text in run.audit.resolved.prompts.items()},
        ABOUT: (json.dumps(_about(run), indent=2, ensure_ascii=False) + "\n").encode(),
        README: _readme(run).encode(),
    }
    sums = "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(content.items()))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in sorted({**content, SUMS: sums.encode()}.items()):
            archive.writestr(zipfile.ZipInfo(name, MOMENT), data, zipfile.ZIP_DEFLATED)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, buffer.getvalue())
    return path


def _of_the_run(run: Run) -> list[Path]:
    names = [EXPERIMENT, MANIFEST, TRIALS, REGISTRATION, LABELS]
    return [*run.folder.logs, *(p for n in names if (p := run.folder.path / n).is_file())]


def _about(run: Run) -> dict[str, Any]:
    manifest = run.manifest
    return {
        "format": FORMAT,
        "run": run.folder.name,
        "experiment": run.audit.experiment.experiment,
        "digest": run.audit.digest,
        "bias_harness": __version__,
        "reader": reader_version(),
        "python": manifest.python,
        "versions": manifest.versions,
        "endpoints": {
            name: {"model": end.model, "nature": end.nature, "served": end.served, "answered": end.present}
            for name, end in manifest.endpoints.items()
        },
    }


def _readme(run: Run) -> str:
    experiment = run.audit.experiment
    ends = run.manifest.endpoints
    natures = "; ".join(f"{name} ({end.nature})" for name, end in ends.items())
    doubtful = any(end.nature in ("simulation", "tiny model") for end in ends.values())
    text, asked, imported = files(__package__).joinpath("bundle.en.md").read_text(encoding="utf-8").split("\n%%\n")
    caution = " Numbers of a simulation or of a tiny model say nothing about a chatbot that people use." * doubtful
    title = experiment.title.get("en", experiment.experiment)
    again = imported if run.imported is not None else asked
    archive = f"{run.folder.name}.zip"
    return text.format(title=title, version=__version__, natures=natures, caution=caution, archive=archive, again=again)
