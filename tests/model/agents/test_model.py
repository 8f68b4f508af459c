"""The model against closed forms, enumeration, chains of probabilities, and against itself in another order."""

from __future__ import annotations

import inspect
import itertools
import math
import random
from collections import Counter
from typing import Any

import mesa
import networkx as nx
import numpy as np
import pytest
from scipy import stats

from sim.model.agents.model import IdeaDiffusion, mixed
from sim.model.agents.person import Person
from sim.model.randomness import TELL, uniform
from sim.tape.tables import USE
from sim.tape.tape import Tape
from tests.model.agents import RICH, VARIANTS, deed, make, parents, rich, rows, run, value_by_person, z

Edges = list[tuple[int, int]]


# --- the independent cascade, by enumeration of live edges --------------------------------------------------


def live_edge_law(nodes: int, edges: Edges, p: float) -> list[float]:
    """The probability that the cascade from node 0 reaches 0, 1, 2, ... nodes, over all 2^m worlds."""
    law = [0.0] * (nodes + 1)
    for alive in itertools.product([False, True], repeat=len(edges)):
        graph = nx.DiGraph([edge for edge, there in zip(edges, alive, strict=True) if there])
        graph.add_node(0)
        law[1 + len(nx.descendants(graph, 0))] += math.prod(p if there else 1.0 - p for there in alive)
    return law


def many_copies(nodes: int, edges: Edges, p: float, copies: int, **dynamics: Any) -> Tape:
    """A graph `copies` times over in one world; node v of copy c is person v * copies + c."""
    degree = Counter(a for a, _ in edges)
    size = nodes * copies
    people = [{"name": f"node{v}", "count": copies, "reach": degree[v] / size} for v in range(nodes)]
    ties = [{"from": f"node{a}", "to": f"node{b}", "weight": p, "pairing": "each"} for a, b in edges]
    start = [deed(1, "discover", "node0")]
    return run(make(nodes + 1, dynamics, persons=people, ties=ties, interventions=start), seed=nodes)


def cascade_sizes(tape: Tape, nodes: int, copies: int) -> list[int]:
    reached = Counter(person % copies for _, _, person, _ in rows(tape, "discover", "learn"))
    found = Counter(reached.values())
    return [found[k] for k in range(nodes + 1)]


def check_law(found: list[int], law: list[float]) -> None:
    """The mean within 4 standard errors, and the distribution by chi-square; what cannot be, is not."""
    total = sum(found)
    mean = sum(k * q for k, q in enumerate(law))
    variance = sum((k - mean) ** 2 * q for k, q in enumerate(law))
    if variance > 1e-12:
        assert abs(sum(k * c for k, c in enumerate(found)) / total - mean) < 4 * (variance / total) ** 0.5
    assert all(count == 0 for count, chance in zip(found, law, strict=True) if chance < 1e-12)
    likely = [(count, total * chance) for count, chance in zip(found, law, strict=True) if chance * total >= 5]
    if len(likely) > 1:
        counts = [*(c for c, _ in likely), total - sum(c for c, _ in likely)]
        expected = [*(e for _, e in likely), total - sum(e for _, e in likely)]
        if expected[-1] < 1e-6:
            counts, expected = counts[:-1], expected[:-1]
        assert stats.chisquare(counts, np.array(expected) * sum(counts) / sum(expected)).pvalue > 1e-4


PATH, DIAMOND = [(0, 1), (1, 2)], [(0, 1), (0, 2), (1, 3), (2, 3)]
TRIANGLE = list(itertools.permutations(range(3), 2))


def mean(law: list[float]) -> float:
    return sum(k * q for k, q in enumerate(law))


def test_the_enumeration_gives_the_closed_forms():
    for p in (0.1, 0.3, 0.5, 0.9):
        assert mean(live_edge_law(3, PATH, p)) == pytest.approx(1 + p + p**2)
        assert mean(live_edge_law(4, DIAMOND, p)) == pytest.approx(1 + 2 * p + 2 * p**2 - p**4)
    assert mean(live_edge_law(3, TRIANGLE, 0.5)) == pytest.approx(2.25)


FOURS = [sorted(random.Random(k).sample(list(itertools.permutations(range(4), 2)), 4 + k)) for k in range(5)]


@pytest.mark.parametrize(("nodes", "edges"), [(3, PATH), (4, DIAMOND), (3, TRIANGLE), *((4, four) for four in FOURS)])
@pytest.mark.parametrize("p", [0.3, 0.5, 1.0])
def test_the_independent_cascade_is_the_law_of_live_edges(nodes, edges, p):
    copies = 100 if p == 1.0 else 1000
    check_law(cascade_sizes(many_copies(nodes, edges, p, copies), nodes, copies), live_edge_law(nodes, edges, p))


def test_the_independent_cascade_over_seeds():
    people = [{"name": name, "reach": reach} for name, reach in (("A", 1 / 3), ("B", 1 / 3), ("C", 0.0))]
    ties = [{"from": "A", "to": "B", "weight": 0.5}, {"from": "B", "to": "C", "weight": 0.5}]
    scenario = make(4, persons=people, ties=ties, interventions=[deed(1, "discover", "A")])
    sizes = Counter(len(run(scenario, seed).events) for seed in range(1000))
    check_law([sizes[k] for k in range(4)], [0.0, 0.5, 0.25, 0.25])


