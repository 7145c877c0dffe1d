"""Runs for the dashboard, and the dashboard as tests open it: without a browser and in one."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
import numpy as np
import pandas as pd

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None)
HOSTILE = "<script>alert(1)</script> ![x](http://evil.example/x.png)"


def results(strategies=("full_context", "rag"), dataset="papers"):
    generator = np.random.default_rng(1)
    rows = [
        {
            "dataset": dataset,
            "example": f"{document} {question}",
            "group": str(document),
            "strategy": strategy,
            "model": "reader",
            "outcome": "failed:timeout" if (document, question) == (0, 0) else "answered",
            "answer_recall": float(generator.uniform()) if document or question else 0.0,
            "input_tokens": 1000 * (1 + place),
            "output_tokens": 10,
            "cached_tokens": 0,
            "dollars": None,
            "seconds": None,
            "first_token_seconds": None,
            "calls": 1,
            "indexing_seconds": 0.0,
            "indexing_tokens": 0,
            "indexing_dollars": 0.0,
            "answer_words": 5,
            "tag.length": "32k" if document % 2 else "128k",
        }
        for place, strategy in enumerate(strategies)
        for document in range(12)
        for question in range(3)
    ]
    frame = pd.DataFrame(rows)
    metrics = {dataset: ["answer_recall"]}
    frame.attrs = {"metrics": metrics, "price_as": "", "run": "trial", "config": "seed: 1"}
    return frame


ALONE = """
from crossover.app.dashboard import drawn
from crossover.app.pages import {page}
from crossover.app.showing.setup import read

drawn({page}.show, read({words}))
"""


# milliseconds: two cores may be busy with other tests
PATIENCE = 60_000
NOWHERE = "/nowhere/of/tests"


def opened(*words, page="compare"):
    """A page of the dashboard without a browser, by its file's name."""
    from streamlit.testing.v1 import AppTest

    # the default workspace may hold runs of whoever tests
    given = words if "--workspace" in words else (*words, "--workspace", NOWHERE)
    script = ALONE.format(page=page, words=[*map(str, given)])
    return AppTest.from_string(script, default_timeout=30).run()


def texts(shown):
    return "\n".join(element.value for element in shown.text)


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextmanager
def served(*words, home) -> Iterator[str]:
    """The dashboard behind its command, on a machine that never saw Streamlit; its address."""
    port = free_port()
    command = [sys.executable, "-m", "crossover", "dashboard", *map(str, words)]
    server = subprocess.Popen(
        [*command, "--port", str(port), "--headless"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "HOME": str(home), "BROWSER": "true"},
        cwd=home,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        assert healthy(f"{url}/_stcore/health", server)
        yield url
    finally:
        server.terminate()
        server.wait(timeout=20)


def healthy(address, server):
    for _ in range(300):
        try:
            return httpx.get(address, trust_env=False).status_code == 200
        except httpx.TransportError:
            assert server.poll() is None
            time.sleep(0.2)
    return False


@dataclass
class Seen:
    """A page in Chromium; what it complained of, and whom else it asked."""

    page: object
    url: str
    complaints: list = field(default_factory=list)
    outside: list = field(default_factory=list)

    def go(self, name="", query=""):
        """Open a page of the dashboard and wait until it is drawn."""
        self.page.goto(f"{self.url}/{name}{'?' + query if query else ''}")
        self.settled()

    def at(self, text):
        """Wait until the page's address holds a text."""
        self.page.wait_for_function("text => location.href.includes(text)", arg=text)

    def fits(self):
        """Wait until nothing is wider than the screen: plots are drawn again for a new width."""
        self.page.wait_for_function(
            "() => document.documentElement.scrollWidth <= window.innerWidth"
        )

    def choose_first(self, label):
        """Choose a box's first option; what is being computed may close its list once more."""
        from playwright.sync_api import TimeoutError as TooLate

        for _ in range(6):
            self.page.get_by_label(label).click()
            try:
                return self.page.get_by_role("option").first.click(timeout=5000)
            except TooLate:
                continue
        raise AssertionError(f"{label} has no option")

    def settled(self):
        """Wait until nothing is being computed."""
        self.page.wait_for_selector('[data-testid="stMain"] h1')
        self.page.wait_for_selector('[data-testid="stStatusWidget"]', state="detached")


@contextmanager
def browsed(url, width=1280, height=900, dark=False) -> Iterator[Seen]:
    """A browser on the dashboard."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        scheme = "dark" if dark else "light"
        page = browser.new_page(
            viewport={"width": width, "height": height}, color_scheme=scheme, accept_downloads=True
        )
        page.set_default_timeout(PATIENCE)
        seen = Seen(page, url)
        page.on("console", lambda m: complained(m) and seen.complaints.append(m.text))
        page.on("pageerror", lambda error: seen.complaints.append(str(error)))
        page.on("dialog", lambda d: (seen.complaints.append("dialog"), d.dismiss()))
        page.on("request", lambda r: None if local(r.url, url) else seen.outside.append(r.url))
        yield seen
        browser.close()


def complained(message):
    """Whether a line of the console is an error; Streamlit looks for itself beside a page first."""
    address = (message.location or {}).get("url", "")
    probe = "/_stcore/" in address and "404" in message.text
    return message.type == "error" and not probe


def local(asked, url):
    return asked.startswith((url, url.replace("http", "ws", 1), "data:", "blob:"))
