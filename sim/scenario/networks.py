"""[world.network]: the kinds of networks, their keys, and what must fit the number of persons."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Discriminator, Field, Tag

from sim.errors import did_you_mean
from sim.scenario.values import Finite, Fraction, Name, Positive, Section, Whole, key

Problem = tuple[tuple[str | int, ...], str]  # the place in [world.network], and what is wrong there
GIVEN, FIXED, POISSON, POWER = range(4)  # laws of degrees, as a configuration's generator takes them


class _Network(Section):
    """The facts that each kind of network knows about itself, for n persons."""

    def parameters(self, n: int) -> list[float]:
        """Return the numbers that its generator takes."""
        return []

    def mean_ties(self, n: int) -> float:
        """Return the mean number of directed ties over the seeds."""
        return 0.0

    def problems(self, n: int, folder: Path) -> Iterator[Problem]:
        """Yield every problem, with its place in the section."""
        return iter(())


class NoNetwork(_Network):
    """Only the ties that are named under [[ties]]."""

    weight: ClassVar[float] = 1.0
    both_ways: ClassVar[bool] = True
    kind: Literal["none"] = "none"


class _Ties(_Network):
    weight: Positive = key("The strength of every tie.", 1.0, unit="chance")
    both_ways: bool = key("Whether every tie leads back as well.", True)

    @property
    def directions(self) -> int:
        """The number of directed ties of a tied pair."""
        return 2 if self.both_ways else 1


class Complete(_Ties):
    """Everybody is tied to everybody."""

    kind: Literal["complete"]

    def mean_ties(self, n: int) -> float:
        return n * (n - 1.0)


class Star(_Ties):
    """The first person is tied to all others."""

    kind: Literal["star"]

    def mean_ties(self, n: int) -> float:
        return self.directions * (n - 1.0)


class Chain(_Ties):
    """Each person is tied to the next."""

    kind: Literal["chain"]

    def mean_ties(self, n: int) -> float:
        return self.directions * (n - 1.0)


class ErdosRenyi(_Ties):
    """Every pair is tied with the same chance."""

    kind: Literal["erdos-renyi"]
    degree: Finite = key("The mean number of ties of a person.", unit="ties", example=8.0)

    def parameters(self, n: int) -> list[float]:
        return [self.degree]

    def mean_ties(self, n: int) -> float:
        return n * self.degree

    def problems(self, n: int, folder: Path) -> Iterator[Problem]:
        if self.degree > n - 1:
            yield ("degree",), f"must be at most {n - 1}, the number of others, is {self.degree:g}"


class BarabasiAlbert(_Ties):
    """Persons join one by one; each ties to earlier ones, with a preference for those who have many ties."""

    kind: Literal["barabasi-albert"]
    links: Annotated[Whole, Field(ge=1)] = key("The ties that each person brings along.", unit="ties", example=3)

    def parameters(self, n: int) -> list[float]:
        return [self.links]

    def mean_ties(self, n: int) -> float:
        return float(self.directions * self.links * (n - self.links))

    def problems(self, n: int, folder: Path) -> Iterator[Problem]:
        if self.links >= n:
            yield ("links",), f"must be below the number of persons {n}, is {self.links}"


class WattsStrogatz(_Ties):
    """A small world: a ring of neighbours, with some ties rewired at random."""

    kind: Literal["watts-strogatz"]
    neighbours: Annotated[Whole, Field(ge=2, multiple_of=2)] = key(
        "The nearest persons on the ring to whom each is tied; an even number.", unit="persons", example=6
    )
    rewire: Fraction = key("The chance that a tie is rewired.", 0.1, unit="chance")

    def parameters(self, n: int) -> list[float]:
        return [self.neighbours, self.rewire]

    def mean_ties(self, n: int) -> float:
        return float(self.directions * n * (self.neighbours // 2))

    def problems(self, n: int, folder: Path) -> Iterator[Problem]:
        if self.neighbours >= n:
            yield ("neighbours",), f"must be below the number of persons {n}, is {self.neighbours}"


class Poisson(Section):
    """Degrees from a Poisson distribution."""

    kind: Literal["poisson"]
    mean: Finite = key("The mean degree.", unit="ties", example=8.0)


class PowerDegrees(Section):
    """Degrees from a power law: k or more with a chance in proportion to k to the power 1 - `exponent`."""

    kind: Literal["power"]
    exponent: Annotated[float, Field(gt=1.0, le=100.0)] = key("How fast the chance falls.", example=2.5)
    low: Annotated[Whole, Field(ge=1)] = key("The smallest degree.", 1, unit="ties")
    high: Annotated[Whole, Field(ge=1)] | None = key(
        "The largest degree; by default everybody else.", None, unit="ties", example=50
    )

    def bounds(self, persons: int) -> tuple[int, int]:
        """Return the least and the greatest degree among this many persons."""
        return self.low, self.high or persons - 1

    def mean_degree(self, persons: int) -> float:
        """Return the mean of the law, summed over classes of degrees so that long tails stay cheap."""
        import numpy as np

        (low, high), slope = self.bounds(persons), self.exponent - 1.0
        ends = np.unique(np.geomspace(low, high + 1.0, 100_001).astype(np.int64))
        more = ((ends / low) ** -slope - ((high + 1.0) / low) ** -slope) / (1.0 - ((high + 1.0) / low) ** -slope)
        middle = (ends[:-1] + ends[1:] - 1) / 2.0
        return float(np.sum(middle * (more[:-1] - more[1:])))


def _degrees_tag(value: Any) -> str:
    if isinstance(value, Poisson | PowerDegrees):
        return value.kind
    if isinstance(value, list):
        return "list"
    return str(value.get("kind")) if isinstance(value, dict) else "number"


Degree = Annotated[Whole, Field(ge=0)]
Degrees = Annotated[
    Annotated[Degree, Tag("number")]
    | Annotated[Poisson, Tag("poisson")]
    | Annotated[PowerDegrees, Tag("power")]
    | Annotated[list[Degree], Tag("list")],
    Discriminator(_degrees_tag),
]


class Configuration(_Ties):
    """Persons with given degrees, paired at random.

    Self-pairs and repeated pairs, a few of many, are dropped.
    """

    kind: Literal["configuration"]
    degrees: Degrees = key("One number for all, a list with one for each person, or a distribution.", unit="ties",
                           example={"kind": "poisson", "mean": 8.0})  # fmt: skip

    def parameters(self, n: int) -> list[float]:
        degrees = self.degrees
        if isinstance(degrees, list):
            return [GIVEN, *degrees]
        if isinstance(degrees, int):
            return [FIXED, degrees]
        if isinstance(degrees, Poisson):
            return [POISSON, degrees.mean]
        return [POWER, degrees.exponent, *degrees.bounds(n)]

    def mean_ties(self, n: int) -> float:
        return self.directions * n * self._mean_degree(n) / 2.0

    def _mean_degree(self, n: int) -> float:
        degrees = self.degrees
        if isinstance(degrees, list):
            return float(sum(degrees)) / n
        if isinstance(degrees, int):
            return float(degrees)
        return degrees.mean if isinstance(degrees, Poisson) else degrees.mean_degree(n)

    def problems(self, n: int, folder: Path) -> Iterator[Problem]:
        degrees, here = self.degrees, ("degrees",)
        most = f"must be at most {max(n - 1, 0)}, the number of others, is "
        if isinstance(degrees, list):
            if len(degrees) != n:
                yield here, f"must be {n}, one for each person, are {len(degrees)}"
            for at, degree in enumerate(degrees):
                if degree >= n:
                    yield (*here, at), most + f"{degree}"
        elif isinstance(degrees, int):
            if degrees >= n:
                yield here, most + f"{degrees}"
        elif isinstance(degrees, Poisson):
            if degrees.mean > n - 1:
                yield (*here, "mean"), most + f"{degrees.mean:g}"
        else:
            high = degrees.low if degrees.high is None else degrees.high
            if high < degrees.low:
                yield (*here, "high"), f"must be at least low {degrees.low}, is {high}"
            if high >= n:
                yield (*here, "low" if degrees.high is None else "high"), most + f"{high}"


class StochasticBlock(_Ties):
    """Groups with random ties within and between them; persons are assigned to groups in their order.

    Give either `degrees` or `chances`, each with a row and a column for every group.
    """

    kind: Literal["stochastic-block"]
    sizes: Annotated[list[Annotated[float, Field(gt=0.0, le=1e9)]], Field(min_length=1, max_length=1000)] = key(
        "The sizes of the groups: numbers of persons, or fractions that sum to 1.", unit="persons", example=[0.5, 0.5]
    )
    degrees: list[list[Finite]] | None = key(
        "The mean number of ties of a person in the row's group to the column's group.", None, unit="ties",
        example=[[6.0, 1.0], [1.0, 6.0]],
    )  # fmt: skip
    chances: list[list[Fraction]] | None = key(
        "The chance of a tie from a person in the row's group to one in the column's group.", None, unit="chance",
        example=[[0.1, 0.01], [0.01, 0.1]],
    )  # fmt: skip

    def parameters(self, n: int) -> list[float]:
        sizes = self._groups(n)
        return [len(sizes), *sizes, *(chance for row in self._chances(sizes) for chance in row)]

    def mean_ties(self, n: int) -> float:
        sizes = self._groups(n)
        chances = self._chances(sizes)
        pairs = itertools.product(range(len(sizes)), repeat=2)
        return float(sum(chances[g][h] * sizes[g] * (sizes[h] - (g == h)) for g, h in pairs))

    def _groups(self, n: int) -> list[int]:
        """Return the number of persons in each group; if sizes are fractions, the end of each group is rounded."""
        if abs(sum(self.sizes) - 1.0) > 1e-9 or (self.sizes == [1.0] and n == 1):
            return [int(size) for size in self.sizes]
        ends = [0, *(int(sum(self.sizes[:g]) * n + 0.5) for g in range(1, len(self.sizes))), n]
        return [high - low for low, high in itertools.pairwise(ends)]

    def _chances(self, sizes: list[int]) -> list[list[float]]:
        """Return the chance of a tie for each pair of groups; degrees are averaged where ties lead both ways."""
        if self.degrees is None:
            return self.chances or []
        ties = [[degree * size for degree in row] for row, size in zip(self.degrees, sizes, strict=True)]
        if self.both_ways:
            ties = [[(ties[g][h] + ties[h][g]) / 2.0 for h in range(len(sizes))] for g in range(len(sizes))]
        return [
            [
                count / max(sizes[g] * (size - (g == h)), 1)
                for h, (count, size) in enumerate(zip(row, sizes, strict=True))
            ]
            for g, row in enumerate(ties)
        ]

    def problems(self, n: int, folder: Path) -> Iterator[Problem]:
        total = sum(self.sizes)
        if abs(total - 1.0) > 1e-9:
            if any(size != int(size) for size in self.sizes):
                yield ("sizes",), f"must be whole numbers, or fractions that sum to 1, not to {total:.10g}"
                return
            if total != n:
                yield ("sizes",), f"must sum to the number of persons {n}, sum to {total:g}"
                return
        if (self.degrees is None) == (self.chances is None):
            yield () if self.degrees is None else ("chances",), "degrees and chances: give one of the two"
            return
        name, groups = "chances" if self.degrees is None else "degrees", len(self.sizes)
        table: list[list[float]] = self.degrees or self.chances or []
        if len(table) != groups or any(len(row) != groups for row in table):
            yield (name,), f"must be {groups} rows of {groups} numbers, as there are {groups} sizes"
            return
        for g, h in itertools.product(range(groups), repeat=2):
            for problem in self._wrong_cell(table, self._groups(n), g, h):
                yield (name, g, h), problem

    def _wrong_cell(self, table: list[list[float]], sizes: list[int], g: int, h: int) -> Iterator[str]:
        """Yield what is wrong with a cell: a degree above the number of others, or ties both ways that do not match."""
        value, back, most = table[g][h], table[h][g], sizes[h] - (g == h)
        ends = f"the other way round, since ties lead both ways, is {value:g}"
        if self.degrees is None:
            if self.both_ways and value != back:
                yield f"must be {back:g} as {ends}"
            return
        if value > most:
            yield f"must be at most {max(most, 0)}, the number of others, is {value:g}"
        ties, others = value * sizes[g], back * sizes[h]
        if self.both_ways and abs(ties - others) > 0.01 * max(ties, others):
            yield f"must be {others / max(sizes[g], 1):.4g} to fit {ends}"


class NetworkFile(_Ties):
    """Ties from a file beside the scenario.

    A table (CSV, Parquet, Arrow, Excel, JSON) has the columns source and target (or names that people call them), and
    optionally weight, start and end; GraphML, GEXF, Pajek and JSON node-link are read as well, by the labels of their
    nodes. The content tells which it is, and whether it is packed (gzip, bzip2, xz, zstandard, zip).
    """

    kind: Literal["file"]
    path: Name = key("The file, as seen from the scenario's folder.", example="ties.csv")
    both_ways: bool = key("Whether every tie leads back as well.", False)

    def problems(self, n: int, folder: Path) -> Iterator[Problem]:
        here, path = ("path",), Path(self.path)
        if path.is_absolute() or ".." in path.parts:
            yield here, f"must lie in the scenario's folder, is '{self.path}'"
        elif not (folder / path).is_file():
            near = sorted(p.name for p in folder.glob("*") if p.is_file() and p.suffix != ".toml")
            yield here, f"no file '{self.path}' beside the scenario{did_you_mean(self.path, near)}"


Network = Annotated[
    NoNetwork
    | Complete
    | Star
    | Chain
    | ErdosRenyi
    | BarabasiAlbert
    | WattsStrogatz
    | Configuration
    | StochasticBlock
    | NetworkFile,
    Field(discriminator="kind"),
]
