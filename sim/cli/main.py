"""The command line: its commands, its exit codes, and one line for every failure."""

from __future__ import annotations

import contextlib
import gc
import io
import os
import signal
import sys
import tempfile
import threading
import traceback
from typing import Any

import click

from sim.cli.compare import compare_command
from sim.cli.credit import credit_command, thought_experiments_command
from sim.cli.explore import explore_command
from sim.cli.export import export_command
from sim.cli.fit import fit_command
from sim.cli.hypotheses import notebook_command, test_command
from sim.cli.knockout import knockout_command
from sim.cli.play import play_command
from sim.cli.plot import plot_command
from sim.cli.run import run_command
from sim.cli.scenarios import check_command, new_command, scenarios_command
from sim.cli.sweep import sweep_command
from sim.cli.why import why_command
from sim.errors import InputError, RunError, did_you_mean
from sim.machine.terminal import say, warnings_as_notes
from sim.machine.version import version

OK, FAILED, WRONG_INPUT, INTERNAL, INTERRUPTED = 0, 1, 2, 70, 130
COMMANDS = (
    run_command, credit_command, why_command, compare_command, thought_experiments_command, plot_command,
    export_command, sweep_command, fit_command, knockout_command, explore_command, play_command, test_command,
    notebook_command, new_command,
    check_command, scenarios_command,
)  # fmt: skip


class Commands(click.Group):
    """A group of commands that suggests the nearest one for an unknown name."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """Return the command named by the first argument, as click does; raise a usage error if there is none."""
        if args and args[0] not in self.commands:
            raise click.UsageError(f"no command '{args[0]}'{did_you_mean(args[0], self.commands)}")
        return super().resolve_command(ctx, args)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(version(), prog_name="shoulders")
def cli() -> None:
    """Simulate how ideas spread, and find out on whose shoulders their impact stands."""


for command in COMMANDS:
    cli.add_command(command)


def main() -> None:
    """Run the command line; every failure is one line on standard error, and an exit code.

    SIGTERM is handled like Ctrl-C: what was done is kept. Ctrl-C is ignored if the shell ignores it, as for a job in
    the background.
    """
    pressed: list[int] = []

    def interrupt(signum: int, _: Any) -> None:
        pressed.append(signum)
        raise KeyboardInterrupt

    heard = [signal.SIGTERM, *([signal.SIGINT] if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN else [])]
    before = [signal.signal(signum, interrupt) for signum in heard]
    try:
        sys.exit(_run(pressed))
    finally:
        for signum, handler in zip(heard, before, strict=True):
            signal.signal(signum, handler or signal.SIG_DFL)


def program() -> None:
    """Run the command line as a process of its own, which does not wait for a run that continues in a thread.

    Loading libraries makes no garbage, and none is worth collecting at the end; searching for it would take a fifth of
    the time of a small run.
    """
    gc.set_threshold(100_000, 20, 100)
    try:
        main()
    except SystemExit as error:
        if error.code and threading.active_count() > 1:
            os._exit(int(error.code))
        raise
    finally:
        gc.freeze()


def _run(pressed: list[int]) -> int:
    """Run the command and return its exit code; after Ctrl-C, any exception counts as an interrupt."""
    for stream in (sys.stdout, sys.stderr):  # a terminal without umlauts shows question marks
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        with warnings_as_notes():
            cli.main(prog_name="shoulders", standalone_mode=False)
        if sys.stdout is not None:  # it is None if it was closed
            sys.stdout.flush()
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else FAILED
    except BrokenPipeError:
        _give_up_output()
    except (Exception, KeyboardInterrupt) as error:  # the last line of defence: no traceback for the user
        told = isinstance(error, KeyboardInterrupt | click.Abort)
        _give_up_output()
        return _failed(error if told or not pressed else KeyboardInterrupt("interrupted"))
    return OK


def _give_up_output() -> None:
    """Let go of what standard output cannot take; else Python tries again at its end, complains, and exits with 120."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _failed(error: BaseException) -> int:
    """Report an error in one line, and return the exit code."""
    match error:
        case click.exceptions.NoArgsIsHelpError():
            click.echo(error.ctx.get_help() if error.ctx else "", err=True)
            return WRONG_INPUT
        case KeyboardInterrupt() | click.Abort():
            told = str(error.__cause__ if isinstance(error, click.Abort) and error.__cause__ else error)
            message, code = told or "interrupted; nothing was written", INTERRUPTED
        case click.ClickException():
            message, code = error.format_message(), WRONG_INPUT
        case InputError():
            message, code = str(error), WRONG_INPUT
        case OSError():
            message, code = f"{error.filename or 'output'}: {error.strerror}" if error.strerror else str(error), FAILED
        case RunError() | MemoryError():
            message, code = str(error) or "out of memory", FAILED
        case _:
            message, code = f"an error of ours: {type(error).__name__}: {error}; {_kept_traceback(error)}", INTERNAL
    with contextlib.suppress(OSError, ValueError):  # if standard error is closed or full, nobody can be told
        say(f"shoulders: {' '.join(message.split())}")
    return code


def _kept_traceback(error: BaseException) -> str:
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="shoulders-", suffix=".log", delete=False, encoding="utf-8", errors="backslashreplace"
        ) as log:
            traceback.print_exception(error, file=log)
        return f"the traceback is in {log.name}"
    except OSError as problem:
        return f"its traceback could not be saved: {problem.strerror or problem}"


if __name__ == "__main__":
    program()
