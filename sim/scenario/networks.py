"""[world.network]: the kinds of networks, what each may be given, and what of it must fit the number of persons."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from sim.errors import did_you_mean
from sim.scenario.values import Fraction, Name, Positive, Section, Whole

FILES = (".csv", ".parquet", ".graphml", ".gexf")


class _Ties(Section):
    weight: Positive = 1.0
    both_ways: bool = True


class NoNetwork(Section):
    """Only the ties that are named under [[ties]]."""

    kind: Literal["none"] = "none"


class Complete(_Ties):
    """Everybody is tied to everybody."""

    kind: Literal["complete"]


class Star(_Ties):
    """The first person is tied to all others."""

    kind: Literal["star"]


class Chain(_Ties):
    """Each person is tied to the next."""

    kind: Literal["chain"]


class ErdosRenyi(_Ties):
    """Every pair is tied with the same chance, `degree` ties a person on average."""

    kind: Literal["erdos-renyi"]
    degree: Annotated[float, Field(ge=0.0, allow_inf_nan=False)]


class BarabasiAlbert(_Ties):
    """Persons come one by one, each with `links` ties to those before it, in proportion to the ties these have."""

    kind: Literal["barabasi-albert"]
    links: Annotated[Whole, Field(ge=1)]


class WattsStrogatz(_Ties):
    """A ring where each is tied to the `neighbours` nearest, each tie rewired with probability `rewire`."""

    kind: Literal["watts-strogatz"]
    neighbours: Annotated[Whole, Field(ge=2, multiple_of=2)]
    rewire: Fraction = 0.1


class Poisson(Section):
    """Degrees that are Poisson numbers."""

    kind: Literal["poisson"]
    mean: Annotated[float, Field(ge=0.0, allow_inf_nan=False)]


class PowerDegrees(Section):
    """Degrees from `low` to `high` (default: all others); k or more with a chance as k to the power 1 - `exponent`."""

    kind: Literal["power"]
    exponent: Annotated[float, Field(gt=1.0, le=100.0)]
    low: Annotated[Whole, Field(ge=1)] = 1
    high: Annotated[Whole, Field(ge=1)] | None = None

    def bounds(self, persons: int) -> tuple[int, int]:
        """Return the least and the greatest degree among so many persons."""
        return self.low, self.high or persons - 1


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
    """Persons with given `degrees`, paired at random: one for all, a list with one for each, or a distribution.

    A person paired with themselves and a pair that is drawn again are dropped, few of many.
    """

    kind: Literal["configuration"]
    degrees: Degrees


class StochasticBlock(_Ties):
    """Groups with ties at random within and between them.

    `sizes` are numbers of persons, or fractions of all that sum to 1; the groups are made of the persons in their
    order. Either `degrees[g][h]`, the mean number of ties of a person in group g to group h, or `chances[g][h]`.
    """

    kind: Literal["stochastic-block"]
    sizes: Annotated[list[Annotated[float, Field(gt=0.0, le=1e9)]], Field(min_length=1, max_length=1000)]
    degrees: list[list[Annotated[float, Field(ge=0.0, allow_inf_nan=False)]]] | None = None
    chances: list[list[Fraction]] | None = None


class NetworkFile(_Ties):
    """Ties from a file beside the scenario.

    It is .csv or .parquet with the columns source and target, and weight, start and end if need be, .graphml or .gexf.
    """

    kind: Literal["file"]
    path: Name
    both_ways: bool = False


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


Problem = tuple[tuple[str | int, ...], str]
HERE = ("world", "network")


def network_problems(network: Any, persons: int, folder: Path) -> Iterator[Problem]:
    """What is wrong with a network for this number of persons, and where in the scenario it stands."""
    match network.kind:
        case "barabasi-albert":
            if network.links >= persons:
                yield (*HERE, "links"), f"must be below the number of persons {persons}, is {network.links}"
        case "watts-strogatz":
            if network.neighbours >= persons:
                yield (*HERE, "neighbours"), f"must be below the number of persons {persons}, is {network.neighbours}"
        case "erdos-renyi":
            if network.degree > persons - 1:
                yield (*HERE, "degree"), f"must be at most {persons - 1}, the number of others, is {network.degree:g}"
        case "configuration":
            yield from _degree_problems(network.degrees, persons)
        case "stochastic-block":
            yield from _block_problems(network, persons)
        case "file":
            yield from _file_problems(folder, network.path)


def _degree_problems(degrees: Any, persons: int) -> Iterator[Problem]:
    here = (*HERE, "degrees")
    most = f"must be at most {max(persons - 1, 0)}, the number of others, is "
    if isinstance(degrees, list):
        if len(degrees) != persons:
            yield here, f"must be {persons}, one for each person, are {len(degrees)}"
        for at, degree in enumerate(degrees):
            if degree >= persons:
                yield (*here, at), most + f"{degree}"
    elif isinstance(degrees, int):
        if degrees >= persons:
            yield here, most + f"{degrees}"
    elif degrees.kind == "poisson":
        if degrees.mean > persons - 1:
            yield (*here, "mean"), most + f"{degrees.mean:g}"
    else:
        high = degrees.low if degrees.high is None else degrees.high
        if high < degrees.low:
            yield (*here, "high"), f"must be at least low {degrees.low}, is {high}"
        if high >= persons:
            yield (*here, "low" if degrees.high is None else "high"), most + f"{high}"


def group_sizes(sizes: list[float], persons: int) -> list[int]:
    """The groups' numbers of persons; of fractions, so that each group ends where its fraction of all does, rounded."""
    if abs(sum(sizes) - 1.0) > 1e-9 or (sizes == [1.0] and persons == 1):
        return [int(size) for size in sizes]
    ends = [0, *(int(sum(sizes[:g]) * persons + 0.5) for g in range(1, len(sizes))), persons]
    return [high - low for low, high in pairwise(ends)]


