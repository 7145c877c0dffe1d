"""The page in a real browser."""

from __future__ import annotations

import shutil

import pytest
from frames import HOSTILE
from test_report_page import planted

from crossover.experiments.report import write_report

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None)
sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine")


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """A page with hostile answers, and what the browser complained of and asked for."""
    folder = tmp_path_factory.mktemp("page")
    table = planted({"full_context": 0.8, "rag": 0.5}, documents=12)
    table["answer"] = [HOSTILE[at % len(HOSTILE)] for at in range(len(table))]
    write_report(table, folder)
    said, asked = [], []
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 390, "height": 800})
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("dialog", lambda dialog: (said.append("dialog"), dialog.dismiss()))
        page.on("request", lambda request: asked.append(request.url))
        page.goto((folder / "report.html").as_uri())
        yield page, said, asked
        browser.close()


def test_nothing_is_complained_of_and_no_host_is_asked(opened):
    page, said, asked = opened
    assert said == []
    assert [url.partition(":")[0] for url in asked] == ["file"]
    assert page.title() == "Comparison: trial"


def test_a_narrow_screen_scrolls_tables_and_not_the_page(opened):
    page, _, _ = opened
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_the_filter_hides_what_does_not_fit(opened):
    page, said, _ = opened
    every = page.locator("details.question").count()
    assert page.locator("#filter-count").inner_text() == f"{every} of {every} questions"
    page.fill("#filter", "comparison")
    fitting = page.locator("details.question:visible").count()
    assert 0 < fitting < every
    assert page.locator("#filter-count").inner_text() == f"{fitting} of {every} questions"
    page.fill("#filter", "")
    assert said == []


def test_a_script_of_somebody_else_would_not_run(opened):
    page, _, _ = opened
    page.evaluate(
        "document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=window.bad=1>')"
    )
    page.evaluate(
        "(() => { const s = document.createElement('script'); s.textContent = 'window.bad = 1';"
        " document.body.append(s); })()"
    )
    page.wait_for_timeout(100)
    assert page.evaluate("window.bad") is None


def test_dark_and_print_have_colours_of_their_own(opened):
    page, _, _ = opened
    colour = "getComputedStyle(document.body).backgroundColor"
    page.emulate_media(color_scheme="dark")
    dark = page.evaluate(colour)
    page.emulate_media(color_scheme="dark", media="print")
    assert page.evaluate(colour) == "rgb(255, 255, 255)" != dark
    assert not page.locator("#filter-form").is_visible()
