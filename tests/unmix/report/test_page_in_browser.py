"""The page as a browser shows it; needs Playwright and a Chromium."""

import io
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unmix.report.page import write_report

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")

NAMES = ["<img src=x onerror=alert(1)>", "sand & gravel", "kaolinite"]
LINES = "() => Bokeh.documents.map(d => d.get_model_by_name('line-1')).find(m => m !== null)"


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as started:
        installed = shutil.which("chromium") or started.chromium.executable_path
        if not Path(installed).is_file():
            pytest.skip("no Chromium is installed")
        opened = started.chromium.launch(executable_path=installed, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def shown(browser, matched, renamed):
    """The page of a bundle, as it is opened from disk; and what went wrong there."""
    page_file = write_report(renamed(NAMES))
    contexts = []

    def show(**settings):
        contexts.append(browser.new_context(**settings))
        page, trouble = contexts[-1].new_page(), []
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.on("dialog", lambda dialog: trouble.append(dialog.message))
        page.on("console", lambda said: trouble.append(said.text) if said.type == "error" else None)
        page.on(
            "request",
            lambda made: trouble.append(made.url) if made.url.startswith("http") else None,
        )
        page.goto(page_file.as_uri())
        page.wait_for_selector("html[data-drawn]", state="attached")
        return page, trouble

    yield show
    for context in contexts:
        context.close()


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("colours", ["light", "dark"])
def test_page_opens_from_disk_without_trouble(shown, width, colours):
    page, trouble = shown(viewport={"width": width, "height": 800}, color_scheme=colours)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("Bokeh.documents.length") == 3
    assert trouble == []


def test_toggles_hide_and_show_a_spectrum(shown):
    page, trouble = shown()
    box = page.get_by_role("checkbox", name="sand & gravel")
    assert page.evaluate(f"({LINES})().visible") is True
    box.focus()
    page.keyboard.press("Space")
    assert page.evaluate(f"({LINES})().visible") is False
    page.get_by_role("button", name="All").click()
    assert box.is_checked()
    assert page.evaluate(f"({LINES})().visible") is True
    assert trouble == []


def test_spectra_of_the_library_show_when_asked(shown):
    page, trouble = shown()
    line = LINES.replace("line-1", "match-0-0")
    assert page.evaluate(f"({line})().visible") is False
    group = page.get_by_role("group", name="Show what comes nearest in the library")
    group.get_by_role("checkbox").first.check()
    assert page.evaluate(f"({line})().visible") is True
    assert trouble == []


def test_hovering_over_a_spectrum_names_it_as_text(shown):
    page, trouble = shown(viewport={"width": 1280, "height": 900})
    for name in ("sand & gravel", "kaolinite"):
        page.get_by_role("checkbox", name=name).uncheck()
    plot = page.locator("#plot-spectra")
    plot.evaluate("element => element.scrollIntoView({block: 'center', behavior: 'instant'})")
    box = plot.bounding_box()
    tooltip = page.locator(".bk-Tooltip")
    page.wait_for_timeout(300)  # until the axes fit what is left
    for y in range(40, 400, 4):
        page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + y)
        page.wait_for_timeout(15)
        if tooltip.count() and tooltip.first.is_visible():
            break
    inside = "element => element.shadowRoot"
    assert NAMES[0] in tooltip.first.evaluate(f"{inside}.textContent")
    assert tooltip.first.evaluate(f"{inside}.querySelector('img')") is None
    assert trouble == []


def test_figures_follow_the_colours_of_the_system(shown):
    pictures = []
    for first, then in (("light", "light"), ("dark", "light"), ("dark", "dark")):
        page, trouble = shown(color_scheme=first)
        page.emulate_media(color_scheme=then)
        page.wait_for_timeout(500)
        drawn = page.locator("#plot-residuals").screenshot()
        pictures.append(np.asarray(Image.open(io.BytesIO(drawn)).convert("L"), dtype=float))
        assert trouble == []
    light, turned, dark = pictures
    assert np.abs(light - turned).mean() < 1
    assert np.abs(light - dark).mean() > 50


def test_a_map_is_enlarged_and_closed_with_the_keyboard(shown):
    page, trouble = shown()
    page.locator("#maps .zoom").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("dialog").is_visible()
    assert "Map of the fraction of" in page.locator("dialog p").inner_text()
    page.keyboard.press("Escape")
    assert not page.locator("dialog").is_visible()
    assert trouble == []


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_page_has_no_barrier_that_axe_knows(shown, colours):
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe is not installed"
    )
    page, _ = shown(viewport={"width": 1280, "height": 900}, color_scheme=colours, bypass_csp=True)
    found = axe.Axe().run(page).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"][:100]) for one in found] == []
