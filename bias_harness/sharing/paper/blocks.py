"""The parts of a document, and how Markdown and LaTeX write them: the same words and numbers in both."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

LAST_OF_T1 = 0x17F
"""The last letter (Latin Extended-A) that LaTeX's T1 fonts have; what lies beyond is shown as its code."""
_LATEX = {
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "\u2212": "$-$",
    "\u2026": r"\ldots{}",
    "€": r"\texteuro{}",
    "\u2013": "--",
    "\u2014": "---",
    "\u2018": "`",
    "\u2019": "'",
    "\u201c": "``",
    "\u201d": "''",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "\u00a0": "~",
    "\u202f": r"\,",
    "\u2009": r"\,",
    "|": r"\textbar{}",
}


def latex(text: str) -> str:
    """A text as LaTeX sets it with T1 fonts: nothing in it is a command."""
    return "".join(_LATEX.get(c) or (c if c in "\n\t" or " " <= c <= chr(LAST_OF_T1) else _code(c)) for c in text)


def _code(character: str) -> str:
    return f"[U+{ord(character):04X}]"


def markdown(text: str) -> str:
    """A text as Markdown shows it: nothing in it is markup."""
    return re.sub(r"([\\`*_|\[\]])", r"\\\1", text).replace("<", "&lt;").replace(">", "&gt;")


@dataclass(frozen=True)
class Heading:
    """A heading; `level` 1 is a section."""

    text: str
    level: int = 1

    def to_markdown(self) -> str:
        """`## text`."""
        return f"{'#' * (self.level + 1)} {markdown(self.text)}"

    def to_latex(self) -> str:
        r"""`\section{text}`."""
        return rf"\{'sub' * (self.level - 1)}section{{{latex(self.text)}}}"


@dataclass(frozen=True)
class Paragraph:
    """A paragraph."""

    text: str

    def to_markdown(self) -> str:
        """The text."""
        return markdown(self.text)

    def to_latex(self) -> str:
        """The text."""
        return latex(self.text)


@dataclass(frozen=True)
class Items:
    """A list."""

    items: Sequence[str]

    def to_markdown(self) -> str:
        """A line an item."""
        return "\n".join(f"- {markdown(item)}" for item in self.items)

    def to_latex(self) -> str:
        """An itemize environment."""
        lines = "\n".join(rf"  \item {latex(item)}" for item in self.items)
        return f"\\begin{{itemize}}\n{lines}\n\\end{{itemize}}"


MANY_COLUMNS, LONG = 8, 16
"""From so many columns on, what is longer than so many letters is broken in a table set in LaTeX."""


@dataclass(frozen=True)
class Table:
    """A table of texts; `name` is its file's, `right` the columns that are set to the right."""

    name: str
    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    right: frozenset[int] = frozenset()

    def to_markdown(self) -> str:
        """A pipe table below its caption."""
        rule = ["--:" if i in self.right else "---" for i in range(len(self.head))]
        rows = [_row(self.head, markdown), _pipes(rule), *(_row(row, markdown) for row in self.rows)]
        return f"**Table.** {markdown(self.caption)}\n\n" + "\n".join(rows)

    def to_latex(self) -> str:
        """A reference to the table's own file."""
        return rf"\input{{tables/{self.name}.tex}}"

    def to_latex_file(self) -> str:
        """The table with booktabs' rules; it may run over pages (longtable), and a wide one breaks long words."""
        columns = "".join(map(self._column, range(len(self.head))))
        size = "footnotesize" if self._wide else "small"
        head = " & ".join(latex(word) for word in self.head)
        body = "\n".join(f"{' & '.join(map(latex, row))} \\\\" for row in self.rows)
        return (
            f"\\begingroup\\{size}\\setlength{{\\tabcolsep}}{{3pt}}\n\\begin{{longtable}}{{@{{}}{columns}@{{}}}}\n"
            f"\\caption{{{latex(self.caption)}}}\\label{{tab:{self.name}}}\\\\\n"
            f"\\toprule\n{head} \\\\\n\\midrule\n\\endfirsthead\n\\toprule\n{head} \\\\\n\\midrule\n\\endhead\n"
            f"\\bottomrule\n\\endlastfoot\n{body}\n\\end{{longtable}}\n\\endgroup\n"
        )

    @property
    def _wide(self) -> bool:
        """Whether its columns need all of a page's width."""
        return len(self.head) >= MANY_COLUMNS

    def _column(self, i: int) -> str:
        if i in self.right:
            return "r"
        longest = max((len(row[i]) for row in self.rows), default=0)
        return r">{\raggedright\arraybackslash}p{2.1cm}" if self._wide and longest > LONG else "l"


@dataclass(frozen=True)
class Figure:
    """A figure by its file's name, without a suffix."""

    name: str
    caption: str

    def to_markdown(self) -> str:
        """The picture (PNG) and its caption."""
        return f"![{markdown(self.caption)}](figures/{self.name}.png)\n\n**Figure.** {markdown(self.caption)}"

    def to_latex(self) -> str:
        """The picture (PDF) with its caption."""
        return (
            f"\\begin{{figure}}[htbp]\n\\centering\n\\includegraphics[width=\\linewidth]{{figures/{self.name}.pdf}}\n"
            f"\\caption{{{latex(self.caption)}}}\\label{{fig:{self.name}}}\n\\end{{figure}}"
        )


Block = Heading | Paragraph | Items | Table | Figure


def _row(cells: Iterable[str], said: Callable[[str], str]) -> str:
    return _pipes([said(cell) for cell in cells])


def _pipes(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def in_markdown(title: str, mark: str, blocks: Sequence[Block]) -> str:
    """The whole document; `mark` is what stands above everything where its numbers are no finding."""
    marked = [f"> **{markdown(mark)}**"] if mark else []
    return "\n\n".join([f"# {markdown(title)}", *marked, *(block.to_markdown() for block in blocks)]) + "\n"


def in_latex(title: str, mark: str, stamp: str, blocks: Sequence[Block]) -> str:
    """The whole document; `stamp` is set across every page, and `mark` stands above everything."""
    begin = [r"\documentclass[11pt]{article}", r"\usepackage[T1]{fontenc}", r"\usepackage[utf8]{inputenc}"]
    begin += [
        r"\usepackage{textcomp}",
        r"\usepackage[a4paper,margin=2.2cm]{geometry}",
        r"\usepackage{array,booktabs,longtable}",
    ]
    begin += [r"\usepackage{graphicx,xcolor}", r"\usepackage{url}"]
    if stamp:
        across = rf"\rotatebox{{55}}{{\textcolor[gray]{{0.87}}{{\fontsize{{48}}{{48}}\selectfont {latex(stamp)}}}}}"
        begin += [
            rf"\AddToHook{{shipout/background}}{{\put(0.5\paperwidth,-0.5\paperheight){{\makebox(0,0){{{across}}}}}}}"
        ]
    begin += [rf"\title{{{latex(title)}}}", r"\author{}", r"\date{}", r"\begin{document}", r"\maketitle"]
    begin += [rf"\noindent\textbf{{{latex(mark)}}}"] if mark else []
    end = [r"\nocite{*}", r"\bibliographystyle{plain}", r"\bibliography{references}", r"\end{document}"]
    return "\n".join(begin) + "\n\n" + "\n\n".join([*(block.to_latex() for block in blocks), "\n".join(end)]) + "\n"
