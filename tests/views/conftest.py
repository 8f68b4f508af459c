"""One headless Chromium for the pages of all views."""

import pytest

from tests.views.explorer.browser import browser_path, chromium


@pytest.fixture(scope="session")
def chromium_page():
    if (path := browser_path()) is None:
        pytest.skip("no Chromium on the PATH")
    with chromium(path) as page:
        yield page


@pytest.fixture
def browser(chromium_page):
    """The browser, of which nothing is known so far."""
    chromium_page.errors.clear()
    chromium_page.requests.clear()
    chromium_page.size(1200, 800)
    return chromium_page