def block_chances(network: Any, persons: int) -> list[list[float]]:
    """The chance of a tie for each pair of groups; where ties lead both ways, the mean of what both groups say."""
    if network.chances is not None:
        return [list(row) for row in network.chances]
    sizes = group_sizes(network.sizes, persons)
    ties = [[degree * size for degree in row] for row, size in zip(network.degrees, sizes, strict=True)]
    chances = []
    for g, row in enumerate(ties):
        pairs = [max(sizes[g] * (size - (g == h)), 1) for h, size in enumerate(sizes)]
        if network.both_ways:
            row = [(ties[g][h] + ties[h][g]) / 2.0 for h in range(len(sizes))]  # noqa: PLW2901
        chances.append([count / most for count, most in zip(row, pairs, strict=True)])
    return chances


def _block_problems(network: Any, persons: int) -> Iterator[Problem]:
    if abs(sum(network.sizes) - 1.0) > 1e-9:
        if any(size != int(size) for size in network.sizes):
            total = sum(network.sizes)
            yield (*HERE, "sizes"), f"must be whole numbers, or fractions that sum to 1, not to {total:.10g}"
            return
        if sum(network.sizes) != persons:
            yield (*HERE, "sizes"), f"must sum to the number of persons {persons}, sum to {sum(network.sizes):g}"
            return
    if (network.degrees is None) == (network.chances is None):
        both = network.degrees is not None
        yield (*HERE, "chances") if both else HERE, "degrees and chances: give one of the two"
        return
    key = "chances" if network.degrees is None else "degrees"
    table = network.chances if network.degrees is None else network.degrees
    groups = len(network.sizes)
    if len(table) != groups or any(len(row) != groups for row in table):
        yield (*HERE, key), f"must be {groups} rows of {groups} numbers, as there are {groups} sizes"
        return
    yield from _table_problems(network, key, table, group_sizes(network.sizes, persons))


def _table_problems(network: Any, key: str, table: Any, sizes: list[int]) -> Iterator[Problem]:
    """Degrees that are more than the others there are, and ties that lead both ways but not as often."""
    for g, row in enumerate(table):
        for h, value in enumerate(row):
            here = (*HERE, key, g, h)
            if key == "degrees" and value > sizes[h] - (g == h):
                others = max(sizes[h] - (g == h), 0)
                yield here, f"must be at most {others}, the number of others, is {value:g}"
            back = table[h][g]
            if network.both_ways and key == "chances" and value != back:
                yield here, f"must be {back:g} as the other way round, since ties lead both ways, is {value:g}"
            ties, others = value * sizes[g], back * sizes[h]
            if network.both_ways and key == "degrees" and abs(ties - others) > 0.01 * max(ties, others):
                fits = others / max(sizes[g], 1)
                yield here, f"must be {fits:.4g} to fit the other way round, since ties lead both ways, is {value:g}"


def _file_problems(folder: Path, name: str) -> Iterator[Problem]:
    here = (*HERE, "path")
    if Path(name).is_absolute() or ".." in Path(name).parts:
        yield here, f"must lie in the scenario's folder, is '{name}'"
    elif Path(name).suffix not in FILES:
        yield here, f"'{name}' is of no known kind{did_you_mean(Path(name).suffix, FILES)}"
    elif not (folder / name).is_file():
        near = sorted(p.name for p in folder.glob("*") if p.suffix in FILES)
        yield here, f"no file '{name}' beside the scenario{did_you_mean(name, near)}"
