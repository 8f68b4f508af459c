"""The rules against their laws: each draw is a quantile function, so its law is where it steps, without luck."""

import ast
import math
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from sim.machine.loops import compiled
from sim.model import rules
from sim.model.rules import NEVER

exponents = st.floats(1e-6, 13.8)  # beyond, less than a millionth of all luck is left
chances = st.floats(0.0, 1.0)
luck = st.floats(0.0, 1.0, exclude_max=True)
fractions = st.fractions(0, 1, max_denominator=200)


@given(exponents, st.integers(1, 30))
def test_a_wait_is_longer_than_s_with_probability_exp_minus_rate_s(exponent, s):
    rate = exponent / s
    edge = -math.expm1(-rate * s)  # the wait is at most s for this part of all luck
    assert rules.wait(edge * (1 - 1e-6), rate) <= s
    assert rules.wait(edge + (1.0 - edge) * 1e-6, rate) > s


@given(luck, st.floats(0.0, math.inf), st.floats(0.0, 1.0, exclude_min=True))
def test_waits_and_skips_are_whole_numbers_from_one_and_from_none_on(u, rate, chance):
    wait, skip = rules.wait(u, rate), rules.skip(u, chance)
    assert isinstance(wait, int)
    assert isinstance(skip, int)
    assert 1 <= wait <= NEVER
    assert 0 <= skip <= NEVER
    assert (rules.wait(u, math.inf), rules.wait(u, 0.0), rules.skip(u, 1.0)) == (1, NEVER, 0)


@given(exponents, st.integers(1, 30))
def test_a_skip_is_k_or_more_with_probability_one_minus_chance_to_the_k(exponent, k):
    chance = -math.expm1(-exponent / k)
    edge = -math.expm1(k * math.log1p(-chance))  # fewer than k are skipped for this part of all luck
    assert rules.skip(edge * (1 - 1e-6), chance) < k
    assert rules.skip(edge + (1.0 - edge) * 1e-6, chance) >= k


@pytest.mark.parametrize(("rule", "exact", "x"), [
    *((rules.log_of_one_minus, lambda x: math.log1p(-x), x) for x in (1e-300, 1e-12, 9.9e-5, 1.1e-4, 0.3)),
    *((rules.probability, lambda x: -math.expm1(-x), x)
      for x in (0.0, 1e-300, 1e-15, 9.9e-5, 1.1e-4, 0.1, 3.0, 1000.0, math.inf)),
])  # fmt: skip
def test_small_numbers_have_no_cancellation(rule, exact, x):
    assert rule(x) == pytest.approx(exact(x), rel=1e-12 if x > 1e-4 else 4e-16, abs=0)


def clear_of_steps(trials: int, chance: float, u: float) -> bool:
    """Whether the quantile is not so close to a step that the last bits decide."""
    k = stats.binom.ppf(u, trials, chance)
    return all(abs(stats.binom.cdf(k + d, trials, chance) - u) > 1e-10 for d in (-1, 0, 1))


@given(st.integers(1, 300), st.floats(1e-9, 0.5), st.floats(0.0, 0.999999))
def test_few_are_a_quantile_of_the_binomial(trials, chance, u):
    assume(trials * chance < 256.0)
    assume(clear_of_steps(trials, chance, u))
    assert rules.draw_count(trials, chance, u) == stats.binom.ppf(u, trials, chance) + (u == 0.0)


@given(st.integers(1, 300), st.floats(0.501, 0.999999), st.floats(0.0, 0.999999))
def test_few_spared_are_a_quantile_of_the_binomial(trials, chance, u):
    assume(clear_of_steps(trials, 1.0 - chance, u))
    assert trials - rules.draw_count(trials, chance, u) == stats.binom.ppf(u, trials, 1.0 - chance) + (u == 0.0)


@pytest.mark.parametrize(("trials", "chance"), [
    (10**10, 1e-10), (10**15, 2e-13), (10**10, 1.0 - 1e-9), (600, 0.4), (511, 0.5),
])  # fmt: skip
def test_few_of_very_many_have_the_mean_and_spread_of_the_binomial(trials, chance):
    counts = [rules.draw_count(trials, chance, (m + 0.5) / 4000) for m in range(4000)]
    law = stats.binom(trials, chance if chance <= 0.5 else round(1 - chance, 12))
    counts = counts if chance <= 0.5 else [trials - c for c in counts]
    mean = sum(counts) / 4000
    assert mean == pytest.approx(law.mean(), abs=0.01 * law.std() + 1e-3)
    assert sum((c - mean) ** 2 for c in counts) / 4000 == pytest.approx(law.var(), rel=0.02)


