"""`python -m sim.cli` is the command `shoulders`."""

from sim.cli.main import program

program()
