"""The rules of the model, each written once: scalar functions of numbers, called by every engine.

Time runs in steps 1, 2, 3, ... and every decision of a step reads the state at the end of the step before.
A rate is what happens to one person per step on average while the chance lasts: a rate r comes true within
a step with probability 1 - exp(-r), and a rate of inf comes true at once.
"""

from __future__ import annotations

import math

from sim.model.randomness import exp, log

NEVER = 2**62
MIXTURE = 2**31  # a source from here on is a mixture of holdings, a smaller one is the event of a holding


def discovery_rate(rate: float, creativity: float) -> float:
    """Return the rate at which a person with all prerequisites has the idea: its rate times creativity in [0, 1]."""
    return rate * creativity if creativity > 0.0 else 0.0


def audience(reach: float, world_size: float) -> float:
    """Return the number of people a teller expects to address in a step; `reach` is a fraction of the world."""
    return reach * world_size


def within_ties(audience: float, degree: int, ties_only: bool) -> float:
    """Return the audience: with `ties_only`, all ties of a teller with any audience; else `audience` unchanged."""
    return degree if ties_only and audience > 0.0 else audience


def chance_to_tell(audience: float, degree: int, weight: float) -> float:
    """Return the chance that a teller with `degree` ties addresses the other end of a tie of this weight in (0, 1]."""
    return weight if audience >= degree else audience / degree * weight


def chance_to_tell_stranger(audience: float, degree: int, world_size: float) -> float:
    """Return the chance that a teller addresses a given person without a tie: all strangers share what ties leave."""
    strangers = world_size - 1.0 - degree
    if audience <= degree or strangers <= 0.0:
        return 0.0
    return min(1.0, (audience - degree) / strangers)


def part_of_meeting(chance: float, back: float) -> float:
    """Return the part of a teller's chance in (0, 1] to address another that counts as meeting; `back` is the other's.

    Stale news stifles both tellers, whoever addresses whom: if each side counted in full, two would meet twice as often
    as a teller meets one who no longer tells. So the rate of each side, -log(1 - chance), is weighted by its share of
    both chances. Two tellers with the same chance meet with just this chance (Daley and Kendall), two with different
    chances with one in between; one whose address cannot be returned meets with the chance to address.
    """
    if back <= 0.0 or chance >= 1.0:
        return 1.0
    return probability(-log_of_one_minus(chance) * (chance / (chance + back))) / chance


def chance_to_understand(idea_clarity: float, teller_clarity: float, understanding: float) -> float:
    """Return the chance that someone addressed understands: clarity of idea and teller, understanding of the hearer."""
    return idea_clarity * teller_clarity * understanding


def chance_of_both(chance: float, other: float) -> float:
    """Return the chance that two independent things come true, such as being addressed and understanding."""
    return chance * other


def chance_in_crowd(chance: float, idea_clarity: float, teller_clarity: float, understanding: float) -> float:
    """Return the chance that a member of the crowd is addressed, with this chance, and understands."""
    return chance * chance_to_understand(1.0, idea_clarity * teller_clarity, understanding)


def comes_true(uniform: float, chance: float) -> bool:
    """Return whether a chance comes true, by a uniform number in [0, 1)."""
    return uniform < chance


def claim(rank: int, source: int) -> int:
    """Return a teller's claim to the credit, by rank, then by the event held; the least claim wins.

    A source of MIXTURE or more stands for several holdings, and at equal rank claims after every single holding.
    """
    return (rank << 32) | source


def reaches_threshold(holding: float, total: float, threshold: float) -> bool:
    """Return whether a person's ties to holders of an idea have at least the part `threshold` of the weight of all."""
    return holding > 0.0 and holding / total >= threshold  # divided, so that 7 of 25 are 0.28 to the last bit


def implementation_rate(rate: float, skill: float, difficulty: float) -> float:
    """Return the rate at which a holder makes an idea work: skill in [0, 1] over difficulty; 0: at once, inf: never."""
    if rate <= 0.0 or skill <= 0.0 or difficulty == math.inf:
        return 0.0
    return rate * skill / difficulty if difficulty > 0.0 else math.inf


def abandonment_rate(works: bool, rate: float, rate_working: float, age: int) -> float:
    """Return the rate at which a holder of `age` steps gives an idea up; it depends on whether it works, not on age."""
    return rate_working if works else rate


def is_open(alive: bool, held: bool, given_up: bool, holds_rival: bool) -> bool:
    """Return whether a person could adopt an idea: alive, neither it nor a rival held, and not given up for good."""
    return alive and not held and not given_up and not holds_rival


def is_settled(since: int, now: int) -> bool:
    """Return whether a holding begun in step `since` counts in step `now`, whose decisions read the step before."""
    return since < now


