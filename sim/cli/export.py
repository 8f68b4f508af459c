"""The command `shoulders export`: the influence graph of a run or a log, for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sim.cli.arguments import read_tape, usage
from sim.cli.logs import announced, log_options
from sim.cli.options import Names, any_file
from sim.errors import require
from sim.machine.terminal import say, stage

EXPORTS = ("graphml", "gexf", "csv", "parquet")


@click.command(name="export")
@click.argument("run_or_log", metavar="RUN_DIR_OR_LOG", shell_complete=any_file)
@click.option("-o", "--output", "file", metavar="FILE", required=True, help="File to write, replaced if it is there.")
@click.option("--of", type=click.Choice(["events", "persons"]), default="events", show_default=True)
@click.option("--to", "to", type=Names(*EXPORTS), metavar="NAME",
              help=f"{', '.join(EXPORTS)}.  [default: by the ending of FILE]")  # fmt: skip
@click.option("--window", nargs=2, type=int, metavar="FIRST LAST", help="Steps, both included.  [default: all]")
@log_options
def export_command(
    run_or_log: str, file: str, of: str, to: str | None, window: tuple[int, int] | None, reading: dict[str, Any]
) -> None:
    """Write who influenced whom, and when, for networkx, Gephi, pandas and others."""
    target = Path(file)
    if target.is_dir() or not target.resolve().parent.is_dir():
        wrong = "is a folder" if target.is_dir() else "its folder does not exist"
        raise click.UsageError(f"-o {file}: {wrong}; allowed: a file in a folder that is there")
    chosen = to or target.suffix[1:].lower()
    with usage():
        require("-o: format", chosen, EXPORTS)
    tape = read_tape(Path(run_or_log), **reading)
    from sim.tape.export import export

    with usage("--"), stage(f"Writing {target}"):
        export(tape, target, of, chosen, window)
    announced(tape)
    say(f"Written: {target}")
