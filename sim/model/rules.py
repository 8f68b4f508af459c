"""The rules of the model, each written once: scalar functions of numbers, called by every engine.

Time runs in steps 1, 2, 3, ... and every decision of a step reads the state at the end of the step before.
A rate is what happens to one person per step on average while the chance lasts: a rate r comes true within
a step with probability 1 - exp(-r), and a rate of inf comes true at once.
"""

from __future__ import annotations

import math

from sim.model.randomness import exp, log

NEVER = 2**62
MIXTURE = 2**31  # a source from here on is a mixture of holdings, one below is the event of a holding


def discovery_rate(rate: float, creativity: float) -> float:
    """Rate at which a person who holds the prerequisites has the idea: the idea's rate times creativity in [0, 1]."""
    return rate * creativity if creativity > 0.0 else 0.0


def audience(reach: float, world_size: float) -> float:
    """Return the number of people a teller expects to address in a step; `reach` is a fraction of the world."""
    return reach * world_size


def within_ties(audience: float, degree: int, ties_only: bool) -> float:
    """Return the audience: with `ties_only`, all ties of a teller with any audience; else `audience` unchanged."""
    return degree if ties_only and audience > 0.0 else audience


def chance_to_tell(audience: float, degree: int, weight: float) -> float:
    """Chance that a teller with `degree` ties addresses the one at the end of a tie of this weight in (0, 1]."""
    return weight if audience >= degree else audience / degree * weight


def chance_to_tell_stranger(audience: float, degree: int, world_size: float) -> float:
    """Chance that a teller addresses a given person without a tie: what the ties left over goes to all alike."""
    strangers = world_size - 1.0 - degree
    if audience <= degree or strangers <= 0.0:
        return 0.0
    return min(1.0, (audience - degree) / strangers)


def part_of_meeting(chance: float, back: float) -> float:
    """Part of a teller's chance in (0, 1] to meet another that counts, where the other meets the teller by `back`.

    Stale news stifles both, whoever addresses whom: counted in full from each side, two tellers would meet twice as
    often as a teller meets one who tells no more. So the rate of each side, -log(1 - chance), is weighed by the side's
    share of both chances: two with the same chance meet with just this chance (Daley and Kendall), two with different
    ones with a chance in between, and one whose address cannot be returned meets with the chance to address.
    """
    if back <= 0.0 or chance >= 1.0:
        return 1.0
    return probability(-log_of_one_minus(chance) * (chance / (chance + back))) / chance


def chance_to_understand(idea_clarity: float, teller_clarity: float, understanding: float) -> float:
    """Chance that one who is addressed understands: clarity of idea and teller, understanding of the hearer."""
    return idea_clarity * teller_clarity * understanding


def chance_of_both(chance: float, other: float) -> float:
    """Chance that two independent things come true, such as being addressed and understanding."""
    return chance * other


def chance_in_crowd(chance: float, idea_clarity: float, teller_clarity: float, understanding: float) -> float:
    """Chance that one of the crowd is addressed, by this chance, and understands."""
    return chance * chance_to_understand(1.0, idea_clarity * teller_clarity, understanding)


def comes_true(uniform: float, chance: float) -> bool:
    """Return whether a chance comes true, by a uniform number in [0, 1)."""
    return uniform < chance


def claim(rank: int, source: int) -> int:
    """The claim of one of several tellers to the credit: the least one counts; by rank, then by the event held.

    A source of MIXTURE or more stands for several holdings, and claims after all that are one.
    """
    return (rank << 32) | source


def reaches_threshold(holding: float, total: float, threshold: float) -> bool:
    """Return whether those of a person's ties that hold an idea have the part `threshold` of the weight of all."""
    return holding > 0.0 and holding / total >= threshold  # divided, so that 7 of 25 are 0.28 to the last bit


def implementation_rate(rate: float, skill: float, difficulty: float) -> float:
    """Rate at which a holder makes an idea work: skill in [0, 1] against difficulty; 0 is certainty, inf is never."""
    if rate <= 0.0 or skill <= 0.0 or difficulty == math.inf:
        return 0.0
    return rate * skill / difficulty if difficulty > 0.0 else math.inf


def abandonment_rate(works: bool, rate: float, rate_working: float, age: int) -> float:
    """Rate at which a holder of `age` steps gives an idea up; one that works is held much longer, whatever the age."""
    return rate_working if works else rate