@pytest.mark.parametrize(("trials", "chance", "mean"), [
    (512, 0.5, 256), (10**10, 0.3, 3 * 10**9), (1025, 0.25, 256), (10**15, 1.0 / 3, 333333333333333), (1024, 0.7, 717),
])  # fmt: skip
def test_many_are_the_mean_whatever_the_luck(trials, chance, mean):
    assert {rules.draw_count(trials, chance, u) for u in (0.0, 0.3, 0.99, 1 - 2**-53)} == {mean}


def test_below_256_expected_or_spared_luck_decides():
    for trials, chance in ((511, 0.5), (10**6, 2.5e-4), (10**6, 1 - 2.5e-4)):
        assert len({rules.draw_count(trials, chance, u) for u in (0.01, 0.5, 0.99)}) == 3


@given(st.integers(0, 10**15), chances, luck)
def test_a_count_is_between_none_and_all(trials, chance, u):
    assert 0 <= rules.draw_count(trials, chance, u) <= trials
    assert [rules.draw_count(*given, u) for given in ((trials, 0.0), (trials, 1.0), (-3, 0.5))] == [0, trials, 0]


@given(st.floats(0.0, 3000.0), st.integers(0, 1000), st.integers(1, 2000))
def test_the_expected_audience_is_reached_ties_first_and_then_strangers(audience, degree, size):
    assume(degree <= size - 1)
    ties = degree * rules.chance_to_tell(audience, degree, 1.0) if degree else 0.0
    strangers = (size - 1 - degree) * rules.chance_to_tell_stranger(audience, degree, size)
    assert ties == pytest.approx(min(audience, degree))
    assert ties + strangers == pytest.approx(min(audience, size - 1))


@given(st.floats(0.0, 3000.0), st.integers(1, 1000), st.floats(0.001, 1.0))
def test_the_weight_of_a_tie_scales_the_chance(audience, degree, weight):
    assert rules.chance_to_tell(audience, degree, weight) == pytest.approx(min(1.0, audience / degree) * weight)


@given(st.floats(1e-9, 1.0), chances)
def test_two_tellers_meet_as_often_as_one_of_them_meets_anybody(chance, back):
    alike = chance * rules.part_of_meeting(chance, chance)
    assert 1.0 - (1.0 - alike) ** 2 == pytest.approx(chance, rel=1e-6)
    here = chance * rules.part_of_meeting(chance, back)
    there = back * rules.part_of_meeting(back, chance) if back > 0.0 else 0.0
    together = here + there - here * there
    assert min(chance, back or chance) * (1 - 1e-9) <= together <= max(chance, back) * (1 + 1e-9)
    assert here <= chance * (1 + 1e-9)
    assert there <= back * (1 + 1e-9)


def test_the_part_of_a_meeting_that_counts():
    assert rules.part_of_meeting(0.3, 0.0) == 1.0  # who does not tell meets nobody
    assert rules.part_of_meeting(1.0, 1.0) == rules.part_of_meeting(1.0, 0.2) == 1.0  # certainty stays
    assert rules.part_of_meeting(1e-12, 1e-12) == pytest.approx(0.5)
    assert rules.part_of_meeting(0.75, 0.25) == pytest.approx((1.0 - 0.25**0.75) / 0.75)


@given(chances, chances, chances)
def test_understanding_needs_all_three(idea, teller, hearer):
    assert rules.chance_to_understand(idea, teller, hearer) == pytest.approx(idea * teller * hearer, abs=1e-300)


@given(st.integers(1, 300), st.integers(0, 300))
def test_a_threshold_that_is_met_exactly_is_reached(ties, holding):
    assume(holding <= ties)
    assert rules.reaches_threshold(holding, ties, holding / ties) == (holding > 0)
    assert not rules.reaches_threshold(holding, ties, math.nextafter(holding / ties, 2.0))


@given(fractions, fractions)
def test_a_threshold_compares_the_fraction(part, threshold):
    assume(abs(part - threshold) > 1e-9)
    assert rules.reaches_threshold(float(part) * 7, 7.0, float(threshold)) == (part > threshold and part > 0)


