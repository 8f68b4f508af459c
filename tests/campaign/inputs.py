"""The command line within this process, and malformed input for it: a corpus of small files, and what befalls them.

All that a command may load is loaded before, since a library whose import is interrupted may be broken ever after.
"""

from __future__ import annotations

import contextlib
import io
import signal
import sys
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

import click
import duckdb  # noqa: F401
import matplotlib.pyplot  # noqa: F401
import mesa  # noqa: F401
import networkx  # noqa: F401
import pyarrow.parquet  # noqa: F401
import pytest
import scipy.stats  # noqa: F401

import sim.cli.fit
import sim.engines
import sim.experiments.fit.run
import sim.experiments.hypotheses.run
import sim.logs.formats
import sim.model.agents.model
import sim.model.agents.society
import sim.study.sweep
import sim.views.figures.save
import sim.views.fit_report  # noqa: F401
from sim.cli import main
from sim.machine.terminal import HARMLESS
from tests.cli import Done
from tests.damage import NUMBERS, WORDS

if not hasattr(signal, "SIGALRM"):
    pytest.skip("alarms and signals are those of POSIX", allow_module_level=True)
CORPUS = Path(__file__).parent / "corpus"
PATIENCE = 300  # seconds, in which everything that small has an answer, however busy the machine is


class HangsError(Exception):
    """No answer within PATIENCE, which counts as an error of ours."""


def _stop(_: int, __: Any) -> None:
    raise HangsError


def _press(_: int, __: Any) -> None:
    signal.raise_signal(signal.SIGINT)


def call(*args: object, impatient: bool = False) -> Done:
    """Run the command line; where it may take long for good reasons, an impatient user presses Ctrl-C, and again.

    Ctrl-C is heard here even where the shell has it ignored, as for a job in the background.
    """
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    handlers = {signal.SIGALRM: _press if impatient else _stop, signal.SIGINT: signal.default_int_handler}
    before = {signum: signal.signal(signum, handler) for signum, handler in handlers.items()}
    signal.setitimer(signal.ITIMER_REAL, *((0.5, 20.0) if impatient else (PATIENCE, 0.0)))
    code: Any = None
    try:
        with (
            patch.object(sys, "argv", ["shoulders", *map(str, args)]),
            contextlib.redirect_stdout(out), contextlib.redirect_stderr(err),
        ):  # fmt: skip
            main.main()
    except SystemExit as stopped:
        code = stopped.code
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for signum, handler in before.items():
            signal.signal(signum, handler)
    return Done(code, *(stream.buffer.getvalue().decode(errors="replace") for stream in (out, err)))


def wrong_with(done: Done) -> str:
    """Return what is wrong with an answer; nothing if it is one of 0, 1, 2 and 130, in one line where it refuses."""
    said = [line for line in done.err.splitlines() if line.startswith("shoulders: ")]
    if done.code not in (0, 1, 2, 130):
        return f"exit {done.code}"
    if "Traceback" in done.err + done.out:
        return "a traceback"
    if not all(letter.isprintable() or letter in HARMLESS for letter in done.err):
        return "letters that steer a terminal"
    if len(said) != (done.code != 0) and "Usage: " not in done.err:
        return f"{len(said)} lines of error"
    if done.code == 2 and done.out:
        return "standard output, though it refuses"
    return ""


def command_line(luck: Random, files: list[str]) -> list[str]:
    """Return a command with options, arguments and values drawn from what there is and what there is not."""
    name = luck.choice(sorted(set(main.cli.commands) - {"notebook-curve", "thought-experiments"}))
    command, words = main.cli.commands[name], [name]
    texts = [w.decode(errors="replace").replace("\0", "") for w in NUMBERS + WORDS]
    for option in command.params:
        if isinstance(option, click.Argument):
            words += [luck.choice(files if luck.random() < 0.8 else texts) for _ in range(luck.choice((1, 1, 1, 0, 2)))]
        elif luck.random() < 0.25 and option.name not in ("opened", "port", "dask", "executor", "check", "help"):
            words.append(luck.choice(option.opts))
            words += [] if getattr(option, "is_flag", False) else [_value(option, luck, files, texts)]
    if name == "explore" and not {"-o", "--output"} & set(words):
        words += ["-o", "page.html"]  # a live page waits for its reader
    for option, least in {"--engine": "agents", "--runs": "20", "--particles": "10", "--replicates": "2",
                          "--threads": "1", "--workers": "1"}.items():  # fmt: skip
        if luck.random() < 0.9 and any(option in one.opts for one in command.params):
            words += [option, least]
    return words


def _value(option: click.Parameter, luck: Random, files: list[str], texts: list[str]) -> str:
    allowed = [*getattr(option.type, "allowed", ()), *getattr(option.type, "choices", ())]
    keys = ["dynamics.abandon_rate", "scenario.steps", "persons.Ada.reach", "population.count", "ideas.wheel.value"]
    values = ["0.1", "uniform(0, 1)", "0:1:3", "1,2", "beta(2, 5)", luck.choice(texts)]
    made = [*files, "new.csv", "new.png", "new.json", "new", "total", f"{luck.choice(keys)}={luck.choice(values)}"]
    return str(luck.choice(luck.choice([allowed or made, made, texts])))
