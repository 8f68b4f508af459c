"""The command that draws figures of a run, a log or a study. A kind of figure is a line in KINDS."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from sim.accounts.methods import METHODS, THIRDS
from sim.cli.arguments import FIGURES, Names, any_file, read_tape, require, scenario_in, target_of
from sim.errors import InputError
from sim.machine.terminal import progress_bar, say

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from sim.accounts.table import CreditTable
    from sim.model.world import World
    from sim.tape.tape import Tape


@dataclass(frozen=True)
class Wanted:
    """The source and the target of a figure, and its options; None where one is not given."""

    source: Path
    target: Path
    method: str | None = None
    measure: str | None = None
    x: str | None = None
    y: str | None = None
    colour: str | None = None
    panel: str | None = None


OPTIONS = ("method", "measure", "x", "y", "colour", "panel")


class Kind(NamedTuple):
    """A kind of figure.

    Attributes:
        of: "run" or "study".
        draw: takes the tape or the table of runs, and the options; returns a Figure, or None if it has written the
            file itself.
        options: the names of OPTIONS that it knows.
        formats: the endings of files that it can write, the first by default.
    """

    of: str
    draw: Callable[[Any, Wanted], Figure | None]
    options: tuple[str, ...] = ()
    formats: tuple[str, ...] = FIGURES


def _spread(tape: Tape, wanted: Wanted) -> Figure:
    from sim.views.figures.spread import spread

    return spread(tape)


def _influence(tape: Tape, wanted: Wanted) -> Figure:
    from sim.views.figures.influence_over_time import influence_over_time

    return influence_over_time(tape, _table(tape, wanted))


def _credit(tape: Tape, wanted: Wanted) -> Figure:
    from sim.views.figures.credit_bars import credit_bars

    return credit_bars(_table(tape, wanted))


def _accounts(tape: Tape, wanted: Wanted) -> Figure:
    from sim.accounts.comparison import compare
    from sim.views.figures.accounts import accounts_side_by_side

    return accounts_side_by_side(compare(tape))


def _giants(tape: Tape, wanted: Wanted) -> Figure:
    from sim.accounts.over_time import credit_over_time
    from sim.views.figures.giants import giants_over_time

    scenario = scenario_in(wanted.source, tape)
    return giants_over_time(tape, credit_over_time(tape, wanted.method or THIRDS, scenario=scenario))


def _lineage(tape: Tape, wanted: Wanted) -> Figure:
    from sim.views.figures.lineage import lineage

    return lineage(tape)


def _network(tape: Tape, wanted: Wanted) -> Figure:
    from sim.views.figures.network import network

    return network(tape, _world(tape, wanted))


def _animation(tape: Tape, wanted: Wanted) -> None:
    from sim.views.figures.animation import animate

    with progress_bar("Drawing the film", "pictures") as tick:
        animate(tape, _world(tape, wanted), wanted.target, progress=tick)


def _world(tape: Tape, wanted: Wanted) -> World | None:
    """Return the world of a run, for its ties; a log has none."""
    from sim.model.world import World

    scenario = scenario_in(wanted.source, tape)
    return None if scenario is None else World.build(scenario, tape.provenance["seed"])


def _lines(table: pd.DataFrame, wanted: Wanted) -> Figure:
    from sim.study.analysis import parameters_of, summarise
    from sim.views.figures.study_lines import MAX_LINES, study_lines

    x = _parameter(table, "x", wanted.x, 0)
    others = [name for name in parameters_of(table) if name not in (x, wanted.panel)]
    colour = wanted.colour
    if colour is None and len(others) == 1 and table[others[0]].nunique() <= MAX_LINES:
        colour = others[0]
    shown = _shown(table, x, colour, wanted.panel)
    return study_lines(summarise(table, [_measure(table, wanted)], shown), x, colour, wanted.panel)


def _map(table: pd.DataFrame, wanted: Wanted) -> Figure:
    from sim.study.analysis import summarise
    from sim.views.figures.study_map import study_map

    x, y = _parameter(table, "x", wanted.x, 0), _parameter(table, "y", wanted.y, 1)
    shown = _shown(table, x, y, wanted.panel)
    return study_map(summarise(table, [_measure(table, wanted)], shown), x, y, wanted.panel)


def _tornado(table: pd.DataFrame, wanted: Wanted) -> Figure:
    from sim.study.sensitivity import indices
    from sim.views.figures.study_tornado import study_tornado

    measure = _measure(table, wanted)
    return study_tornado(indices(table, measure), measure)


KINDS: dict[str, Kind] = {
    "spread": Kind("run", _spread),
    "influence": Kind("run", _influence, ("method",)),
    "credit": Kind("run", _credit, ("method",)),
    "accounts": Kind("run", _accounts),
    "giants": Kind("run", _giants, ("method",)),
    "lineage": Kind("run", _lineage),
    "network": Kind("run", _network),
    "animation": Kind("run", _animation, formats=("gif", "mp4")),
    "lines": Kind("study", _lines, ("measure", "x", "colour", "panel")),
    "map": Kind("study", _map, ("measure", "x", "y", "panel")),
    "tornado": Kind("study", _tornado, ("measure",)),
}
NAMES = {of: tuple(name for name, kind in KINDS.items() if kind.of == of) for of in ("run", "study")}


@click.command(name="plot")
@click.argument("run_or_study", metavar="RUN_OR_STUDY", shell_complete=any_file)
@click.option("--kind", type=Names(*KINDS), metavar="NAME", help=f"Of a run or log: {', '.join(NAMES['run'])}; of a "
              f"study: {', '.join(NAMES['study'])}.  [default: {NAMES['run'][0]}, {NAMES['study'][0]}]")  # fmt: skip
@click.option("-o", "--output", metavar="FILE", help="Its ending says the format.  [default: KIND.png in the folder]")
@click.option(
    "--method", type=Names(*METHODS), metavar="NAME", help=f"Account of credit of a run.  [default: {THIRDS}]"
)
@click.option("--measure", metavar="NAME", help="Of a study.  [default: the first]")
@click.option("--x", metavar="KEY", help="Parameter of the horizontal axis.  [default: the first]")
@click.option("--y", metavar="KEY", help="Parameter of the vertical axis of a map.  [default: the second]")
@click.option("--colour", metavar="KEY", help="Parameter with a line for each value.")
@click.option("--panel", metavar="KEY", help="Parameter with a panel for each value.")
def plot_command(run_or_study: str, kind: str | None, output: str | None, **options: str | None) -> None:
    """Draw a run (its folder), a real log (a file) or a study (its folder)."""
    source = Path(run_or_study)
    of = "study" if (source / "study.json").is_file() else "run"
    name = kind or NAMES[of][0]
    require("--kind", name, NAMES[of])
    chosen = KINDS[name]
    for option in OPTIONS:
        if options[option] is not None and option not in chosen.options:
            raise click.UsageError(f"--{option}: has no meaning for {name}; allowed: "
                                   f"{', '.join(f'--{o}' for o in chosen.options) or 'none'}")  # fmt: skip
    default = source / f"{name}.{chosen.formats[0]}" if source.is_dir() else f"{source.stem}-{name}.{chosen.formats[0]}"
    target = target_of(output or str(default), chosen.formats, name)
    try:
        read = _runs(source) if of == "study" else read_tape(source)
        figure = chosen.draw(read, Wanted(source, target, **options))
    except (ValueError, ModuleNotFoundError) as error:
        if isinstance(error, InputError):
            raise
        raise click.UsageError(f"--kind {name}: {error}") from None
    if figure is not None:
        from sim.views.figures.save import save

        save(figure, target)
    say(f"Written: {target}")


def _table(tape: Tape, wanted: Wanted) -> CreditTable:
    from sim.accounts.account import credit

    return credit(tape, wanted.method or THIRDS)


def _runs(folder: Path) -> pd.DataFrame:
    """Return the table of the runs of a study."""
    from sim.study.analysis import table

    return table(folder)


def _measure(table: pd.DataFrame, wanted: Wanted) -> str:
    from sim.study.analysis import measures_of

    measures = measures_of(table)
    if not measures:
        raise ValueError("the study has no measure")
    if wanted.measure is not None:
        require("--measure", wanted.measure, measures)
    return wanted.measure or measures[0]


def _parameter(table: pd.DataFrame, option: str, given: str | None, place: int) -> str:
    """Return the parameter that is asked for, or the one at a place among all."""
    from sim.study.analysis import parameters_of

    there = parameters_of(table)
    if given is None and len(there) <= place:
        raise ValueError(f"the study varies {', '.join(there) or 'nothing'}; there is nothing for --{option}")
    if given is not None:
        require(f"--{option}", given, there)
    return given or there[place]


def _shown(table: pd.DataFrame, *chosen: str | None) -> list[str]:
    """Return the parameters that are shown, and say over which others the mean is taken."""
    from sim.study.analysis import parameters_of

    there = parameters_of(table)
    shown = [name for name in chosen if name is not None]
    for name in shown:
        require("--colour or --panel", name, there)
    if len(set(shown)) < len(shown):
        raise ValueError(f"{', '.join(shown)}: each can be shown in one way only")
    if others := [name for name in there if name not in shown]:
        say(f"Mean over all values of {', '.join(others)}")
    return shown
