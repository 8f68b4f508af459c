"""The playground in a real browser."""

from __future__ import annotations

import pytest

from sim.views.playground.page import playground
from tests.views.explorer.browser import browser_path, chromium


@pytest.fixture(scope="session")
def written(tmp_path_factory):
    file = tmp_path_factory.mktemp("play") / "playground.html"
    file.write_text(playground(), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def browser():
    if (path := browser_path()) is None:
        pytest.skip("no Chromium on the PATH")
    with chromium(path) as page:
        page.size(1280, 800)
        yield page


@pytest.fixture(scope="module")
def engine(browser, written):
    """The page, ready, for what its engine says."""
    opened(browser, written.as_uri())
    return browser


def opened(page, url):
    page.call("Page.navigate", url="about:blank")
    page.call("Page.navigate", url=url)
    page.wait("document.body?.dataset.ready === 'yes'")
