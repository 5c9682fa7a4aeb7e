"""A run as a paper: every number is a judgement's, in text and tables alike, and what is no finding is marked."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from command_line import type_in
from named_runs import run
from report_runs import audit_of, plain, run_of

from bias_harness.estimating.estimates import Estimates
from bias_harness.estimating.judgement import Gap, Judgement, Judgements
from bias_harness.reporting.judged import shown
from bias_harness.reporting.material import View, spoken
from bias_harness.reporting.sections import Material
from bias_harness.sharing.paper import documents, drawings
from bias_harness.sharing.paper.blocks import latex, markdown
from bias_harness.sharing.paper.results import results, statistics
from bias_harness.vocabulary import Nature

NAMES = ["plain", "a share", "a score", "all refused", "all failed", "no variance", "Dutch", "one pair"]
NAMES += [pytest.param("forty levels", marks=pytest.mark.slow)]


def view_of(of: Material) -> View:
    return View(of, spoken(of, "en"))


def bare(of: Material) -> Material:
    """The same run with no estimate but the judgements and the account of the answers."""
    known = of.estimates
    return replace(of, estimates=Estimates((), judgements=known.judgements, accounts=known.accounts))


@pytest.mark.parametrize("name", NAMES)
def test_what_is_found_is_said_from_the_judgements_alone(name: str) -> None:
    of = run(name)
    assert list(results(view_of(bare(of)))) == list(results(view_of(of)))


@pytest.mark.parametrize("name", NAMES)
def test_a_number_is_the_same_wherever_it_stands(name: str) -> None:
    """In the paragraph and in the table, in Markdown and in LaTeX: the judgement's own, as the page shows it."""
    of = run(name)
    view, made = view_of(of), {n: data.decode() for n, data in documents(of).items()}
    rows = [line for line in made["tables/judgements.md"].splitlines() if line.startswith("|")][2:]
    tex = made["tables/judgements.tex"].split("\\endlastfoot\n")[1].split("\n\\end")[0].splitlines()
    assert len(rows) == len(tex) == len(of.judgements)
    for j, row, line in zip(of.judgements, rows, tex, strict=True):
        gap, low, high = shown(j)
        numbers = [] if gap is None else [view.texts.gap(gap)]
        numbers += [] if low is None or high is None else [view.texts.size(low), view.texts.size(high)]
        for number in numbers:
            assert markdown(number) in row
            assert latex(number) in line
        said = statistics(view, j)
        assert (said == "") == (gap is None)
        assert not numbers or numbers[0] in said
        assert not said or (markdown(said) in made["paper.md"] and latex(said) in made["paper.tex"])


def changed(j: Judgement) -> Judgement:
    assert j.gap is not None
    gap = Gap(-0.4321, -0.5, -0.3777, -35.1, -39.3, -31.5, -31_234.0, -35_000.0, -28_000.0)
    return replace(j, gap=gap, p_value=0.0321, p_adjusted=0.0654, jobs=77, persons=88, n_level=991, n_reference=993)


def test_another_judgement_is_another_text() -> None:
    """Change the judgement, and every place that showed the old numbers shows the new ones."""
    of = run("one model")
    (old,) = of.judgements
    new = replace(of.estimates, judgements=Judgements((changed(old),)))
    before, after = (b"\n".join(documents(x).values()).decode() for x in (of, replace(of, estimates=new)))
    view = view_of(of)
    assert view.texts.gap(shown(old)[0]) in before
    for number in (view.texts.gap(shown(old)[0]), view.texts.gap(shown(old)[1])):
        assert markdown(number) not in after.split("## Results")[1].split("## Figures")[0]
    for number in ("−35.1%", "0.032", "0.065", "77 jobs", "88 people", "991 answers", "993 about", "−$31,234"):
        assert number in after, number
        assert number not in before, number


