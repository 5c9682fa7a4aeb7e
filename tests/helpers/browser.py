"""Pages in Debian's headless Chromium, for tests and for looking at: nothing but files of this computer is loaded.

    python tests/helpers/browser.py PAGE.html PICTURE.png [WIDTH]

Tests that use it are marked with `needs_browser`: skipped, with the reason, where Playwright or Chromium is missing;
with BIAS_HARNESS_TESTS=all they fail there instead.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--font-render-hinting=none",
)
NAMES = ("chromium", "chromium-browser", "google-chrome")
LOCAL = ("file:", "data:", "blob:", "about:")
HEIGHT = 900


def chromium() -> str | None:
    """The path of the browser, if there is one."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


def why_not() -> str | None:
    """Why no page can be opened here; none where it can."""
    missing = [m for m in ("playwright", "axe_playwright_python") if importlib.util.find_spec(m) is None]
    if missing:
        return f"{missing[0]} is not installed (pip install -e .[dev])"
    return None if chromium() else f"there is no browser: {', '.join(NAMES)} (Debian: apt-get install chromium)"


def needs_browser(test: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a test as one that opens pages, which takes long."""
    reason = None if os.environ.get("BIAS_HARNESS_TESTS") == "all" else why_not()
    marks = (pytest.mark.skipif(reason is not None, reason=reason or ""), pytest.mark.browser, pytest.mark.slow)
    for mark in (*marks, pytest.mark.usefixtures("one_browser")):
        test = mark(test)
    return test


@dataclass
class Opened:
    """A page, what it tried to load from elsewhere (all of it refused), and what its scripts complained of."""

    page: Any
    blocked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


_KEPT: list[Any] = []


@contextmanager
def kept_open() -> Iterator[None]:
    """One browser for all pages that are opened inside, for starting one takes longer than most pages.

    Each page has a context of its own, with nothing in it of any other. Until it is left, no event loop can be run.
    """
    if _KEPT:
        yield
        return
    with _started() as browser:
        _KEPT.append(browser)
        try:
            yield
        finally:
            _KEPT.clear()


@contextmanager
def _started() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium(), args=list(FLAGS), chromium_sandbox=False)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(
    html: Path,
    *,
    width: int = 1280,
    height: int = HEIGHT,
    dark: bool = False,
    print_media: bool = False,
    csp: bool = True,
) -> Iterator[Opened]:
    """A page of this computer, `width` pixels wide. `csp=False` puts the page's own security policy out of force."""
    with nullcontext(_KEPT[0]) if _KEPT else _started() as browser:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            bypass_csp=not csp,
        )
        found = Opened(context.new_page())
        context.route("**/*", lambda route: _allow(route, found))
        found.page.on("pageerror", lambda error: found.complaints.append(str(error)))
        found.page.on("console", lambda said: found.complaints.append(said.text) if said.type == "error" else None)
        if print_media:
            found.page.emulate_media(media="print")
        found.page.goto(html.resolve().as_uri())
        try:
            yield found
        finally:
            context.close()


def _allow(route: Any, found: Opened) -> None:
    if route.request.url.startswith(LOCAL):
        route.continue_()
    else:
        found.blocked.append(route.request.url)
        route.abort()


def screenshot(html: Path, png: Path, width: int = 1280, *, print: bool = False, dark: bool = False) -> list[str]:  # noqa: A002
    """The whole page as a picture. Returns the addresses that it tried to load from elsewhere."""
    with opened(html, width=width, dark=dark, print_media=print) as found:
        found.page.screenshot(path=str(png), full_page=True)
        return found.blocked


def axe_violations(html: Path, width: int = 1280, *, dark: bool = False) -> list[str]:
    """What axe finds wrong for people with disabilities: one line each, `rule (impact): what, at which elements`."""
    from axe_playwright_python.sync_playwright import Axe

    with opened(html, width=width, dark=dark, csp=False) as found:
        violations = Axe().run(found.page).response["violations"]
    return [
        f"{v['id']} ({v['impact']}): {v['help']}: {', '.join(str(node['target'][0]) for node in v['nodes'])}"
        for v in violations
    ]


if __name__ == "__main__":
    given = [Path(argument) for argument in sys.argv[1:3]]
    for address in screenshot(*given, *(int(w) for w in sys.argv[3:4])):
        sys.stderr.write(f"refused: {address}\n")
