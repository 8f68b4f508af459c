"""The command that says where a person's credit comes from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sim.accounts.methods import METHODS, THIRDS
from sim.cli.arguments import read_tape, target_of, usage
from sim.cli.logs import announced, log_options
from sim.cli.options import AS_JSON, FIGURES, Names, any_file
from sim.machine.terminal import say, show, show_json, stage

LINEAR = ", ".join(name for name, method in METHODS.items() if method.linear)


@click.command(name="why")
@click.argument("run_or_log", metavar="RUN_DIR_OR_LOG", shell_complete=any_file)
@click.argument("person")
@click.option("--method", type=Names(*METHODS), default=THIRDS, metavar="NAME", help=f"{LINEAR}.  [default: {THIRDS}]")
@AS_JSON
@click.option("-o", "--output", metavar="FILE", help="Draw it too, as .png, .svg or .pdf.")
@log_options
def why_command(
    run_or_log: str, person: str, method: str, as_json: bool, output: str | None, reading: dict[str, Any]
) -> None:
    """Say where the credit of PERSON comes from: which ideas, roles, lineages and times.

    The parts of each division sum to the credit. Accounts that are no sum over what was realised have no such parts.
    """
    target = None if output is None else target_of(output, FIGURES, "figure")
    from sim.accounts.explain import explain, in_words

    tape = announced(read_tape(Path(run_or_log), **reading))
    with usage(), stage("Following the credit back"):
        why = explain(tape, person, method)
    if target is not None:
        from sim.views.figures.save import save
        from sim.views.figures.why import why_bars

        save(why_bars(why), target)
        say(f"Written: {target}")
    if as_json:
        show_json(why.to_dict())
        return
    for line in in_words(why):
        show(line)
