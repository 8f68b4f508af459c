"""The playground in a real browser."""

from __future__ import annotations

import pytest

from sim.views.playground.page import playground


@pytest.fixture(scope="session")
def written(tmp_path_factory):
    file = tmp_path_factory.mktemp("play") / "playground.html"
    file.write_text(playground(), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def engine(chromium_page, written):
    """The page, ready, for what its engine says."""
    opened(chromium_page, written.as_uri())
    return chromium_page


def opened(page, url):
    page.call("Page.navigate", url="about:blank")
    page.call("Page.navigate", url=url)
    page.wait("document.body?.dataset.ready === 'yes'")
