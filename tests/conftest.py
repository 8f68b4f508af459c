"""What tests of several rooms are given."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli import Done


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: Any) -> Callable[..., Done]:
    """The command `shoulders` within this process, which is faster, in a folder of its own."""
    from sim.cli import main

    monkeypatch.chdir(tmp_path)

    def call(*args: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["shoulders", *map(str, args)])
        with pytest.raises(SystemExit) as stopped:
            main.main()
        out, err = capfdbinary.readouterr()
        assert isinstance(stopped.value.code, int)
        return Done(stopped.value.code, out.decode(), err.decode())

    return call