def hesitates(hesitation: float, uniform: float) -> bool:
    """Return whether someone who understood puts off adopting, by a uniform number in [0, 1)."""
    return hesitation > 0.0 and uniform < hesitation


def tells_until(now: int, period: float) -> float:
    """Return the last step in which an idea adopted in step `now` is told."""
    return now + period


def tells_again_until(now: int, since: int, period: float) -> float:
    """Return the last step in which an idea rewritten or unlocked before the tellings of step `now` is told."""
    return max(now - 1, since) + period


def works_from(now: int, delay: int) -> int:
    """Return the first step in which an idea works through an implementation of step `now`."""
    return now + 1 + delay


def part_of(amount: float, whole: float) -> float:
    """Return the weight of an influence by its share: of all who were heard, of a crowd's cohorts, of tellers."""
    return amount / whole


def equal_part(parts: int) -> float:
    """Return the weight of each of several influences that count alike, as the prerequisites of a discovery do."""
    return part_of(1.0, parts)


def can_be_made_to_work(held: bool, implemented: bool) -> bool:
    """Return whether a person can implement an idea: the person holds it and has not implemented it yet."""
    return held and not implemented


def can_be_found(open_to_it: bool, written: bool) -> bool:
    """Return whether somebody can adopt an idea from a notebook: it is written there, and the finder is open to it."""
    return open_to_it and written


def by_any(so_far: float, chance: float) -> float:
    """Return the chance to understand at least one teller, with one more added; exact for chances such as 1e-15."""
    return so_far + chance * (1.0 - so_far)


def added(so_far: float, part: float) -> float:
    """Return the sum of two amounts, such as the weights of several ties."""
    return so_far + part


def crowd_open(size: int, held: int, given_up: int, rivals: int) -> int:
    """Return how many of a crowd could adopt an idea; holders of a rival cannot, and gave it up as often as others."""
    others = size - held
    left = others - given_up
    return left - math.floor(rivals / others * left) if rivals > 0 and others > 0 else left


def count_leaving(count: int, rate: float, uniform: float) -> int:
    """Return how many of a cohort of the crowd abandon an idea in a step."""
    return draw_count(count, probability(rate), uniform)


def wait(uniform: float, rate: float) -> int:
    """Return the steps until a chance of constant rate comes true, from a uniform number in [0, 1): 1, 2, ... or NEVER.

    The wait is longer than s with probability exp(-rate * s), exactly as if a coin were thrown in every step,
    so one draw replaces them all. The coin has no memory: when the rate changes, a new wait is drawn.
    """
    if rate <= 0.0:
        return NEVER
    steps = -log(1.0 - uniform) / rate
    return max(1, math.ceil(steps)) if steps < NEVER else NEVER


def skip(uniform: float, chance: float) -> int:
    """Return how many persons with the same `chance` come before the next for whom it comes true: 0, 1, 2, ...

    One draw for each success replaces a coin for each person.
    """
    if chance >= 1.0:
        return 0
    return math.floor(min(log(1.0 - uniform) / log_of_one_minus(chance), NEVER))


def probability(rate: float) -> float:
    """Return the probability 1 - exp(-rate) that a rate comes true within one step."""
    if rate > 1e-4:
        return 1.0 - exp(-rate)
    return rate * (1.0 - rate * (0.5 - rate * (1.0 / 6.0 - rate / 24.0)))  # the series, where 1 - exp would round


def draw_count(trials: int, chance: float, uniform: float) -> int:
    """Return how many of `trials` independent chances come true: a binomial draw if few are expected, else the mean.

    If 256 or more are expected to come true, and as many not to, the relative noise of the count is below 1 in 16 and
    the rounded mean is taken, so that a world of ten billion costs nothing extra.
    """
    if trials <= 0 or chance <= 0.0:
        return 0
    if chance >= 1.0:
        return trials
    fewer = chance if chance <= 0.5 else 1.0 - chance  # the rarer of coming true and not
    if trials * fewer >= 256.0:
        count = math.floor(trials * fewer + 0.5)
    else:
        mass = exp(trials * log_of_one_minus(fewer))
        odds = fewer / (1.0 - fewer)
        count, total = 0, mass
        while uniform >= total and count < trials:
            mass *= odds * (trials - count) / (count + 1)
            count += 1
            if mass == 0.0:
                break
            total += mass
    return count if chance <= 0.5 else trials - count


def log_of_one_minus(x: float) -> float:
    """Return log(1 - x) for x in [0, 1), exact for small x: by the series where 1 - x would round."""
    if x > 1e-4:
        return log(1.0 - x)
    return -x * (1.0 + x * (0.5 + x * (1.0 / 3.0 + x * 0.25)))
