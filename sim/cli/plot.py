"""The command that draws figures of a run, a log or a study. Each kind of figure is a line in KINDS."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from sim.accounts.methods import METHODS, THIRDS
from sim.cli.arguments import read_tape, scenario_in, target_of, usage
from sim.cli.logs import announced
from sim.cli.options import FIGURES, Names, any_file, require
from sim.machine.terminal import progress_bar, say, stage

if TYPE_CHECKING:
    from matplotlib.figure import Figure

OPTIONS = ("method", "measure", "x", "y", "colour", "panel")


class Kind(NamedTuple):
    """A kind of figure: its subject ("run" or "study"), the OPTIONS it takes, and its formats, the default first."""

    of: str
    options: tuple[str, ...] = ()
    formats: tuple[str, ...] = FIGURES


KINDS: dict[str, Kind] = {
    "spread": Kind("run"),
    "influence": Kind("run", ("method",)),
    "credit": Kind("run", ("method",)),
    "accounts": Kind("run"),
    "giants": Kind("run", ("method",)),
    "lineage": Kind("run"),
    "network": Kind("run"),
    "animation": Kind("run", formats=("gif", "mp4")),
    "lines": Kind("study", ("measure", "x", "colour", "panel")),
    "map": Kind("study", ("measure", "x", "y", "panel")),
    "tornado": Kind("study", ("measure",)),
}
NAMES = {of: tuple(name for name, kind in KINDS.items() if kind.of == of) for of in ("run", "study")}


@click.command(name="plot")
@click.argument("run_or_study", metavar="RUN_OR_STUDY", shell_complete=any_file)
@click.option("--kind", type=Names(*KINDS), metavar="NAME", help=f"For a run or log: {', '.join(NAMES['run'])}; for a "
              f"study: {', '.join(NAMES['study'])}.  [default: {NAMES['run'][0]}, {NAMES['study'][0]}]")  # fmt: skip
@click.option("-o", "--output", metavar="FILE", help="Its ending says the format.  [default: KIND.png in the folder]")
@click.option(
    "--method", type=Names(*METHODS), metavar="NAME", help=f"Account of credit of a run.  [default: {THIRDS}]"
)
@click.option("--measure", metavar="NAME", help="The measure of a study.  [default: the first]")
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
    _, known, formats = KINDS[name]
    for option in OPTIONS:
        if options[option] is not None and option not in known:
            allowed = ", ".join(f"--{one}" for one in known) or "none"
            raise click.UsageError(f"--{option}: has no meaning for {name}; allowed: {allowed}")
    default = source / f"{name}.{formats[0]}" if source.is_dir() else f"{source.stem}-{name}.{formats[0]}"
    target = target_of(output or str(default), formats, name)
    with usage(f"--kind {name}: ", ModuleNotFoundError):
        figure = _of_study(name, source, options) if of == "study" else _of_run(name, source, target, options)
    if figure is not None:
        from sim.views.figures.save import save

        save(figure, target)
    say(f"Written: {target}")


def _of_run(name: str, source: Path, target: Path, options: dict[str, str | None]) -> Figure | None:
    """Return the figure of a run or a log, or write an animation and return None."""
    from sim.views.kinds import OF_TAPE, Choice, world_of

    tape = announced(read_tape(source))
    chosen = Choice(scenario=scenario_in(source, tape), method=options["method"])
    if name != "animation":
        with stage("Drawing the figure"):
            return OF_TAPE[name](tape, chosen)
    from sim.views.figures.animation import animate

    with progress_bar("Drawing the film", "pictures") as tick:
        animate(tape, world_of(tape, chosen), target, progress=tick)
    return None


def _of_study(name: str, source: Path, options: dict[str, Any]) -> Figure:
    """Return the figure of a study, and report the parameters over which a mean is taken."""
    from sim.study.analysis import parameters_of, table
    from sim.views.kinds import OF_STUDY, Choice, settled

    with stage(f"Reading {source}"):
        runs = table(source)
    with usage("--"):
        chosen = settled(name, runs, Choice(**options))
    others = [one for one in parameters_of(runs) if one not in chosen.shown]
    if others and name != "tornado":
        say(f"Mean over all values of {', '.join(others)}")
    return OF_STUDY[name](runs, chosen)
