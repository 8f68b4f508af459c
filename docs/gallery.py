"""Every picture of the README and of these pages, drawn anew: `make gallery`, or `python docs/gallery.py [NAME ...]`.

The same versions of the libraries give the same bytes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT))

from sim import Scenario, Tape, World, credit, simulate
from sim.accounts.comparison import compare
from sim.accounts.over_time import credit_over_time
from sim.experiments.notebook import notebook_curve
from sim.views.figures.accounts import accounts_side_by_side
from sim.views.figures.animation import animate
from sim.views.figures.giants import giants_over_time
from sim.views.figures.influence_over_time import influence_over_time
from sim.views.figures.lineage import lineage
from sim.views.figures.network import network
from sim.views.figures.notebook_curve import notebook_figure
from sim.views.figures.save import save
from sim.views.figures.spread import spread as spread_figure


@cache
def scenario(name: str) -> Scenario:
    """Load a scenario of the project."""
    return Scenario.load(ROOT / "scenarios" / f"{name}.toml")


@cache
def tape(name: str) -> Tape:
    """Run it by its own seed."""
    return simulate(scenario(name))


@cache
def world(name: str) -> World:
    """Build its world."""
    return World.build(scenario(name))


def notebook(path: Path) -> None:
    """Draw who influenced whom in the notebook scenario."""
    history = tape("genius_notebook")
    save(influence_over_time(history, credit(history)), path)


def curve(path: Path) -> None:
    """Draw the first picture: what priority and impact make of the notebook, by when it is found."""
    save(notebook_figure(notebook_curve(pairs=3200)), path)


def spread(path: Path) -> None:
    """Draw how the ideas of the notebook spread."""
    save(spread_figure(tape("genius_notebook")), path)


def diffusion(path: Path) -> None:
    """Draw Kant's Critique on the network of scholars."""
    save(network(tape("kant_critique"), world("kant_critique")), path)


def tree(path: Path) -> None:
    """Draw the lineage of Kant's Critique."""
    save(lineage(tape("kant_critique")), path)


def accounts(path: Path) -> None:
    """Draw what the accounts say of the bridge."""
    save(accounts_side_by_side(compare(tape("e4_bridge"))), path)


def giants(path: Path) -> None:
    """Draw who was thought of as a giant in the notebook scenario, and when."""
    history = tape("genius_notebook")
    save(giants_over_time(history, credit_over_time(history, scenario=scenario("genius_notebook"))), path)


def film(path: Path) -> None:
    """Film Kant's Critique."""
    animate(tape("kant_critique"), world("kant_critique"), path, seconds=8, fps=10)


PICTURES: dict[str, Callable[[Path], None]] = {
    "notebook.png": notebook,
    "notebook_curve.png": curve,
    "pictures/accounts.png": accounts,
    "pictures/film.gif": film,
    "pictures/giants.png": giants,
    "pictures/lineage.png": tree,
    "pictures/network.png": diffusion,
    "pictures/spread.png": spread,
}


def main(names: list[str]) -> None:
    """Draw the pictures of these names, or all."""
    if wrong := [name for name in names if name not in PICTURES]:
        sys.exit(f"gallery: no {wrong[0]!r}; allowed: {', '.join(PICTURES)}")
    for name in names or PICTURES:
        path = HERE / name
        path.parent.mkdir(exist_ok=True)
        PICTURES[name](path)
        print(f"docs/{name}")


if __name__ == "__main__":
    main(sys.argv[1:])
