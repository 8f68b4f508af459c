"""Loops compiled whatever their size, to compare them with the same loops interpreted."""

from types import ModuleType

import pytest

from sim.machine.loops import compiled


def compile_all(monkeypatch: pytest.MonkeyPatch, *modules: ModuleType) -> None:
    """Have modules compile loops over the smallest things, too."""
    for module in modules:
        monkeypatch.setattr(module, "for_size", lambda function, size: compiled(function))