@pytest.mark.parametrize(("rule", "arguments", "expected"), [
    (rules.is_open, (True, False, False, False), True),
    *[(rules.is_open, (alive, held, gone, rival), False) for alive, held, gone, rival in (
        (False, False, False, False), (True, True, False, False), (True, False, True, False),
        (True, False, False, True))],
    (rules.discovery_rate, (0.2, 0.5), 0.1), (rules.discovery_rate, (math.inf, 0.5), math.inf),
    (rules.discovery_rate, (math.inf, 0.0), 0.0), (rules.implementation_rate, (0.2, 0.5, 4.0), 0.025),
    (rules.implementation_rate, (math.inf, 0.5, 4.0), math.inf), (rules.implementation_rate, (math.inf, 0.0, 4.0), 0.0),
    (rules.implementation_rate, (0.0, 0.5, 0.0), 0.0), (rules.implementation_rate, (0.2, 0.5, 0.0), math.inf),
    (rules.implementation_rate, (0.2, 0.5, math.inf), 0.0),
    (rules.abandonment_rate, (False, 0.1, 0.01, 7), 0.1), (rules.abandonment_rate, (True, 0.1, 0.01, 7), 0.01),
    (rules.wait, (0.5, 5e-324), NEVER), (rules.wait, (0.0, 1e-300), 1),
    (rules.reaches_threshold, (0.0, 0.0, 0.0), False), (rules.reaches_threshold, (1e-9, 3.0, 0.0), True),
    (rules.is_settled, (3, 4), True), (rules.is_settled, (4, 4), False),
    (rules.hesitates, (0.3, 0.29), True), (rules.hesitates, (0.3, 0.3), False), (rules.hesitates, (0.0, 0.0), False),
    (rules.tells_until, (4, 2.5), 6.5), (rules.tells_until, (4, math.inf), math.inf),
    (rules.tells_again_until, (9, 4, 2.0), 10.0), (rules.tells_again_until, (9, 9, 2.0), 11.0),
    (rules.works_from, (4, 0), 5), (rules.works_from, (4, 3), 8),
    (rules.equal_part, (4,), 0.25), (rules.part_of, (3.0, 4.0), 0.75),
    (rules.comes_true, (0.2, 0.3), True), (rules.comes_true, (0.3, 0.3), False),
    (rules.chance_of_both, (0.5, 0.5), 0.25), (rules.chance_in_crowd, (0.5, 0.5, 0.5, 0.5), 0.0625),
    (rules.claim, (2, 5), 2 * 2**32 + 5), (rules.can_be_found, (True, False), False),
    (rules.can_be_made_to_work, (True, False), True), (rules.can_be_made_to_work, (True, True), False),
    (rules.count_leaving, (4, math.inf, 0.5), 4), (rules.by_any, (0.5, 0.5), 0.75), (rules.by_any, (0.0, 1e-15), 1e-15),
    (rules.crowd_open, (100, 20, 10, 0), 70), (rules.crowd_open, (100, 20, 10, 40), 35),
    (rules.crowd_open, (100, 100, 0, 7), 0), (rules.crowd_open, (10, 2, 0, 1), 7), (rules.crowd_open, (3, 2, 0, 1), 0),
])  # fmt: skip
def test_small_rules_by_hand(rule, arguments, expected):
    assert rule(*arguments) == expected
    assert compiled(rule)(*arguments) == expected


ARITHMETIC = (ast.Mult, ast.Div, ast.Sub, ast.Pow)
CHANCES = {
    "chance", "rate", "luck", "clarity", "understood", "understanding", "weight", "reach", "said", "addressed",
    "hesitation", "skill", "creativity", "difficulty", "threshold",
}  # fmt: skip


def speaks_of_chances(node: ast.AST) -> bool:
    """Whether an expression, and not what a rule makes of it, is named after a chance."""
    if isinstance(node, ast.Call):
        return False
    found = [getattr(part, "id", getattr(part, "attr", "")) for part in ast.walk(node)]
    return any(CHANCES & {*name.split("_"), name.removesuffix("s")} for name in found)


def arithmetic_on_chances(code: str) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(code)):
        match node:
            case ast.BinOp(a, op, b) | ast.AugAssign(a, op, b) if isinstance(op, ARITHMETIC):
                found += [ast.unparse(node)] * any(map(speaks_of_chances, (a, b)))
            case ast.Compare(a, [ast.Lt() | ast.Gt() | ast.LtE() | ast.GtE(), *_], others):
                found += [ast.unparse(node)] * ("luck" in map(ast.unparse, (a, *others)))
    return found


def test_neither_engine_does_arithmetic_on_chances():
    for code in ("x = chance * n", "y = 1.0 - a.rate", "weights[k] / total", "if luck < said: pass"):
        assert arithmetic_on_chances(code), "it is seen"
    for engine in ("agents", "kernels"):
        files = sorted((Path(rules.__file__).parent / engine).glob("*.py"))
        assert len(files) > 4
        assert {file.name: found for file in files if (found := arithmetic_on_chances(file.read_text("utf-8")))} == {}
