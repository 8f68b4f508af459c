"""Options and argument types that commands share: names with completion, and the options of a simulation."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import reduce
from typing import Any

import click
from click.shell_completion import CompletionItem

from sim.errors import did_you_mean
from sim.scenario.bundled import scenarios

ENGINES = ("auto", "agents", "kernels")
FIGURES = ("png", "svg", "pdf")
FORMATS = (
    "git", "graphml", "gexf", "pajek", "node-link", "networkx", "weibo", "cascades", "ledger", "works", "journeys",
    "adoptions", "citations", "edges", "contacts",
)  # fmt: skip


def require(option: str, given: object, allowed: Iterable[str]) -> None:
    """Raise a usage error with the nearest spelling unless a name is allowed."""
    allowed = tuple(allowed)
    if given not in allowed:
        raise click.UsageError(f"{option}: no '{given}'{did_you_mean(given, allowed)}")


class Names(click.ParamType):  # type: ignore[type-arg]  # generic in newer releases alone
    """A name from a list, which the shell completes."""

    name = "name"

    def __init__(self, *allowed: str) -> None:
        self.allowed = allowed

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """Return the name, or raise a usage error."""
        require(param.opts[-1], value, self.allowed)
        return value

    def shell_complete(self, ctx: Any, param: Any, incomplete: str) -> list[CompletionItem]:
        """Return the names that begin with the incomplete one."""
        return [CompletionItem(name) for name in self.allowed if name.startswith(incomplete)]


def any_file(ctx: Any, param: Any, incomplete: str) -> list[CompletionItem]:
    """Leave the completion of files and folders to the shell."""
    return [CompletionItem(incomplete, type="file")]


class ScenarioName(click.ParamType):  # type: ignore[type-arg]  # generic in newer releases alone
    """A scenario file, or the name of a bundled scenario; the shell completes both."""

    name = "scenario"

    def shell_complete(self, ctx: Any, param: Any, incomplete: str) -> list[CompletionItem]:
        """Return the names that begin with the incomplete one; if there are none, leave files to the shell."""
        names = [CompletionItem(name) for name in scenarios() if name.startswith(incomplete)]
        return names or any_file(ctx, param, incomplete)


class Setting(click.ParamType):  # type: ignore[type-arg]  # generic in newer releases alone
    """KEY=VALUE; the shell completes keys, except those inside lists."""

    name = "setting"

    def shell_complete(self, ctx: Any, param: Any, incomplete: str) -> list[CompletionItem]:
        """Return the keys that begin with the incomplete one."""
        from sim.scenario.sections import Contents

        sections = {name: getattr(f.annotation, "model_fields", {}) for name, f in Contents.model_fields.items()}
        keys = (f"{section}.{key}=" for section, fields in sections.items() for key in fields)
        return [CompletionItem(key) for key in keys if key.startswith(incomplete)]


CHANGES = click.option("--set", "changes", metavar="KEY=VALUE", multiple=True, type=Setting(),
                       help="Change a key, as dynamics.abandon_rate=0.2.")  # fmt: skip
ENGINE = click.option("--engine", type=Names(*ENGINES), metavar="NAME", default="auto", show_default=True,
                      help="auto, agents or kernels; the result is the same.")  # fmt: skip
LOG_FORMAT = click.option("--format", "log_format", type=Names(*FORMATS), metavar="NAME",
                          help=f"Format of a log: {', '.join(FORMATS)}.  [default: recognised]")  # fmt: skip
SEED = click.option("--seed", type=click.IntRange(0, 2**64 - 1), help="Seed, in place of the scenario's.")
THREADS = click.option("--threads", type=click.IntRange(1), help="Runs or threads side by side; the result is the "
                       "same.")  # fmt: skip
WORKERS = click.option("--workers", type=click.IntRange(1), help="Runs side by side.  [default: the processors]")
EXECUTOR = click.option("--executor", default="auto", show_default=True, metavar="NAME",
                        type=Names("auto", "threads", "processes", "dask"),
                        help="auto, threads, processes or dask.")  # fmt: skip
DASK = click.option("--dask", metavar="ADDRESS", help="local, or a scheduler as tls://HOST:PORT.")
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
OWN_RULES = click.option("--rules", "rules_file", metavar="FILE.py", shell_complete=any_file,
                         help="Rules of your own: functions named as those of sim/model/rules.py.")  # fmt: skip


def _options(*some: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a decorator that adds options to a command, in this order."""
    return lambda command: reduce(lambda made, option: option(made), reversed(some), command)


SIMULATION = _options(SEED, CHANGES, ENGINE, THREADS, OWN_RULES)
SHARED_OUT = _options(WORKERS, EXECUTOR, DASK)
