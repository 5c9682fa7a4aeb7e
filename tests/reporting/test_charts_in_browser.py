"""The browser that the report's tests look through: it loads nothing from elsewhere, and axe sees what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from browser import axe_violations, needs_browser, opened, screenshot

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A page</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<style>body {{ background: white; color: black }}
@media (prefers-color-scheme: dark) {{ body {{ background: black; color: white }} }}
@media print {{ .screen {{ display: none }} }}</style></head>
<body><main><h1>A page</h1><p class="screen">On the screen.</p>{more}</main></body></html>"""


@pytest.fixture
def page(tmp_path: Path):
    def write(more: str = "", **replaced: str) -> Path:
        path = tmp_path / "page.html"
        text = PAGE.format(more=more)
        for old, new in replaced.items():
            text = text.replace(old, new)
        path.write_text(text)
        return path

    return write


def picture(path: Path):
    from PIL import Image

    with Image.open(path) as image:
        return image.convert("RGB")


@needs_browser
def test_nothing_is_loaded_from_elsewhere_and_the_attempt_is_told(page, tmp_path: Path) -> None:
    html = page('<img src="https://example.org/spy.png" alt="">', **{"img-src data:": "img-src *"})
    assert screenshot(html, tmp_path / "a.png", 400) == ["https://example.org/spy.png"]


@needs_browser
def test_a_page_that_keeps_to_itself_has_nothing_to_tell(page) -> None:
    with opened(page()) as found:
        assert found.page.title() == "A page"
        assert found.blocked == []
        assert found.complaints == []


@needs_browser
def test_dark_and_print_are_what_they_say(page, tmp_path: Path) -> None:
    html = page()
    screenshot(html, tmp_path / "light.png", 400)
    screenshot(html, tmp_path / "dark.png", 400, dark=True)
    assert picture(tmp_path / "light.png").getpixel((1, 1)) == (255, 255, 255)
    assert picture(tmp_path / "dark.png").getpixel((1, 1)) == (0, 0, 0)
    with opened(html, print_media=True) as found:
        assert not found.page.is_visible(".screen")


@needs_browser
def test_the_picture_is_as_wide_as_asked_and_as_high_as_the_page(page, tmp_path: Path) -> None:
    screenshot(page('<div style="height:3000px">.</div>'), tmp_path / "a.png", 360)
    width, height = picture(tmp_path / "a.png").size
    assert width == 360
    assert height > 3000


@needs_browser
def test_axe_finds_a_picture_without_words_and_nothing_wrong_with_a_plain_page(page) -> None:
    assert axe_violations(page()) == []
    wrong = axe_violations(page('<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">'))
    assert [line.split(" ")[0] for line in wrong] == ["image-alt"]