def is_open(alive: bool, held: bool, given_up: bool, holds_rival: bool) -> bool:
    """Return whether a person could adopt an idea: alive, neither it nor a rival held, and not given up for good."""
    return alive and not held and not given_up and not holds_rival


def is_settled(since: int, now: int) -> bool:
    """Return whether what is held since a step counts in step `now`, whose decisions read the step before."""
    return since < now


def hesitates(hesitation: float, uniform: float) -> bool:
    """Return whether one who understood puts off adopting, by a uniform number in [0, 1)."""
    return hesitation > 0.0 and uniform < hesitation


def tells_until(now: int, period: float) -> float:
    """The last step in which an idea is told that is adopted in step `now`."""
    return now + period


def tells_again_until(now: int, since: int, period: float) -> float:
    """The last step in which an idea is told that was rewritten or unlocked before the tellings of step `now`."""
    return max(now - 1, since) + period


def works_from(now: int, delay: int) -> int:
    """The first step in which an idea works by an implementation of step `now`."""
    return now + 1 + delay


def part_of(amount: float, whole: float) -> float:
    """The weight of an influence that counts by its amount: of all who were heard, of a crowd's cohorts, of tellers."""
    return amount / whole


def equal_part(parts: int) -> float:
    """The weight of each of several influences that count alike, as prerequisites of a discovery do."""
    return part_of(1.0, parts)


def can_be_made_to_work(held: bool, implemented: bool) -> bool:
    """Return whether a person can implement an idea: one that is held, and that the holder has not made to work yet."""
    return held and not implemented


def can_be_found(open_to_it: bool, written: bool) -> bool:
    """Return whether a notebook helps somebody to an idea: it is written there, and the finder could adopt it."""
    return open_to_it and written


def by_any(so_far: float, chance: float) -> float:
    """Chance to understand at least one of several tellers, one of them added; exact for chances such as 1e-15."""
    return so_far + chance * (1.0 - so_far)


def added(so_far: float, part: float) -> float:
    """Return the sum of two amounts, such as the weights of several ties."""
    return so_far + part


def crowd_open(size: int, held: int, given_up: int, rivals: int) -> int:
    """Return how many of a crowd could adopt an idea: holders of a rival cannot, and are like the rest on average."""
    others = size - held
    left = others - given_up
    return left - math.floor(rivals / others * left) if rivals > 0 and others > 0 else left


def count_leaving(count: int, rate: float, uniform: float) -> int:
    """Return how many of a cohort of the crowd abandon an idea in a step."""
    return draw_count(count, probability(rate), uniform)


def wait(uniform: float, rate: float) -> int:
    """Steps until a chance of constant rate comes true, from a uniform number in [0, 1): 1, 2, 3, ... or NEVER.

    The wait is longer than s with probability exp(-rate * s), exactly as if a coin were thrown in every step,
    so one draw replaces them all. The coin has no memory: when the rate changes, a new wait is drawn.
    """
    if rate <= 0.0:
        return NEVER
    steps = -log(1.0 - uniform) / rate
    return max(1, math.ceil(steps)) if steps < NEVER else NEVER


def skip(uniform: float, chance: float) -> int:
    """Return how many of those who have the same `chance` come before the next for whom it comes true: 0, 1, 2, ...

    One draw for each success replaces a coin for each person.
    """
    if chance >= 1.0:
        return 0
    return math.floor(min(log(1.0 - uniform) / log_of_one_minus(chance), NEVER))


def probability(rate: float) -> float:
    """Probability 1 - exp(-rate) that a rate comes true within one step."""
    if rate > 1e-4:
        return 1.0 - exp(-rate)
    return rate * (1.0 - rate * (0.5 - rate * (1.0 / 6.0 - rate / 24.0)))  # the series, where 1 - exp would round


def draw_count(trials: int, chance: float, uniform: float) -> int:
    """Return how many of `trials` independent chances come true: a binomial draw while few are expected, else its mean.

    With 256 or more both expected and spared the relative noise is below 1 in 16 of a count that stands for a
    crowd, and the mean (rounded) is taken, so that a world of ten billion costs nothing extra.
    """
    if trials <= 0 or chance <= 0.0:
        return 0
    if chance >= 1.0:
        return trials
    fewer = chance if chance <= 0.5 else 1.0 - chance  # of those who come true and those who do not
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
    """log(1 - x) for x in [0, 1), exact for small x: by the series where 1 - x would round."""
    if x > 1e-4:
        return log(1.0 - x)
    return -x * (1.0 + x * (0.5 + x * (1.0 / 3.0 + x * 0.25)))