def test_the_idea_takes_one_step_an_edge():
    tape = many_copies(4, DIAMOND, 1.0, 3)
    assert {(step, person // 3) for step, _, person, _ in rows(tape)} == {(1, 0), (2, 1), (2, 2), (3, 3)}


# --- epidemics on the complete graph, by chains of probabilities --------------------------------------------


def chain(n: int, p: float, recover: float, again: bool, steps: int) -> dict[tuple[int, int], float]:
    """The law of (susceptible, infected) after so many steps from one infected."""
    law = {(n - 1, 1): 1.0}
    for _ in range(steps):
        following: Counter[tuple[int, int]] = Counter()
        for (s, i), q in law.items():
            infect, heal = stats.binom(s, 1 - (1 - p) ** i), stats.binom(i, recover)
            for new, healed in itertools.product(range(s + 1), range(i + 1)):
                part = q * infect.pmf(new) * heal.pmf(healed)
                following[s - new + healed * again, i + new - healed] += part
        law = {state: q for state, q in following.items() if q > 0.0}
    return law


@pytest.mark.parametrize(("rate", "again"), [(0.0, False), (0.4, False), (0.4, True)], ids=["SI", "SIR", "SIS"])
def test_epidemics_on_the_complete_graph(rate, again):
    n, p, steps, runs = 6, 0.15, 6, 500
    scenario = make(
        1 + steps,
        {"telling_period": "forever", "abandon_rate": rate, "readopt": again},
        persons=[{"name": "member", "count": n, "reach": 1.0}],
        world={"network": {"kind": "complete", "weight": p}},
        interventions=[deed(1, "discover", "member 1")],
    )
    found: Counter[tuple[int, int]] = Counter()
    for seed in range(runs):
        model = IdeaDiffusion(scenario, rng=seed)
        model.run()
        held = sum(len(person.holdings) for person in model.people)
        found[sum(person.is_open_to(0) for person in model.people), held] += 1
    law = chain(n, p, 1 - math.exp(-rate), again, steps)
    assert set(found) <= set(law)
    for part in (0, 1):
        counts, chances = [0] * (n + 1), [0.0] * (n + 1)
        for state, q in law.items():
            counts[state[part]] += found[state]
            chances[state[part]] += q
        check_law(counts, chances)


# --- thresholds ---------------------------------------------------------------------------------------------


def test_a_threshold_by_hand():
    people = [{"name": name, "threshold": 0.5} for name in "ABCD"]
    ties = [{"from": a, "to": "D", "weight": w} for a, w in (("A", 0.5), ("B", 0.3), ("C", 0.2))]

    def when(**begins: int) -> list[int]:
        start = [deed(step, "discover", name) for name, step in begins.items()]
        tape = run(make(6, {"adoption": "threshold"}, persons=people, ties=ties, interventions=start))
        return [step for step, _, person, _ in rows(tape, "learn") if person == 3]

    assert when(A=1) == [2]  # one half is enough, from the next step on
    assert when(B=1) == []
    assert when(C=1) == []
    assert when(B=1, C=3) == [4]
    assert when(B=2, A=3) == [4]
    assert when(B=1, C=1) == [2]


def test_a_threshold_that_no_neighbour_can_reach_and_one_that_each_reaches():
    for threshold, learned in ((0.0, 3), (0.25, 3), (0.26, 0), (1.0, 0)):
        people = [{"name": "A"}, {"name": "idle", "count": 3}, {"name": "B", "count": 3, "threshold": threshold}]
        ties = [{"from": "A", "to": "B"}, {"from": "idle", "to": "B"}]
        tape = run(
            make(5, {"adoption": "threshold"}, persons=people, ties=ties, interventions=[deed(1, "discover", "A")])
        )
        assert len(rows(tape, "learn")) == learned, threshold


@pytest.mark.parametrize("threshold", [0.18, {"kind": "uniform", "high": 0.5}])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_watts_cascades_are_those_of_a_slow_twin(threshold, seed):
    scenario = make(
        12,
        {"adoption": "threshold"},
        world={"network": {"kind": "erdos-renyi", "degree": 4.0}},
        persons=[{"name": "seed", "count": 8}],
        population={"count": 292, "threshold": threshold},
        interventions=[deed(1, "discover", "seed")],
    )
    model = IdeaDiffusion(scenario, rng=seed)
    friends = {i: {j for j, _ in model.ties_of(i)} for i in range(300)}
    at_least = model.world.threshold.tolist()
    holders, when = set(range(8)), dict.fromkeys(range(8), 1)
    for step in range(2, 13):
        new = {
            i
            for i in range(300)
            if i not in holders and friends[i] and len(friends[i] & holders) / len(friends[i]) >= at_least[i]
            if friends[i] & holders
        }
        when |= dict.fromkeys(new, step)
        holders |= new
    found = {person: step for step, _, person, _ in rows(model.run())}
    assert found == when
    assert len(set(when.values())) > 3  # a cascade, not a flash in the pan


def test_uniform_thresholds_are_the_linear_threshold_model():
    # Each node takes part of its weight from a node that never holds, so the weights are chances (Kempe et al. 2003):
    # P(b) = .4, P(c) = .7, P(d) = .5 P(b) + .3 P(c).
    copies = 3000
    people = [
        {"name": name, "count": copies, "threshold": {"kind": "uniform"}} for name in ("a", "b", "c", "d", "never")
    ]
    arrows = [("a", "b", 0.4), ("never", "b", 0.6), ("a", "c", 0.7), ("never", "c", 0.3)]
    arrows += [("b", "d", 0.5), ("c", "d", 0.3), ("never", "d", 0.2)]
    ties = [{"from": a, "to": b, "weight": w, "pairing": "each"} for a, b, w in arrows]
    start = [deed(1, "discover", "a")]
    tape = run(make(5, {"adoption": "threshold"}, persons=people, ties=ties, interventions=start))
    learned = Counter(person // copies for _, _, person, _ in rows(tape, "learn"))
    for node, chance in ((1, 0.4), (2, 0.7), (3, 0.41)):
        assert abs(z(learned[node], copies, chance)) < 4
    assert learned[0] == learned[4] == 0


# --- rates --------------------------------------------------------------------------------------------------


def check_waits(found: list[int], count: int, hazards: list[float]) -> None:
    """Counts by step against the law of a chance that is `hazards[s]` in the step s; the rest never came."""
    alive, expected = 1.0, []
    for hazard in hazards:
        expected.append(count * alive * hazard)
        alive *= 1.0 - hazard
    counts = [found.count(s) for s in range(len(hazards))]
    assert sum(counts) == len(found)
    assert all(c == 0 for c, e in zip(counts, expected, strict=True) if e == 0.0)
    table = [(c, e) for c, e in zip([*counts, count - len(found)], [*expected, count * alive], strict=True) if e > 0]
    assert stats.chisquare(*zip(*table, strict=True)).pvalue > 1e-4
    for c, e in table:
        assert abs(z(c, count, e / count)) < 4.5


def test_discovery_comes_at_the_rate_of_the_idea_times_creativity():
    people = [{"name": f"c{c}", "count": 2000, "creativity": c} for c in (0.0, 0.25, 1.0)]
    ideas = [{"name": "common"}, {"name": "own", "discovery_rate": 0.1}, {"name": "none", "discovery_rate": 0.0}]
    tape = run(make(8, {"discovery_rate": 0.4}, persons=people, ideas=ideas))
    for group, creativity in enumerate((0.0, 0.25, 1.0)):
        for idea, rate in enumerate((0.4, 0.1, 0.0)):
            found = [s for s, _, p, i in rows(tape, "discover") if p // 2000 == group and i == idea]
            q = 1 - math.exp(-rate * creativity)
            if q == 0.0:
                assert found == []
            else:
                check_waits(found, 2000, [0.0] + [q] * 8)


def test_rediscovery_is_a_renewal():
    # Who has it gives it up one step later and is open again after that: open(t + 1) = open(t)(1 - q) + open(t - 1) q.
    count, steps, rate = 2000, 12, 0.5
    q = 1 - math.exp(-rate)
    tape = run(
        make(
            steps,
            {"discovery_rate": rate, "abandon_rate": math.inf, "readopt": True},
            population={"count": count, "creativity": 1.0},
        )
    )
    found = Counter(step for step, _, _, _ in rows(tape, "discover"))
    open_to_it = [0.0, 1.0]
    for t in range(1, steps):
        open_to_it.append(open_to_it[t] * (1 - q) + open_to_it[t - 1] * q)
        assert abs(z(found[t], count, open_to_it[t] * q)) < 4
    assert [s + 1 for s, _, _, _ in rows(tape, "discover") if s < steps] == [s for s, *_ in rows(tape, "abandon")]


def test_rare_discoveries_are_poisson():
    # Two hundred ideas, two hundred people, twenty steps at a rate of 1 / 2000: two discoverers an idea, on average.
    count, ideas = 200, 200
    tape = run(
        make(
            20,
            {"discovery_rate": 1 / 2000},
            population={"count": count, "creativity": 1.0},
            ideas=[{"name": "idea", "count": ideas}],
        )
    )
    times = Counter(Counter(idea for *_, idea in rows(tape, "discover")).values())
    law = stats.poisson(2.0)
    counts = [ideas - sum(times.values()), *(times[k] for k in (1, 2, 3, 4)), sum(times[k] for k in times if k >= 5)]
    assert stats.chisquare(counts, [ideas * law.pmf(k) for k in range(5)] + [ideas * law.sf(4)]).pvalue > 1e-4


def test_implementation_comes_at_the_rate_times_skill_over_difficulty():
    people = [{"name": f"s{s}", "count": 2000, "skill": s} for s in (0.0, 0.5, 1.0)]
    ideas = [{"name": "easy"}, {"name": "hard", "difficulty": 4.0}, {"name": "trivial", "difficulty": 0.0}]
    start = [deed(2, "discover", "everyone")]
    tape = run(make(9, {"implementation_rate": 0.4}, persons=people, ideas=ideas, interventions=start))
    for group, skill in enumerate((0.0, 0.5, 1.0)):
        for idea, difficulty in enumerate((1.0, 4.0, 0.0)):
            found = [s for s, _, p, i in rows(tape, "implement") if p // 2000 == group and i == idea]
            if skill == 0.0:
                assert found == []
            elif difficulty == 0.0:
                assert found == [3] * 2000
            else:
                check_waits(found, 2000, [0.0] * 3 + [1 - math.exp(-0.4 * skill / difficulty)] * 7)


def test_an_implementation_of_ones_own_is_enough_until_the_idea_is_given_up():
    start = [deed(1, "discover", "A"), deed(5, "discover", "A")]
    late = [deed(s, "set", key="dynamics.abandon_rate_working", value=rate) for s, rate in ((4, math.inf), (5, 0.0))]
    tape = run(
        make(
            8,
            {"implementation_rate": math.inf, "readopt": True},
            persons=[{"name": "A", "skill": 1.0}],
            interventions=[*start, *late],
        )
    )
    assert [row for row in rows(tape) if row[1] != "use"] == [
        (1, "discover", 0, 0),
        (2, "implement", 0, 0),
        (4, "abandon", 0, 0),
        (5, "discover", 0, 0),
        (6, "implement", 0, 0),
    ]


@pytest.mark.parametrize("delay", [0, 2])
def test_ideas_are_abandoned_at_the_working_rate_from_the_release_on(delay):
    count, slow, fast = 4000, 1 - math.exp(-0.05), 1 - math.exp(-0.4)
    tape = run(
        make(
            9,
            {"abandon_rate": 0.4, "abandon_rate_working": 0.05, "release_delay": delay},
            persons=[{"name": "A", "keeps": True}, {"name": "B", "count": count}],
            interventions=[deed(1, "discover", "everyone"), deed(3, "implement", "A")],
        )
    )
    release = 4 + delay
    check_waits(
        [step for step, _, _, _ in rows(tape, "abandon")],
        count,
        [0.0, 0.0] + [fast] * (release - 2) + [slow] * (10 - release),
    )
    assert all(person > 0 for _, _, person, _ in rows(tape, "abandon"))  # A keeps it


@pytest.mark.parametrize(("delay", "left"), [(0, 5), (1, 0)])
def test_certainty_spares_what_works_in_time(delay, left):
    scenario = make(
        6,
        {"abandon_rate": math.inf, "release_delay": delay},
        persons=[{"name": "A", "count": 5}],
        interventions=[deed(1, "discover", "A"), deed(1, "implement", "A 1")],
    )
    model = IdeaDiffusion(scenario)
    tape = model.run()
    assert sum(len(person.holdings) for person in model.people) == left
    assert tape.total == 5 * left  # from the release in step 2 to step 6


@pytest.mark.parametrize("delay", [0, 1, 5])
def test_an_implementation_counts_from_the_release_on(delay):
    start = [deed(1, "discover", "A"), deed(2, "implement", "A")]
    scenario = make(10, {"release_delay": delay}, persons=[{"name": "A"}], interventions=start)
    assert run(scenario).total == 8 - delay
    assert run(scenario.replace({"impact.value_of": "held"})).total == 9


# --- telling ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("period", "steps"), [(0.0, 0), (0.5, 0), (1.0, 1), (1.5, 1), (3.0, 3), ("forever", 8)])
def test_an_idea_is_told_in_the_steps_after_it_was_taken_up(period, steps):
    count, p = 2000, 0.2
    tape = run(
        make(
            10,
            {"telling_period": period},
            persons=[{"name": "A", "reach": count / (count + 1)}, {"name": "B", "count": count}],
            ties=[{"from": "A", "to": "B", "weight": p}],
            interventions=[deed(2, "discover", "A")],
        )
    )
    found = [step for step, _, _, _ in rows(tape, "learn")]
    if not steps:
        assert found == []
    else:
        check_waits(found, count, [0.0] * 3 + [p] * steps + [0.0] * (8 - steps))


def test_clarity_and_understanding_are_chances():
    count = 3000
    tape = run(
        make(
            3,
            persons=[
                {"name": "A", "reach": 2 * count / (2 * count + 1), "clarity": 0.8},
                {"name": "B", "count": count, "understanding": 0.5},
                {"name": "C", "count": count},
            ],
            ties=[{"from": "A", "to": "B"}, {"from": "A", "to": "C", "weight": 0.5}],
            ideas=[{"name": "idea", "clarity": 0.7}],
            interventions=[deed(1, "discover", "A")],
        )
    )
    learned = [person for _, _, person, _ in rows(tape, "learn")]
    assert abs(z(sum(p <= count for p in learned), count, 0.7 * 0.8 * 0.5)) < 4
    assert abs(z(sum(p > count for p in learned), count, 0.5 * 0.7 * 0.8)) < 4


@pytest.mark.parametrize(("audience", "of_ties", "of_strangers"), [(40, 0.4, 0.0), (100, 1.0, 0.0), (1080, 1.0, 0.2)])
def test_a_broadcast_reaches_its_expected_audience_ties_first(audience, of_ties, of_strangers):
    # 5001 people: A, 100 ties, 1900 strangers one by one, 3000 in the crowd.
    scenario = make(
        2,
        world={"size": 5001},
        persons=[{"name": "A", "reach": audience / 5001}, {"name": "tie", "count": 100}],
        population={"count": 1900},
        ties=[{"from": "A", "to": "tie"}],
        interventions=[deed(1, "discover", "A")],
    )
    ties, strangers, crowd, runs = 0, np.zeros(1900), [], 12
    for seed in range(runs):
        tape = run(scenario, seed)
        told = [(p, c) for p, c in zip(tape.events.person.tolist(), tape.events.count.tolist(), strict=True) if p]
        ties += sum(p <= 100 for p, _ in told)
        strangers[[p - 101 for p, _ in told if 100 < p <= 2000]] += 1
        crowd += [c for p, c in told if p == 2001]
    if of_ties == 1.0:
        assert ties == 100 * runs
    else:
        assert abs(z(ties, 100 * runs, of_ties)) < 4
    if of_strangers == 0.0:
        assert strangers.sum() + len(crowd) == 0
        return
    assert abs(z(strangers.sum(), 1900 * runs, of_strangers)) < 4
    assert crowd == [600] * runs  # the mean field: exactly
    thirds = strangers.reshape(19, 100).sum(axis=1)
    assert stats.chisquare(thirds).pvalue > 1e-4  # near and far alike
    pairs = np.sum(strangers * (strangers - 1)) / 1900 / (runs * (runs - 1))
    assert pairs == pytest.approx(of_strangers**2, rel=0.1)  # and one run does not know of another


def test_nobody_who_is_not_reached_hears():
    tape = run(make(4, persons=[{"name": "A"}, {"name": "B"}], ties=[{"from": "A", "to": "B"}],
                    interventions=[deed(1, "discover", "A")]))  # fmt: skip
    assert rows(tape) == [(1, "discover", 0, 0)]  # a tie, but no reach


def test_the_credited_teller_is_one_of_them_all_alike():
    people = [{"name": "T", "count": 5, "reach": 1.0}, {"name": "H", "count": 3000}]
    scenario = make(2, persons=people, ties=[{"from": "T", "to": "H"}], interventions=[deed(1, "discover", "T")])
    tape = run(scenario)
    assert len(rows(tape, "learn")) == 3000
    tellers = Counter(tape.influences.parent.tolist())
    assert stats.chisquare([tellers[t] for t in range(5)]).pvalue > 1e-4
    assert set(tape.influences.weight.tolist()) == {1.0}
    everybody = run(scenario.replace({"dynamics.credited_tellers": "all"}))
    assert everybody.events.columns().keys() == tape.events.columns().keys()
    assert rows(everybody) == rows(tape)
    assert all(parents(everybody, e) == dict.fromkeys(range(5), 0.2) for e in range(5, 3005))


def test_of_tellers_who_differ_each_success_counts_alike():
    # A succeeds with .3, B with .9: credit A with .3 (.1 + .9 / 2).
    people = [{"name": "A", "reach": 1.0, "clarity": 0.3}, {"name": "B", "reach": 1.0, "clarity": 0.9}]
    tape = run(
        make(
            2,
            persons=[*people, {"name": "H", "count": 4000}],
            ties=[{"from": "A", "to": "H"}, {"from": "B", "to": "H"}],
            interventions=[deed(1, "discover", "A"), deed(1, "discover", "B")],
        )
    )
    tellers = Counter(tape.influences.parent.tolist())
    assert abs(z(tellers[0], 4000, 0.3 * (0.1 + 0.45))) < 4
    assert abs(z(tellers[1], 4000, 0.9 * (0.7 + 0.15))) < 4


def test_hearings_mix_in_equal_parts_whatever_their_order():
    parts = [{3: 1.0}, {5: 0.3, 3: 0.7}, {3: 1 / 3, 4: 2 / 3}, {5: 1.0}]
    mixtures = [list(mixed(list(order)).items()) for order in itertools.permutations(parts)]
    assert all(mixture == mixtures[0] for mixture in mixtures)
    assert dict(mixtures[0]) == pytest.approx({3: (1 + 0.7 + 1 / 3) / 4, 4: 1 / 6, 5: 0.325})
    assert [row for row, _ in mixtures[0]] == [3, 4, 5]


# --- who is open to what ------------------------------------------------------------------------------------


@pytest.mark.parametrize("again", [False, True])
def test_who_gave_it_up_takes_it_up_again_only_where_that_may_be(again):
    tape = run(
        make(
            8,
            {"telling_period": "forever", "readopt": again},
            persons=[{"name": "A", "reach": 1.0, "keeps": True}, {"name": "B"}],
            interventions=[deed(1, "discover", "A"), deed(4, "set", key="dynamics.abandon_rate", value=math.inf)],
        )
    )
    expected = [(1, "discover", 0, 0), (2, "learn", 1, 0), (4, "abandon", 1, 0)]
    if again:
        expected += [(5, "learn", 1, 0), (6, "abandon", 1, 0), (7, "learn", 1, 0), (8, "abandon", 1, 0)]
    assert rows(tape) == expected


def test_an_idea_needs_all_that_it_builds_on_since_an_earlier_step():
    ideas = [{"name": "wheel"}, {"name": "axle", "discovery_rate": 0.0}]
    ideas += [{"name": "cart", "prerequisites": ["axle", "wheel", "axle"]}]  # named twice, counted once
    tape = run(
        make(
            7,
            {"discovery_rate": math.inf},
            persons=[{"name": "A", "creativity": 1.0}, {"name": "B", "creativity": 0.1}, {"name": "C"}],
            ideas=ideas,
            interventions=[
                deed(3, "discover", "A", idea="axle"),
                deed(5, "discover", "B", idea="cart"),
                deed(5, "discover", "C", idea="cart"),
            ],
        )
    )
    assert rows(tape) == [
        (1, "discover", 0, 0),
        (1, "discover", 1, 0),
        (3, "discover", 0, 1),
        (4, "discover", 0, 2),
        (5, "discover", 1, 2),
        (5, "discover", 2, 2),
    ]
    assert parents(tape, 3) == {0: 0.5, 2: 0.5}
    assert parents(tape, 4) == {1: 1.0}  # what B has of it
    assert parents(tape, 5) == {}


def test_who_gave_up_what_it_builds_on_does_not_discover():
    tape = run(
        make(
            6,
            persons=[{"name": "A", "creativity": 1.0}],
            ideas=[{"name": "wheel"}, {"name": "cart", "prerequisites": ["wheel"]}],
            interventions=[
                deed(1, "discover", "A", idea="wheel"),
                deed(2, "set", key="dynamics.abandon_rate", value=math.inf),
                deed(3, "set", key="dynamics.abandon_rate", value=0.0),
                deed(3, "set", key="dynamics.discovery_rate", value=math.inf),
            ],
        )
    )
    assert rows(tape) == [(1, "discover", 0, 0), (2, "abandon", 0, 0)]


def test_the_same_idea_may_be_had_by_several():
    people = [{"name": "A", "creativity": 1.0}, {"name": "B", "creativity": 0.01}, {"name": "C", "count": 2}]
    ties = [{"from": "A", "to": "C 1"}, {"from": "B", "to": "C 2"}]
    scenario = make(4, {"discovery_rate": math.inf}, persons=people, ties=ties)
    tape = run(scenario.replace({"persons.A.reach": 0.25, "persons.B.reach": 0.25}))
    assert rows(tape) == [(1, "discover", 0, 0), (1, "discover", 1, 0), (2, "learn", 2, 0), (2, "learn", 3, 0)]
    assert (parents(tape, 2), parents(tape, 3)) == ({0: 1.0}, {1: 1.0})


def test_rivals_keep_each_other_out():
    ideas = [{"name": "earth"}, {"name": "sun", "rival_of": "earth"}, {"name": "moon"}]
    everybody = {"discovery_rate": math.inf, "telling_period": "forever"}
    people = [{"name": "A", "creativity": 1.0, "reach": 1.0}]
    tape = run(make(3, everybody, persons=people, ideas=ideas))
    assert rows(tape) == [(1, "discover", 0, 0), (1, "discover", 0, 2)]  # of two at once the first in the file
    start = [deed(1, "discover", "A", idea="earth"), deed(1, "discover", "B", idea="sun")]
    people = [{"name": name, "reach": 1.0} for name in "AB"] + [{"name": "C"}]
    late = [deed(4, "set", key="ideas.earth.clarity", value=1e-9), deed(4, "set", key="persons.C.keeps", value=False)]
    late += [deed(4, "set", key="persons.A.keeps", value=True), deed(4, "set", key="persons.B.keeps", value=True)]
    late += [deed(4, "set", key="dynamics.abandon_rate", value=math.inf)]
    tape = run(make(5, {"telling_period": "forever"}, persons=people, ideas=ideas, interventions=[*start, *late]))
    assert rows(tape) == [
        (1, "discover", 0, 0),
        (1, "discover", 1, 1),
        (2, "learn", 2, 0),  # hears of both at once
        (4, "abandon", 2, 0),
        (5, "learn", 2, 1),  # free for the other
    ]


def test_who_hesitates_makes_up_their_mind_later_and_learned_it_from_who_told_it():
    count, hesitation, rate = 4000, 0.4, 0.3
    tape = run(
        make(
            8,
            {"resolve_rate": rate},
            persons=[{"name": "A", "reach": count / (count + 1)}, {"name": "B", "count": count}],
            ties=[{"from": "A", "to": "B"}],
            ideas=[{"name": "idea", "hesitation": hesitation}],
            interventions=[deed(1, "discover", "A")],
        )
    )
    resolve = 1 - math.exp(-rate)
    check_waits([step for step, _, _, _ in rows(tape, "learn")], count, [0.0, 0.0, 1 - hesitation] + [resolve] * 6)
    assert set(tape.influences.parent.tolist()) == {0}


def test_who_hesitates_for_good_never_takes_it_up_but_when_told_again():
    scenario = make(
        6,
        {"telling_period": 3.0},
        persons=[{"name": "A", "reach": 0.5}, {"name": "B", "count": 4000}, {"name": "C", "count": 3999}],
        ties=[{"from": "A", "to": "B"}],
        ideas=[{"name": "idea", "hesitation": 0.7}],
        interventions=[deed(1, "discover", "A")],
    )
    check_waits([s for s, _, _, _ in rows(run(scenario), "learn")], 4000, [0.0, 0.0, 0.3, 0.3, 0.3, 0.0, 0.0])
    assert len(run(scenario.replace({"ideas.idea.hesitation": 1.0})).events) == 1


@pytest.mark.parametrize("how", ["prerequisite", "rival"])
def test_the_wait_for_an_idea_begins_anew_after_what_kept_it_away(how):
    # Open to the idea in the steps 1 and 2, then not (no prerequisite, or a rival) up to step 6, open again from 7 on.
    count, q = 3000, 1 - math.exp(-0.3)
    other = {"name": "other", "discovery_rate": 0.0}
    idea = {"name": "idea", "discovery_rate": 0.3}
    idea |= {"prerequisites": ["other"]} if how == "prerequisite" else {"rival_of": "other"}
    rate = "dynamics.abandon_rate"
    if how == "rival":  # takes up the other in step 3, and gives it up in step 6
        entries = [deed(3, "discover", "everyone", idea="other"), deed(6, "set", key=rate, value=math.inf)]
        hazards = [0.0] + [q] * 2 + [0.0] * 4 + [q] * 3
    else:  # has the other from step 1 on, gives it up in step 3, and has it again from step 6 on
        entries = [deed(1, "discover", "everyone", idea="other"), deed(3, "set", key=rate, value=math.inf)]
        entries += [deed(4, "set", key=rate, value=0.0), deed(6, "discover", "everyone", idea="other")]
        hazards = [0.0] * 2 + [q] * 2 + [0.0] * 3 + [q] * 3
    people = {"population": {"count": count, "creativity": 1.0}}
    tape = run(make(9, {"readopt": True}, ideas=[other, idea], **people, interventions=entries))
    first: dict[int, int] = {}
    for step, kind, person, which in rows(tape, "discover"):
        if which == 1 and kind == "discover":
            first.setdefault(person, step)
    check_waits(list(first.values()), count, hazards)


def test_who_hesitated_learned_it_from_the_first_who_told_it():
    # B hears of it from A in step 2 and hesitates; who decides in step 3, in which C tells too, owes it to A.
    people = [{"name": "A", "reach": 0.5}, {"name": "C", "reach": 0.5}, {"name": "B", "count": 200}]
    tape = run(
        make(
            3,
            persons=people,
            ties=[{"from": "A", "to": "B"}, {"from": "C", "to": "B"}],
            ideas=[{"name": "idea", "hesitation": 1.0}],
            world={"size": 400},
            interventions=[
                deed(1, "discover", "A"),
                deed(2, "discover", "C"),
                deed(3, "set", key="dynamics.resolve_rate", value=math.inf),
            ],
        )
    )
    learned = [e for e, (_, kind, person, _) in enumerate(rows(tape)) if kind == "learn" and person < 202]
    assert len(learned) == 200
    assert all(parents(tape, e) == {0: 1.0} for e in learned)


@pytest.mark.parametrize(("stifling", "who"), [("none", [2, 3]), ("teller", [3]), ("both", [])])
def test_stale_news_stifles(stifling, who):
    # A tells B, meets B again in step 3, who knows already; C and D listen to A and to B from step 4 on.
    tape = run(
        make(
            6,
            {"telling_period": "forever", "stifling": stifling},
            world={"size": 10**9},
            persons=[{"name": "A", "reach": 2e-9}, {"name": "B", "reach": 1e-9}, {"name": "C"}, {"name": "D"}],
            ties=[{"from": "A", "to": "B"}, {"from": "A", "to": "C", "start": 4}, {"from": "B", "to": "D", "start": 4}],
            interventions=[deed(1, "discover", "A")],
        )
    )
    assert [(step, person) for step, _, person, _ in rows(tape, "learn") if person < 4] == [
        (2, 1), *((4, person) for person in who),
    ]  # fmt: skip


def test_a_meeting_stifles_with_the_chance_of_a_meeting():
    # Both know from step 1 on; A meets B in the steps 2, 3, 4 with chance .3 and tells C in step 5, stifled or not.
    count = 4000
    people = [
        {"name": "A", "count": count, "reach": 2e-9},
        {"name": "B", "count": count},
        {"name": "C", "count": count},
    ]
    ties = [{"from": "A", "to": "B", "weight": 0.3, "end": 5}, {"from": "A", "to": "C", "start": 5}]
    tape = run(
        make(
            6,
            {"telling_period": "forever", "stifling": "teller"},
            world={"size": 10**9},
            persons=people,
            ties=[{**tie, "pairing": "each"} for tie in ties],
            interventions=[deed(1, "discover", "A"), deed(1, "discover", "B")],
        )
    )
    assert abs(z(sum(p >= 2 * count for _, _, p, _ in rows(tape, "learn") if p < 3 * count), count, 0.7**3)) < 4


# --- time and value -----------------------------------------------------------------------------------------


def test_a_holding_begun_in_a_step_counts_from_the_next_on():
    held = {"impact": {"value_of": "held"}, "persons": [{"name": "A"}]}
    for begun in (1, 4, 10):
        assert run(make(10, **held, interventions=[deed(begun, "discover", "A")])).total == 10 - begun


def test_what_is_given_up_in_a_step_still_counted_in_it_and_the_dead_did_not():
    held = {"impact": {"value_of": "held"}, "persons": [{"name": "A"}]}
    start = deed(2, "discover", "A")
    until = [deed(6, "set", key="dynamics.abandon_rate", value=math.inf)]
    assert run(make(10, **held, interventions=[start, *until])).total == 4  # the steps 3, 4, 5, 6
    assert run(make(10, **held, interventions=[start, deed(6, "die", "A")])).total == 3  # the steps 3, 4, 5
    assert run(make(10, **held, interventions=[start, deed(2, "die", "A")])).total == 0


@pytest.mark.parametrize("found", [2, 5, 9])
def test_the_notebook_found_counts_from_the_next_step_to_the_end(found):
    tape = run(
        make(
            9,
            persons=[{"name": "genius"}, {"name": "finder"}, {"name": "engineer"}],
            impact={"realised_by": "finder"},
            interventions=[
                deed(1, "discover", "genius"),
                deed(1, "discover", "engineer"),
                deed(1, "implement", "engineer"),
                deed(2, "die", "genius"),
                deed(found, "find", "finder", of="genius"),
            ],
        )
    )
    assert tape.total == 9 - found


def test_values_change_over_time_for_whoever_holds():
    tape = run(
        make(
            10,
            persons=[{"name": "A"}, {"name": "B", "skill": 1.0}],
            ideas=[{"name": "idea", "value": 2.0}, {"name": "other", "value": 7.0}],
            impact={"value_of": "held"},
            interventions=[
                deed(1, "discover", "A", idea="idea"),
                deed(4, "discover", "B", idea="idea"),
                deed(4, "set", key="ideas.idea.value", value=0.5),
                deed(6, "set", key="ideas.everything.value", value=3.0),
                deed(9, "set", key="ideas.idea.value", value=0),
            ],
        )
    )
    assert value_by_person(tape) == {0: 2 * 2.0 + 2 * 0.5 + 3 * 3.0, 1: 0.5 + 3 * 3.0}


def test_a_run_in_which_nothing_happens_has_an_empty_tape():
    for impact in ({"value_of": "held"}, {"realised_by": "crowd"}, {"realised_by": "A"}):
        tape = run(make(5, persons=[{"name": "A"}], impact=impact, world={"size": 100}))
        assert (len(tape.events), len(tape.influences), len(tape.realised), tape.total) == (0, 0, 0, 0.0)


def test_only_those_count_who_are_named():
    for by, total in (("everyone", 4 * 4), ("B", 8), ("B 2", 4), (["A", "B 1"], 8), ("crowd", 0)):
        people = [{"name": "A"}, {"name": "B", "count": 2}, {"name": "C"}]
        impact = {"value_of": "held", "realised_by": by}
        assert (
            run(make(5, persons=people, impact=impact, interventions=[deed(1, "discover", "everyone")])).total == total
        )


def test_what_does_not_work_is_worth_nothing_where_working_counts():
    start = [deed(1, "discover", "A")]
    assert run(make(5, persons=[{"name": "A"}], interventions=start)).total == 0.0
    held = run(make(5, persons=[{"name": "A"}], impact={"value_of": "held"}, interventions=start))
    assert held.realised.implementation.tolist() == [-1]


def test_the_value_of_a_step_is_shared_by_the_implementations_in_use():
    people = [{"name": "A"}, {"name": "B"}, {"name": "user"}]
    start = [deed(1, "discover", "everyone"), deed(1, "implement", "A"), deed(5, "implement", "B")]
    tape = run(make(9, persons=people, impact={"realised_by": "user"}, interventions=start))
    assert tape.total == 8
    use = int(tape.realised.implementation[0])
    served = {rows(tape)[row][2]: weight for row, weight in tree(tape, use).items()}
    assert served == pytest.approx({0: (4 + 4 / 2) / 8, 1: (4 / 2) / 8})


def tree(tape: Tape, row: int) -> dict[int, float]:
    """The implementations that a `use` stands for, with their parts."""
    if tape.events.kind[row] != USE:
        return {row: 1.0}
    parts: Counter[int] = Counter()
    for parent, weight in parents(tape, row).items():
        for leaf, part in tree(tape, parent).items():
            parts[leaf] += weight * part  # type: ignore[assignment]
    return dict(parts)


# --- luck ---------------------------------------------------------------------------------------------------


class Shuffled(IdeaDiffusion):
    """Asks the persons in another order in every step, by Mesa's own luck, which the model does not use."""

    def step(self) -> None:
        self.agents.shuffle(inplace=True)
        super().step()


class Backwards(IdeaDiffusion):
    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.agents.sort("index", ascending=False, inplace=True)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("seed", [1, 2])
def test_the_order_in_which_persons_are_asked_does_not_matter(variant, seed):
    tape = run(rich(variant), seed)
    assert [a.index for a in list(Backwards(rich(variant)).agents)][:2] == [43, 42]
    assert Backwards(rich(variant), rng=seed).run() == tape
    shuffled = Shuffled(rich(variant), rng=seed)
    assert shuffled.run() == tape
    assert [agent.index for agent in list(shuffled.agents)] != sorted(agent.index for agent in list(shuffled.agents))


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_same_seed_gives_the_same_tape_and_another_another(variant):
    tapes = [run(rich(variant), seed) for seed in (0, 1, 2**32, 2**63, 2**64 - 1)]
    assert all(run(rich(variant), seed) == tape for seed, tape in zip((0, 1, 2**32), tapes, strict=False))
    assert all(a != b for a, b in itertools.combinations(tapes, 2))


def test_who_is_credited_changes_nothing_of_what_happens():
    for some, everybody in (("simple", "everybody credited"), ("threshold", "threshold, everybody credited")):
        a, b = run(rich(some)), run(rich(everybody))
        assert rows(a) == rows(b)
        assert a.total == b.total
        assert a.influences.weight.tolist() != b.influences.weight.tolist()


def those_of(tape: Tape, persons: int) -> list[tuple[Any, ...]]:
    """What happened to the first so many persons: step, kind, person, idea and the tellers' steps and persons."""
    events = [*zip(tape.events.step.tolist(), tape.events.kind.tolist(), tape.events.person.tolist(),
                   tape.events.idea.tolist(), strict=True)]  # fmt: skip
    return [
        (*events[e], sorted((*events[parent][:3], weight) for parent, weight in parents(tape, e).items()))
        for e in range(len(events))
        if 0 <= events[e][2] < persons
    ]


@pytest.mark.parametrize("variant", ["simple", "everybody credited", "stale news stifles"])
def test_without_a_person_of_no_influence_all_the_others_do_the_same(variant):
    # The last of the population has no gifts and no ties; without them the crowd has one more who does not listen.
    sections = {
        "world": {"size": 3000, "crowd_understanding": 0.0},
        "ties": [{"from": "Ann", "to": "team", "both_ways": True}, {"from": "team", "to": "member", "both_ways": True}],
        "persons": [*RICH["persons"], {"name": "member", "count": 25} | RICH["population"] | {"count": 25}],
        "interventions": [entry for entry in RICH["interventions"] if entry["kind"] != "tell"],
    }
    tapes = [run(rich(variant, **sections, population={"count": count, "reach": 0.0}), 3) for count in (1, 0)]
    assert len(those_of(tapes[1], 29)) > 50
    assert those_of(tapes[0], 29) == those_of(tapes[1], 29)
    dead = run(rich(variant, **sections | {"interventions": [*sections["interventions"], deed(5, "die", "team 2")]}), 3)
    assert those_of(dead, 29) != those_of(tapes[1], 29)  # but not without one who has


def test_an_intervention_changes_nothing_before_it_and_no_other_luck():
    people = [
        {"name": "A", "count": 50, "creativity": 1.0, "skill": 0.3},
        {"name": "B", "count": 50, "creativity": 1.0},
    ]
    rates = {"discovery_rate": 0.1, "implementation_rate": 0.1, "abandon_rate": 0.1}
    with_it, without = (
        rows(run(make(20, rates, persons=people, interventions=entries))) for entries in ([deed(7, "die", "B")], [])
    )
    assert [row for row in with_it if row[0] < 7] == [row for row in without if row[0] < 7]

    # Once an idea works all give it up later, so only the others' discoveries and implementations are untouched.
    def of_a(found: list[Any]) -> list[Any]:
        return [row for row in found if 0 <= row[2] < 50 and row[1] == "discover"]

    assert of_a(with_it) == of_a(without)


def test_mesas_own_luck_is_not_used():
    model = IdeaDiffusion(rich(), rng=5)
    here = model.random.getstate(), model.rng.bit_generator.state, random.getstate(), np.random.get_state()[1].tolist()
    tape = model.run()
    there = model.random.getstate(), model.rng.bit_generator.state, random.getstate(), np.random.get_state()[1].tolist()
    assert here == there
    other = IdeaDiffusion(rich(), rng=5)
    other.reset_randomizer(99)
    other.reset_rng(99)
    assert other.run() == tape


# --- the tape -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_tape_in_mid_run_is_that_of_a_shorter_run_and_begins_the_whole(variant):
    model = IdeaDiffusion(rich(variant), rng=4)
    whole, real = run(rich(variant), 4), []
    for step in range(26):
        if step:
            model.step()
        tape = model.tape()
        assert tape.steps == step
        if step in {1, 5, 12, 20}:
            assert tape == run(rich(variant, steps=step), 4)
        kept = int(np.sum(tape.events.kind != USE))
        assert kept == np.sum(whole.events.step[whole.events.kind != USE] <= step)
        assert rows(tape)[:kept] == rows(whole)[:kept]
        assert [parents(tape, e) for e in range(kept)] == [parents(whole, e) for e in range(kept)]
        real.append(tape.total)
    assert real == sorted(real)
    assert tape == whole == model.tape()
    assert not model.running


def test_every_event_has_its_cause_at_the_right_time():
    for variant in VARIANTS:
        tape = run(rich(variant), 6)
        for event, (step, kind, person, idea) in enumerate(rows(tape)):
            for parent in parents(tape, event) if kind != "use" else ():
                before, _, teller, of = rows(tape)[parent]
                assert before < step or (before == step == 2 and teller == 0)  # Ann's deeds
                assert (kind == "discover") == (of != idea)
                assert kind == "learn" or teller == person
            if kind in {"learn", "implement"}:
                assert sum(parents(tape, event).values()) == pytest.approx(1.0)


# --- people of another kind ---------------------------------------------------------------------------------


class Inventor(Person):
    def discovers(self, idea: int) -> bool:
        return self.model.now == 3 and self.index == 0


class Hermit(Person):
    def tells(self, idea: int) -> bool:
        return self.model.now > 4 and super().tells(idea)


class Loud(Person):
    def audience(self, idea: int) -> float:
        return 2.0 if self.index == 0 else 0.0


class Deaf(Person):
    def understands(self, idea: int, teller_clarity: float) -> float:
        return 0.0 if self.index % 2 else super().understands(idea, teller_clarity)


class Slow(Person):
    def takes_up(self, idea: int) -> bool:
        return self.index != 2


class Engineer(Person):
    def implements(self, idea: int) -> bool:
        return self.model.now == 4


class Fickle(Person):
    def abandons(self, idea: int) -> bool:
        return self.holdings[idea].since < self.model.now - 1


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (Person, {"learn": [(2, 1), (2, 2), (2, 3)]}),
        (Inventor, {"discover": [(1, 0), (3, 0)], "learn": [(2, 1), (2, 2), (2, 3), (4, 1), (4, 2), (4, 3)]}),
        (Hermit, {"learn": [(5, 1), (5, 2), (5, 3)]}),
        (Loud, {"learn": [(2, 1)]}),
        (Deaf, {"learn": [(2, 2)]}),
        (Slow, {"learn": [(2, 1), (2, 3)]}),
        (Engineer, {"learn": [(2, 1), (2, 2), (2, 3)], "implement": [(4, 0), (4, 1), (4, 2), (4, 3)]}),
        (Fickle, {"learn": [(2, 1), (2, 2), (2, 3)], "abandon": [(3, 0), (4, 1), (4, 2), (4, 3)]}),
    ],
)
def test_one_decision_can_be_overridden(kind, expected):
    scenario = make(
        6,
        {"telling_period": "forever" if kind is Hermit else 1.0},
        persons=[{"name": "A", "creativity": 0.5, "skill": 1.0, "reach": 1.0}, {"name": "B", "count": 3, "skill": 1.0}],
        ties=[{"from": "A", "to": "B 1"}],
        ideas=[{"name": "idea"}, {"name": "other"}] if kind is Inventor else [{"name": "idea"}],
        interventions=[deed(1, "discover", "A", idea="idea")],
    )
    if kind is Loud:  # an audience of 2, and a tie too many for chance: one tie, one stranger of two
        scenario = scenario.replace({"persons.B.reach": 1.0, "world.size": 10**9})
    model = IdeaDiffusion(scenario, person_class=kind)
    found = rows(model.run())
    assert all(type(agent) is kind for agent in list(model.agents))
    for name in ("discover", "learn", "implement", "abandon"):
        events = sorted((step, person) for step, event, person, _ in found if event == name and person < 4)
        assert events == expected.get(name, [(1, 0)] if name == "discover" else []), name


# --- a model like others of Mesa ----------------------------------------------------------------------------


def test_batch_run_stops_at_the_last_step_of_the_scenario():
    scenario = rich()
    # Since 3.5 the seeds are an argument of their own, and the steps are counted from 1.
    apart = "rng" in inspect.signature(mesa.batch_run).parameters
    parameters, seeds = ({}, {"rng": [1, 2]}) if apart else ({"rng": [1, 2]}, {})
    results = mesa.batch_run(
        IdeaDiffusion, {"scenario": [scenario], **parameters}, number_processes=1, display_progress=False, **seeds
    )
    assert [row["Step"] for row in results] == [24 + apart] * 2
    for seed, row in zip([1, 2], results, strict=True):
        model = IdeaDiffusion(scenario, rng=seed)
        model.run()
        assert (row["holders"], row["realising"]) == (model.holders(), model.realising())
    plain = mesa.batch_run(IdeaDiffusion, {"scenario": [scenario]}, number_processes=1, display_progress=False)
    assert [row["Step"] for row in plain] == [24 + apart]
    steps = mesa.batch_run(
        IdeaDiffusion, {"scenario": [scenario]}, data_collection_period=1, max_steps=9, display_progress=False
    )
    assert [row["Step"] for row in steps][:8] == list(range(apart, 8 + apart))
    assert 9 <= len(steps) <= 10  # 3.3.1 takes max_steps + 1


def test_the_seed_is_a_number_a_generator_or_the_scenarios_own(tmp_path):
    scenario = rich()
    drawn = int(np.random.default_rng(8).integers(2**63))
    assert IdeaDiffusion(scenario, rng=np.random.default_rng(8)).run() == run(scenario, drawn)
    assert IdeaDiffusion(scenario, rng=np.int64(7)).run() == run(scenario, 7)
    seeded = scenario.replace({"scenario.seed": 7})
    assert IdeaDiffusion(seeded).run() == run(scenario, 7)
    assert IdeaDiffusion(seeded, rng=0).run() == run(scenario, 0) != run(scenario, 7)
    assert IdeaDiffusion(seeded).luck == 7
    (tmp_path / "rich.toml").write_text(seeded.to_toml(), encoding="utf-8")
    assert IdeaDiffusion(tmp_path / "rich.toml").run() == run(scenario, 7)
    assert IdeaDiffusion(str(tmp_path / "rich.toml")).run() == run(scenario, 7)


def test_the_datacollector_reports_what_the_tape_says():
    model = IdeaDiffusion(rich(), rng=2)
    tape = model.run()
    frame = model.datacollector.get_model_vars_dataframe()
    assert list(frame.columns) == ["holders", "realising"]
    assert len(frame) == model.steps == model.now == 25
    gain = {"discover": 1, "learn": 1, "abandon": -1, "leave": -1, "implement": 0, "use": 0}
    change = [0] * 26
    for (step, kind, _, _), count in zip(rows(tape), tape.events.count.tolist(), strict=True):
        change[step] += gain[kind] * count
    assert frame["holders"].tolist() == list(itertools.accumulate(change))[1:]
    assert frame["realising"].iloc[0] == 0.0
    assert frame["realising"].max() > 0.0


def test_what_is_realising_is_realised_in_the_next_step():
    scenario = make(
        8,
        {"discovery_rate": 0.3},
        population={"count": 30, "creativity": 1.0},
        ideas=[{"name": "a", "value": 2.0}, {"name": "b", "value": 0.5}],
        impact={"value_of": "held"},
    )
    model, totals = IdeaDiffusion(scenario, rng=1), [0.0]
    while model.running:
        model.step()
        totals.append(model.tape().total)
    realising = model.datacollector.get_model_vars_dataframe()["realising"].tolist()
    assert np.diff(totals)[1:].tolist() == pytest.approx(realising[:-1])


def test_the_agents_are_a_set_of_mesas():
    model = IdeaDiffusion(rich(), rng=2)
    assert len(model.agents) == 44
    assert isinstance(model, mesa.Model)
    assert all(isinstance(agent, mesa.Agent) for agent in list(model.agents))
    assert model.agents.get("creativity") == model.world.creativity.tolist()
    assert model.agents.agg("reach", sum) == pytest.approx(model.world.reach.sum())
    assert len(model.agents.select(lambda person: person.alive)) == 41
    assert [person.name for person in list(model.agents)][:3] == ["Ann", "team 1", "team 2"]
    model.run()
    held = model.agents.select(lambda person: person.holdings)
    assert 0 < len(held) < 44
    assert sum(len(h) for h in held.get("holdings")) == sum(len(person.holdings) for person in model.people)


def test_run_model_and_step_and_run_are_the_same():
    stepped, modelled, told = IdeaDiffusion(rich(), rng=3), IdeaDiffusion(rich(), rng=3), []
    for _ in range(10):
        stepped.step()
    modelled.run_model()
    assert stepped.run(progress=lambda done, of: told.append((done, of))) == modelled.tape()
    assert told == [(step, 25) for step in range(11, 26)]
    assert (modelled.steps, modelled.now, modelled.running) == (25, 25, False)


def test_one_throw_replaces_a_throw_in_every_step():
    # The clock of a person is wound up when the chance begins: the step in which it comes is known then.
    model = IdeaDiffusion(make(5, {"discovery_rate": 0.2}, population={"count": 200, "creativity": 1.0}))
    model.step()
    due = {p.index: clock.due for p in model.people for clock in p.clocks.values()}
    found = {person: step for step, _, person, _ in rows(model.run(), "discover")}
    assert all(found[person] == step for person, step in due.items() if step <= 5)
    assert all(uniform(0, TELL, 1, p, 0) != uniform(0, TELL, 2, p, 0) for p in range(9))
