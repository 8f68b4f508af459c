"""Philox against its published vectors; log, exp and the quantile against high precision; luck against chi-square."""

import itertools
import math
import random
from collections.abc import Callable
from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from sim.model import randomness
from sim.model.randomness import exp, key_of, log, normal_quantile, philox4x32, rank_of, squares64, uniform, unit
from tests import cases

FULL = 0xFFFFFFFF
PI = (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344, 0xA4093822, 0x299F31D0)  # its digits
words = st.integers(0, FULL)


# Random123, tests/kat_vectors, the lines "philox4x32 10": counter and key, answer.
@pytest.mark.parametrize(("given", "answer"), [
    ((0,) * 6, (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((FULL,) * 6, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (PI, (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1)),
])  # fmt: skip
def test_philox_gives_the_published_words(given, answer):
    assert philox4x32(*given) == answer


@given(st.lists(st.tuples(*[words] * 6), min_size=1, max_size=20))
def test_arrays_of_int64_give_the_words_of_plain_integers(rows):
    columns = [np.array(column, np.int64) for column in zip(*rows, strict=True)]
    found = [column.tolist() for column in philox4x32(*columns)]
    assert [*zip(*found, strict=True)] == [philox4x32(*row) for row in rows]


# The key and the first three numbers in the documentation of the Rust crate squares; the C code of the paper agrees.
def test_squares_gives_the_published_numbers():
    found = tuple(squares64(counter, 0x548C9DECBCE65297) & (2**64 - 1) for counter in range(3))
    assert found == (0x36D88366CEE633A5, 0x944716E00E60DFAA, 0xC8A8F4E0678654BF)


@pytest.mark.filterwarnings("ignore:overflow")
@given(st.lists(st.tuples(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1)), min_size=1, max_size=20))
def test_squares_of_int64_are_those_of_plain_integers(rows):
    counter, key = (np.array(column, np.uint64).view(np.int64) for column in zip(*rows, strict=True))
    found = squares64(counter, key).view(np.uint64).tolist()
    assert found == [squares64(*row) & (2**64 - 1) for row in rows]


def test_what_a_draw_is_for_is_counter_and_key_of_philox_and_who_it_is_for_is_the_counter_of_squares():
    seed, purpose, step, person, idea, other = 0x299F31D0A4093822, 3, 5, 7, 11, 13
    a, b, _, _ = philox4x32(step, idea, purpose, 0, 0xA4093822, 0x299F31D0)
    key = (a * 2**32 + b) | 1
    number = squares64(person * 2**32 + other, key) % 2**64
    assert uniform(seed, purpose, step, person, idea, other) == (number >> 11) / 2**53
    assert key_of(seed, purpose, step, idea) == key
    assert rank_of(key, person, other) == number >> 33


def test_purposes_differ():
    constants = {name: value for name, value in vars(randomness).items() if name.isupper() and isinstance(value, int)}
    purposes = [value for name, value in constants.items() if name not in {"MASK", "ROUNDS"}]
    assert len(set(purposes)) == len(purposes) >= 12


def draw(*what_for: int) -> tuple[float, int]:
    """A uniform number and a rank, as a telling takes them."""
    seed, purpose, step, person, idea, other = what_for
    return uniform(*what_for), rank_of(key_of(seed, purpose, step, idea), person, other)


@given(st.tuples(words, words, st.integers(0, 2**28 - 1), words), st.integers(0, 2**64 - 1), st.integers(0, 15))
def test_every_argument_changes_the_luck(counter, seed, purpose):
    step, person, idea, other = counter
    plain = (seed, purpose, step, person, idea, other)
    changes = ((0, 1), (0, 2**63), (1, 1), (2, 1), (3, 2**31), (4, 2**27), (5, 2**31))
    changed = [(*plain[:at], plain[at] ^ bits, *plain[at + 1 :]) for at, bits in changes]
    drawn = [draw(*arguments) for arguments in [plain, *changed]]
    assert len({u for u, _ in drawn}) == len(drawn)  # by chance with 28 in 2**53
    assert all(0.0 <= u < 1.0 and 0 <= rank < 2**31 for u, rank in drawn)


ALONG: dict[str, Callable[[int], tuple[int, ...]]] = {
    "seeds": lambda k: (k, 3, 1, 1, 1, 1),
    "high seeds": lambda k: (k << 32, 3, 1, 1, 1, 1),
    "steps": lambda k: (11, 3, k, 1, 1, 1),
    "persons": lambda k: (11, 3, 1, k, 1, 1),
    "ideas": lambda k: (11, 3, 1, 1, k, 1),
    "others": lambda k: (11, 3, 1, 1, 1, k),
    "purposes, then steps": lambda k: (11, k % 16, k // 16, 1, 1, 1),
    "persons and others at once": lambda k: (11, 3, 1, k, 1, k),
    "person against other": lambda k: (11, 3, 1, k // 64, 1, k % 64),
}


@pytest.mark.parametrize("along", ALONG)
@pytest.mark.parametrize("which", [0, 1])
def test_neighbouring_draws_are_uniform_and_independent(along, which):
    drawn = [draw(*ALONG[along](k))[which] for k in range(6400)]
    u = np.array(drawn) / (1.0 if which == 0 else 2.0**31)
    bins = (u * 16).astype(int)
    few = (np.bincount(bins, minlength=16), *(pairs_of(bins, lag) for lag in (1, 2, 16, 64)))
    low_bits = np.array([int(x * 2**53) % 16 for x in u] if which == 0 else [x % 16 for x in drawn])
    for counts in (*few, np.bincount(low_bits, minlength=16), pairs_of(low_bits, 1)):
        assert 1e-5 < stats.chisquare(counts).pvalue < 1 - 1e-5


def pairs_of(bins: np.ndarray, lag: int) -> np.ndarray:
    """How often each pair of bins comes `lag` apart, of draws that no other pair shares."""
    first = np.arange(len(bins) - lag)
    first = first[first // lag % 2 == 0]
    return np.bincount(bins[first] * 16 + bins[first + lag], minlength=256)


def drawn(seed: int, count: int, *makers: Callable[[random.Random], float]) -> list[float]:
    luck = random.Random(seed)
    return [make(luck) for make, _ in itertools.product(makers, range(count))]


LOGS = drawn(
    1, 1200, random.Random.random, lambda luck: 1.0 - luck.random() * 2.0 ** -luck.randint(1, 52),
    lambda luck: 1.0 + luck.random() * 2.0 ** -luck.randint(1, 51), lambda luck: luck.uniform(0.5, 2.0),
    lambda luck: math.ldexp(luck.uniform(1.0, 2.0), luck.randint(-1070, 1022)),
)  # fmt: skip
LOGS += [5e-324, 2.0**-1022, 0.7071067811865475, 0.7071067811865476, 1 - 2**-53, 1 + 2**-52, 1.7e308]
EXPS = drawn(
    2, 1500, lambda luck: luck.uniform(-745.0, 709.0), lambda luck: luck.uniform(-40.0, 0.0),
    lambda luck: math.ldexp(luck.uniform(-1.0, 1.0), -luck.randint(0, 60)),
)  # fmt: skip
EXPS += [709.0, -745.0, -708.4, 0.34657359027997264]


@pytest.mark.parametrize(("ours", "exact", "tried", "ends"), [
    (log, Decimal.ln, LOGS, {1.0: 0.0, 0.0: -math.inf, math.inf: math.inf}),
    (exp, Decimal.exp, EXPS, {0.0: 1.0, -math.inf: 0.0, math.inf: math.inf}),
], ids=["log", "exp"])  # fmt: skip
def test_log_and_exp_are_within_two_units_of_the_last_place_and_exact_at_the_ends(ours, exact, tried, ends):
    assert {x: ours(x) for x in ends} == ends
    with localcontext() as context:
        context.prec = 45
        for x in filter(None, tried):
            value = exact(Decimal(x))
            assert abs(Decimal(ours(x)) - value) < 2 * Decimal(math.ulp(float(value))), x


def test_normal_quantile_agrees_with_scipy():
    luck = random.Random(3)
    tails = [luck.random() * 10.0 ** -luck.randint(0, 300) for _ in range(4000)]
    middle = [luck.random() for _ in range(4000)] + [0.075, 0.925, 0.5 + 2**-40, 1 - 2**-53, 2.0**-54]
    for u in tails + middle:
        assert normal_quantile(u) == pytest.approx(float(special.ndtri(u)), rel=4e-15)
    assert normal_quantile(0.5) == 0.0


@cases(500, st.floats(0.0, 1.0), st.integers(-(2**63), 2**63 - 1), st.integers(-2, 2))
def test_a_chance_comes_true_below_its_limit(chance, bits, step):
    limit, upper = randomness.limit_of(chance), randomness.UPPER
    near = min(max(limit + step, 0), upper) << 11  # where the two would differ, if anywhere
    for some in (bits, near):
        assert (((some >> 11) & upper) < limit) == (unit(some) < chance)
