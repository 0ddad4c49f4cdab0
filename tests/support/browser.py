"""A real Chromium for pages: what they load, what they log, and what they show."""

from __future__ import annotations

import os
import shutil
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Page

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# What a page may ask for without anything leaving it.
LOCAL = ("file:", "data:", "blob:", "about:")


@dataclass
class Watch:
    """What a page did besides showing itself."""

    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)

    @property
    def outside(self) -> list[str]:
        """Requests that would leave the page."""
        return [url for url in self.requests if not url.startswith(LOCAL)]


def executable() -> str:
    """Find Chromium; without one a test skips, except in CI, where it must be there."""
    for name in NAMES:
        if found := shutil.which(name):
            return found
    missing = f"none of {', '.join(NAMES)} is installed: pages cannot be tried in a real browser"
    if os.environ.get("CI", "").lower() in {"1", "true"}:
        pytest.fail(missing)
    pytest.skip(missing)


@contextmanager
def launched() -> Iterator[Browser]:
    """Run Chromium without a window."""
    path = executable()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


_running: list[Browser] = []


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One Chromium for all tests; import this fixture where a page is tried."""
    # Each module that imports it has a fixture of its own, and Playwright runs once in a process.
    if _running:
        yield _running[0]
        return
    with launched() as browser:
        _running.append(browser)
        yield browser
        _running.clear()


@contextmanager
def opened(
    browser: Browser,
    page_file: Path,
    *,
    size: tuple[int, int] = (1440, 900),
    fragment: str = "",
    dark: bool = False,
    touch: bool = False,
    offline: bool = True,
) -> Iterator[tuple[Page, Watch]]:
    """Open a file in a page of its own, watched from the first byte."""
    context: BrowserContext = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if dark else "light",
        has_touch=touch,
        locale="en-GB",
        timezone_id="Asia/Tehran",
        reduced_motion="reduce",
        offline=offline,
    )
    try:
        context.set_default_timeout(60_000)
        page = context.new_page()
        watch = Watch()
        page.on("request", lambda request: watch.requests.append(request.url))
        page.on("pageerror", lambda error: watch.errors.append(str(error)))
        page.on("console", lambda m: watch.errors.append(m.text) if m.type in {"error", "warning"} else None)

        def refuse(dialog: object) -> None:
            watch.dialogs.append(dialog.message)
            dialog.dismiss()

        page.on("dialog", refuse)
        page.goto(page_file.as_uri() + fragment)
        yield page, watch
    finally:
        context.close()


def until(page: Page, expression: str, seconds: float = 60.0) -> None:
    """Wait until an expression is true; Playwright's own waiting evaluates text, which a page's policy forbids."""
    deadline = time.monotonic() + seconds
    while not page.evaluate(expression):
        if time.monotonic() > deadline:
            pytest.fail(f"not within {seconds} s: {expression}")
        page.wait_for_timeout(20)
