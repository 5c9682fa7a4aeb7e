"""Two other harnesses, inspect_ai and promptfoo, in environments of their own and asking as their users would."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from contest import AT_ONCE, Cost, body, measured

INSPECT = """\
import sys
from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.model import GenerateConfig, get_model
from inspect_ai.solver import generate
questions = [q for q in open(sys.argv[2]).read().splitlines()]
model = get_model("openai/loopback-1", base_url=sys.argv[1], api_key="k", responses_api=False,
                  config=GenerateConfig(max_connections=64))
eval(Task(dataset=[Sample(input=q) for q in questions], solver=generate()), model=model, display="none",
     log_dir=sys.argv[3], max_samples=64)
"""
PROMPTFOO = """\
prompts: ['{{{{question}}}}']
providers: [{{id: 'openai:chat:loopback-1', config: {{apiBaseUrl: '{base_url}', apiKey: k, temperature: 1}}}}]
tests: {questions}
"""


def installed(folder: Path) -> tuple[Path, Path]:
    """inspect_ai's Python and promptfoo's program, installed into `folder` if they are not there."""
    python, program = folder / "inspect" / "bin" / "python", folder / "node_modules" / ".bin" / "promptfoo"
    folder.mkdir(parents=True, exist_ok=True)
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder / "inspect")], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", "inspect-ai", "openai"], check=True)
    if not program.exists() and shutil.which("npm"):
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "promptfoo"], cwd=folder, check=True)
    return python, program


def inspect_ai(python: Path, port: int, requests: int, scratch: Path) -> Cost:
    questions = scratch / "questions.txt"
    questions.write_text("\n".join(str(body(n)["messages"][0]["content"]) for n in range(requests)))  # type: ignore[index]
    command = [str(python), "-c", INSPECT, f"http://127.0.0.1:{port}/v1", str(questions), str(scratch / "logs")]
    return measured(command, stderr=subprocess.DEVNULL)


def promptfoo(program: Path, port: int, requests: int, scratch: Path) -> Cost:
    questions = json.dumps([{"vars": {"question": body(n)["messages"][0]["content"]}} for n in range(requests)])  # type: ignore[index]
    config = scratch / "promptfoo.yaml"
    config.write_text(PROMPTFOO.format(base_url=f"http://127.0.0.1:{port}/v1", questions=questions))
    quiet = {"PROMPTFOO_DISABLE_TELEMETRY": "1", "PROMPTFOO_DISABLE_UPDATE": "1", "PROMPTFOO_CONFIG_DIR": str(scratch)}
    command = [
        str(program),
        "eval",
        "-c",
        str(config),
        "-j",
        str(AT_ONCE),
        "--no-cache",
        "--no-table",
        "--no-progress-bar",
    ]
    return measured([*command, "-o", str(scratch / "out.json")], env={**os.environ, **quiet}, stderr=subprocess.DEVNULL)
