"""The version of this package, as it was installed."""

from __future__ import annotations

from functools import cache


@cache
def version() -> str:
    """Return the version of shoulders, or "0" if it runs without having been installed."""
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    try:
        return installed("shoulders")
    except PackageNotFoundError:
        return "0"
