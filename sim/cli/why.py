"""The command that says where a person's credit comes from."""

from __future__ import annotations

import json
from pathlib import Path

import click

from sim.accounts.methods import METHODS, THIRDS
from sim.cli.credit import AS_JSON, read_tape

LINEAR = ", ".join(name for name, method in METHODS.items() if method.linear)


@click.command(name="why")
@click.argument("run_or_log", metavar="RUN_DIR_OR_LOG")
@click.argument("person")
@click.option("--method", default=THIRDS, metavar="NAME", help=f"{LINEAR}.  [default: {THIRDS}]")
@click.option("--format", "log_format", metavar="NAME", help="Of a log, as in shoulders credit.  [default: guessed]")
@click.option("--json", "as_json", is_flag=True, help=AS_JSON)
@click.option("-o", "--output", metavar="FILE", help="Draw it too, as .png, .svg or .pdf.")
def why_command(
    run_or_log: str, person: str, method: str, log_format: str | None, as_json: bool, output: str | None
) -> None:
    """Say where the credit of PERSON comes from: which ideas, roles, lineages and times.

    The parts of each division sum to the credit. Accounts that are no sum over what was realised have no such parts.
    """
    from sim.accounts.explain import explain

    tape = read_tape(Path(run_or_log), log_format)
    try:
        why = explain(tape, person, method)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    if output is not None:
        from sim.views.figures.save import save
        from sim.views.figures.why import why_bars

        try:
            save(why_bars(why), output)
        except ValueError as error:
            raise click.UsageError(f"-o {error}") from None
        click.echo(f"Written: {output}", err=True)
    if as_json:
        click.echo(json.dumps(why.to_dict(), ensure_ascii=False))
        return
    from sim.cli.terminal import print_why

    print_why(why)
