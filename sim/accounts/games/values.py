"""Game values: divisions of what only some players together can achieve.

A game gives the payoff of every coalition of its players. Its values divide the payoff of all players together:

shapley   by what each adds on average, over all orders in which the players may come (Shapley 1953)
owen      the same, over the orders in which no union is interrupted: first among unions, then inside (Owen 1977)
myerson   the same, where only players who are linked through each other can act together (Myerson 1977)
position  links are the players; what each adds is halved between its two ends (Borm, Owen and Tijs 1992)

All are exact, by enumeration of the coalitions. Groups of identical players need no enumeration: see
`shapley_of_groups`. For more players, sampled.py draws orders; for realised lineages, realised.py takes a few sweeps.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln

from sim.tape.tables import Floats, Ints

MAX_PLAYERS = 20  # players (or links) whose coalitions are enumerated

Value: TypeAlias = Callable[[frozenset[Any]], float] | ArrayLike
Players: TypeAlias = int | Sequence[Hashable]
Links: TypeAlias = Sequence[tuple[Hashable, Hashable]]


def shapley(value: Value, players: Players) -> Floats:
    """Return the Shapley value: what each player adds on average, over all orders in which they may come.

    Args:
        value: the payoff of a coalition: a function of the frozenset of its players, or 2**n numbers, where number b
            belongs to the players whose bit is set in b (bit 0 is the first player).
        players: their names, or how many there are, who are then called 0, 1, 2, ...; at most 20.

    Returns:
        The value of each player, in their order; the sum is the payoff of all players less that of none.

    Raises:
        ValueError: if there are more than 20 players, a name occurs twice, or a payoff is missing or not finite.

        A game that needs all three players, and one in which either of two is enough:

    >>> shapley(lambda those: len(those) == 3, 3).round(6).tolist()
    [0.333333, 0.333333, 0.333333]
    >>> shapley([0, 1, 1, 1], ["P1", "P2"]).tolist()
    [0.5, 0.5]
    """
    return _shapley(table_of(value, names_of(players)))


def owen(value: Value, players: Players, unions: Sequence[Sequence[Hashable]]) -> Floats:
    """Return the Owen value: the Shapley value over only those orders in which the members of a union come together.

    Unions share first, as if each were one player, and then each among its members.

    Args:
        value, players: as in `shapley`.
        unions: lists of players; each player is in exactly one.

    Raises:
        ValueError: as in `shapley`, or if a player is in no union or in several.

    A majority of three in which the first two act as one leaves nothing to the third:

    >>> owen(lambda those: len(those) >= 2, 3, [[0, 1], [2]]).tolist()
    [0.5, 0.5, 0.0]
    """
    names = names_of(players)
    members = [[_place(names, player, "unions") for player in union] for union in unions if union]
    if sorted(place for union in members for place in union) != list(range(len(names))):
        raise ValueError("unions: each player must be in exactly one of them")
    table = table_of(value, names)
    masks = [sum(1 << place for place in union) for union in members]
    credit = np.zeros(len(names))
    for number, union in enumerate(members):
        others = _sums([mask for k, mask in enumerate(masks) if k != number])
        inside = _sums([1 << place for place in union])
        weight = _order_weights(len(masks))[_sizes(len(masks) - 1)]
        # The average payoff of the union's coalitions, over those of the others who may have come before.
        credit[union] = _shapley(weight @ table[others[:, None] | inside])
    return credit


def myerson(value: Value, players: Players, links: Links) -> Floats:
    """Return the Myerson value: the Shapley value where players act together only if linked, directly or indirectly.

    The payoff of a coalition is the sum of the payoffs of its connected parts.

    Args:
        value, players: as in `shapley`; the payoff of nobody is taken as 0.
        links: pairs of players.

    Raises:
        ValueError: as in `shapley`, or if a link has an unknown end or connects a player to itself.

    The two at the ends of a chain achieve something together, but need the bridge between them:

    >>> myerson(lambda those: {0, 2} <= those, 3, [(0, 1), (1, 2)]).round(6).tolist()
    [0.333333, 0.333333, 0.333333]
    """
    names = names_of(players)
    table = table_of(value, names)
    near = np.zeros(1, np.int64)  # for each coalition, who is linked to one of its members
    ends = _ends(names, links)
    for place in range(len(names)):
        mine = sum(1 << b for a, b in ends if a == place) | sum(1 << a for a, b in ends if b == place)
        near = np.concatenate([near, near | mine])
    everyone = np.arange(len(table))
    part = everyone & -everyone  # the connected part that holds the first member
    while (more := (part | near[part]) & everyone).tobytes() != part.tobytes():
        part = more
    size = _sizes(len(names))
    payoff = np.zeros(len(table))
    for count in range(1, len(names) + 1):
        those = np.flatnonzero(size == count)
        payoff[those] = table[part[those]] - table[0] + payoff[those ^ part[those]]
    return _shapley(payoff)


def position(value: Value, players: Players, links: Links) -> Floats:
    """Return the position value: what each link adds on average, half of it for each of its ends.

    Links come in any order, and the players that they join can act together. A player keeps the payoff of being alone.

    Args:
        value, players: as in `shapley`; there may be up to 62 players, if `value` is a function.
        links: pairs of players, at most 20.

    Returns:
        The value of each player, in their order; the sum is the payoff of the connected parts.

    Raises:
        ValueError: as in `myerson`, or if there are more than 20 links.

    The bridge comes first:

    >>> position(lambda those: len(those) == 3, 3, [(0, 1), (1, 2)]).tolist()
    [0.25, 0.5, 0.25]
    """
    names = names_of(players, 62)
    if len(links) > MAX_PLAYERS:
        raise ValueError(f"links: {len(links)}, at most {MAX_PLAYERS} are enumerated")
    n, payoff_of = len(names), lookup(value, names)
    bits = np.int64(1) << np.arange(n, dtype=np.int64)
    nothing, alone = float(payoff_of(np.zeros(1, np.int64))[0]), payoff_of(bits)
    part = bits[None, :]  # for each set of links, the connected part of each player
    payoff = np.array([float(np.sum(alone - nothing))])
    ends = _ends(names, links)
    for a, b in ends:
        one, other = part[:, a], part[:, b]
        both = one | other
        gain = payoff_of(both) - payoff_of(one) - payoff_of(other) + nothing
        payoff = np.concatenate([payoff, payoff + np.where(one == other, 0.0, gain)])
        part = np.concatenate([part, np.where(both[:, None] & bits != 0, both[:, None], part)])
    credit = alone - nothing
    for (a, b), part_of_link in zip(ends, _shapley(payoff).tolist(), strict=True):
        credit[a] += part_of_link / 2
        credit[b] += part_of_link / 2
    return credit


def shapley_of_groups(value: ArrayLike) -> Floats:
    """Return the Shapley value of one member of each group of identical players; exact.

    Args:
        value: the payoff by how many of each group take part, shape (members + 1 of the first group, ...): the entry
            [i, j, k] for i of the first group, j of the second and k of the third.

    Returns:
        The value of one member of each group, shape (groups,), to about 1e-11; 0 for an empty group.

    Raises:
        ValueError: if a payoff is not finite.

    One player has the idea, and it needs one of two tellers and one of two implementers:

    >>> there = [0, 1, 1]
    >>> [round(part, 6) for part in shapley_of_groups(np.einsum("i,j,k", [0, 1], there, there)).tolist()]
    [0.533333, 0.116667, 0.116667]
    """
    table = np.asarray(value, np.float64)
    check_finite(table)
    sizes = np.array(table.shape) - 1
    credit = np.zeros(table.ndim)
    for group in np.flatnonzero(sizes).tolist():
        others = sizes - (np.arange(table.ndim) == group)
        # The chance that this many of each group precede a member; each total number of predecessors is equally likely.
        chance, before = np.zeros(()), np.zeros((), np.int64)
        for size in others.tolist():
            count = np.arange(size + 1)
            chance = np.add.outer(chance, _log_choose(size, count))
            before = np.add.outer(before, count)
        chance = np.exp(chance - _log_choose(int(others.sum()), before)) / sizes.sum()
        credit[group] = float((chance * np.diff(table, axis=group)).sum())
    return credit


# The enumeration.


def names_of(players: Players, most: int | None = MAX_PLAYERS) -> list[Hashable]:
    """Return the players' names; raise a ValueError if a name occurs twice or there are more than `most`."""
    names: list[Hashable] = list(range(players)) if isinstance(players, int | np.integer) else list(players)
    if most is not None and len(names) > most:
        more = "draw orders with shapley_sampled, or count alike players with shapley_of_groups"
        raise ValueError(f"players: {len(names)}, at most {most} are enumerated; {more}")
    if len(dict.fromkeys(names)) < len(names):
        raise ValueError("players: a name is there twice")
    return names