@pytest.mark.parametrize("nature", ["simulation", "tiny model", "unknown", "model"])
def test_what_is_no_finding_is_marked_everywhere(nature: Nature) -> None:
    of = run_of(audit_of(models=1), plain, {"m0": nature})
    stamps: dict[str, str] = {"simulation": "SIMULATION", "tiny model": "TINY MODEL", "unknown": "ORIGIN UNKNOWN"}
    stamp = stamps.get(nature, "")
    made = {name: data.decode() for name, data in documents(of).items()}
    if not stamp:
        assert not any(mark in text for mark in stamps.values() for text in made.values())
        assert "AddToHook" not in made["paper.tex"]
        return
    assert all(stamp in text for text in made.values()), [n for n, text in made.items() if stamp not in text]
    assert "shipout/background" in made["paper.tex"]
    captions = [line for line in made["paper.md"].splitlines() if line.startswith(("**Table.**", "**Figure.**"))]
    assert len(captions) > 3
    assert all(f"** {stamp}. " in caption for caption in captions)


@pytest.mark.slow
@pytest.mark.drawn
def test_a_figure_carries_the_mark_itself() -> None:
    from bias_harness.sharing.paper import _figures

    of = run_of(audit_of(models=1), plain, {"m0": "simulation"})
    made = _figures(of)
    names = {d.id for d in drawings(view_of(of))}
    assert {name.split("/")[1].split(".")[0] for name in made} == names
    assert all(b"SIMULATION" in data for name, data in made.items() if name.endswith(".pdf"))


@pytest.mark.parametrize("name", NAMES)
def test_latex_is_whole(name: str) -> None:
    """Braces and environments close, and no sign of LaTeX's own comes from a text."""
    made = {n: data.decode() for n, data in documents(run(name)).items() if n.endswith(".tex")}
    for text in made.values():
        plain_text = re.sub(r"\\[\\{}]", "", text)
        assert plain_text.count("{") == plain_text.count("}")
        assert sorted(re.findall(r"\\begin{(\w+)}", text)) == sorted(re.findall(r"\\end{(\w+)}", text))
        assert all(ord(c) <= 0x17F for c in text)
    assert set(re.findall(r"\\input{([^}]*)}", made["paper.tex"])) == made.keys() - {"paper.tex"}


def test_no_text_is_markup() -> None:
    hostile = r"\input{/etc/passwd} & 50% of_a #1 $x$ ~^ € <b> | ł 中"
    said = latex(hostile)
    assert r"\textbackslash{}input\{/etc/passwd\} \& 50\% of\_a \#1 \$x\$" in said
    assert "ł" in said
    assert "[U+4E2D]" in said
    assert markdown("*a* [b](c) <i> `d` | e_f") == r"\*a\* \[b\](c) &lt;i&gt; \`d\` \| e\_f"


def test_what_is_short_of_is_said() -> None:
    limits = documents(run("one pair"))["paper.md"].decode().split("## Limitations")[1]
    assert "exactly these cases only" in limits
    assert "fewer than three" in limits
    assert "chosen and are no random draw" in limits
    assert "not preregistered" in documents(run("plain"))["checklist.md"].decode().lower()


def test_of_imported_answers_nothing_is_claimed_that_only_asking_shows() -> None:
    imported = documents(run_of(audit_of(models=1), plain, {"m0": "imported"}))
    asked = documents(run("plain"))
    said, of_ours = (made["paper.md"].decode() + made["checklist.md"].decode() for made in (imported, asked))
    for claim in ("side by side", "checked on every prompt", "part of the experiment as it was asked"):
        assert claim not in said
        assert claim in of_ours
    assert "collected by others and imported" in said
    assert "was set when the answers were imported" in said


def test_of_exact_cases_no_job_is_the_unit() -> None:
    """One person, or the scope panel: the interval is about these cases, and the method says so."""
    assert "Everything is about exactly these cases" in documents(run("one pair"))["paper.md"].decode()
    assert "The job is the unit" in documents(run("plain"))["paper.md"].decode()


def test_on_the_command_line(tmp_path: Path) -> None:
    type_in("run", "simulated", "--limit", "20", "--set", "wordings=[terse]", "--quiet", cwd=tmp_path)
    done = type_in("export", "simulated", "--paper", "paper", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    written = {line for line in done.stdout.splitlines() if line}
    assert {f"paper/{name}" for name in ("paper.md", "paper.tex", "checklist.md", "references.bib")} <= written
    assert all((tmp_path / name).is_file() for name in written)
    for figure in re.findall(r"\(figures/(.*?\.png)\)", (tmp_path / "paper/paper.md").read_text()):
        assert (tmp_path / "paper/figures" / figure).is_file()
