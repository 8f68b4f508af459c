"""The command `shoulders compare`: runs and logs side by side."""

from __future__ import annotations

from pathlib import Path

import click

from sim.accounts.methods import METHODS, THIRDS
from sim.cli.arguments import read_tape
from sim.cli.logs import announced
from sim.cli.options import AS_JSON, Names, any_file
from sim.machine.terminal import show_grid, show_json, stage

MAX_SHOWN = 20  # persons


@click.command(name="compare")
@click.argument("runs", metavar="RUN_DIR_OR_LOG...", nargs=-1, required=True, shell_complete=any_file)
@click.option("--method", type=Names(*METHODS), default=THIRDS, show_default=True, metavar="NAME",
              help="Account of credit.")  # fmt: skip
@AS_JSON
def compare_command(runs: tuple[str, ...], method: str, as_json: bool) -> None:
    """Put runs (their folders) or real logs (files) side by side: value, reach, and shares of the credit."""
    from sim.accounts.account import credit
    from sim.study.measures import measure

    tapes = {name: announced(read_tape(Path(name))) for name in runs}
    with stage("Computing the credit"):
        tables = {name: credit(tape, method).to_dict() for name, tape in tapes.items()}
    if as_json:
        show_json({"runs": tables})
        return
    shares = {name: {row["person"]: row["share"] for row in table["credit"]} for name, table in tables.items()}
    persons = sorted({one: None for some in shares.values() for one in some},
                     key=lambda one: -max(some.get(one, 0.0) for some in shares.values()))  # fmt: skip
    facts = {"seed": lambda name: str(tables[name]["seed"]), "steps": lambda name: f"{tables[name]['steps']:,}",
             "events": lambda name: f"{len(tapes[name].events):,}",
             "reached": lambda name: f"{measure('reached')(tapes[name]):,.0f}",
             "realised": lambda name: f"{tables[name]['total']:,.6g}"}  # fmt: skip
    rows = [(fact, *map(text, runs)) for fact, text in facts.items()]
    rows += [(one, *(f"{shares[name][one]:.2%}" if one in shares[name] else "-" for name in runs))
             for one in persons[:MAX_SHOWN]]  # fmt: skip
    show_grid(("", *(Path(name).name for name in runs)), rows)