def table_of(value: Value, names: Sequence[Hashable]) -> Floats:
    """Return the payoff of every coalition, indexed by its bits; shape (2**n,)."""
    return lookup(value, names)(np.arange(1 << len(names)))


def lookup(value: Value, names: Sequence[Hashable]) -> Callable[[Ints], Floats]:
    """Return a function from coalitions, given by their bits, to their payoffs."""
    if not callable(value):
        table = np.asarray(value, np.float64)
        if table.shape != (1 << min(len(names), 62),):  # no table can have more players
            raise ValueError(f"value: must be 2**{len(names)} numbers, one a coalition, has shape {table.shape}")
        check_finite(table)
        return lambda masks: table[masks]

    def ask(masks: Ints) -> Floats:
        each, place = np.unique(masks, return_inverse=True)
        those = (frozenset(name for k, name in enumerate(names) if mask >> k & 1) for mask in each.tolist())
        found = np.array([float(value(some)) for some in those])
        check_finite(found)
        return found[place.reshape(masks.shape)]

    return ask


def check_finite(payoff: Floats) -> None:
    """Raise a ValueError unless all payoffs are finite."""
    if not np.isfinite(payoff).all():
        raise ValueError("value: must be finite for every coalition")


def _place(names: Sequence[Hashable], player: Hashable, where: str) -> int:
    if player not in names:
        raise ValueError(f"{where}: no player {player!r}")
    return names.index(player)


def _ends(names: Sequence[Hashable], links: Links) -> list[tuple[int, int]]:
    ends = [(_place(names, a, "links"), _place(names, b, "links")) for a, b in links]
    for (a, b), link in zip(ends, links, strict=True):
        if a == b:
            raise ValueError(f"links: {link[0]!r} is linked to itself")
    return ends


def _shapley(table: Floats) -> Floats:
    """Return the Shapley value of 2**n payoffs."""
    n = len(table).bit_length() - 1
    weight = _order_weights(n)[np.minimum(_sizes(n), max(n - 1, 0))]
    credit = np.zeros(n)
    for place in range(n):
        without, joined = table.reshape(-1, 2, 1 << place)[:, 0], table.reshape(-1, 2, 1 << place)[:, 1]
        credit[place] = float((weight.reshape(-1, 2, 1 << place)[:, 0] * (joined - without)).sum())
    return credit


def _order_weights(n: int) -> Floats:
    """Return the chance that exactly s given ones of n players precede another given player, for s = 0 to n - 1."""
    weight = np.full(max(n, 1), 1.0 / max(n, 1))
    for before in range(1, n):
        weight[before] = weight[before - 1] * before / (n - before)
    return weight


def _sums(numbers: Sequence[int]) -> Ints:
    """Return the sum of every subset of the numbers (the union, for masks without a common bit); shape (2**n,)."""
    found = np.zeros(1, np.int64)
    for number in numbers:
        found = np.concatenate([found, found + number])
    return found


def _sizes(n: int) -> Ints:
    """Return the number of players in each coalition of n players; shape (2**n,)."""
    return _sums([1] * n)


def _log_choose(size: int, count: NDArray[np.integer[Any]]) -> Floats:
    return np.asarray(gammaln(size + 1.0) - gammaln(count + 1.0) - gammaln(size - count + 1.0))
