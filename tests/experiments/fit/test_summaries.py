"""Named summaries against networkx, and what a record does not say."""

from itertools import combinations

import networkx as nx
import numpy as np
import pytest

from sim import simulate
from sim.experiments.fit import summaries
from sim.experiments.fit.record import record_of
from sim.experiments.fit.summaries import breadth, depth, labels_of, observed, summaries_of, waiting_times, wiener
from sim.tape.tables import DISCOVER, LEARN
from tests.experiments.fit import scenario_of

SCENARIO = scenario_of(steps=12, population__count=25, dynamics__discovery_rate=0.02, population__understanding=0.9,
                       world__network={"kind": "complete"}, population__reach=0.06)  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
def test_lineages_are_measured_as_networkx_does(seed):
    tape = simulate(SCENARIO, seed)
    events, forest = tape.events, nx.Graph()
    rows = np.flatnonzero(events.kind <= LEARN)
    forest.add_nodes_from(rows)
    ties = list(zip(tape.influences.parent, tape.influences.child, strict=True))
    forest.add_edges_from(ties)
    roots = np.flatnonzero(events.kind == DISCOVER)
    deep = [nx.single_source_shortest_path_length(forest, root) for root in roots]
    levels = [length for one in deep for length in one.values()]
    assert depth(tape) == pytest.approx((np.mean(levels), max(levels)))
    assert breadth(tape) == max(list(one.values()).count(k) for one in deep for k in set(one.values()))
    apart = [nx.shortest_path_length(forest, a, b) for one in deep for a, b in combinations(one, 2)]
    assert wiener(tape) == pytest.approx(np.mean(apart))
    waits = [events.step[b] - events.step[a] for a, b in ties]
    assert waiting_times(tape) == pytest.approx((np.mean(waits), np.std(waits)))


def test_every_name_has_as_many_numbers_as_labels():
    tape = simulate(SCENARIO, 1)
    record = record_of(tape, SCENARIO)
    for name in (*summaries.NAMED, "total", "adoption-curve"):
        some = summaries_of([name], record)
        assert len(summaries.summarise(tape, some)) == len(labels_of(some)) > 0
    some = summaries_of(["final_size", lambda tape: [len(tape.events), np.nan]], record)
    assert observed(record, some).tolist() == [depth(tape) and len(np.unique(tape.events.person)), len(tape.events), 0]


@pytest.mark.parametrize(("names", "said"), [
    (["dpth"], "did you mean 'depth'?"),
    (["depth"], "the record is an adoption curve, and does not say"),
    (["total"], "the record is an adoption curve, and does not say"),
    ([], "none; allowed"),
    ([len], "a function of a tape, but the record is an adoption curve"),
])  # fmt: skip
def test_what_a_record_does_not_say_is_not_compared(names, said):
    record = record_of({"time": [1, 2], "count": [3, 4]}, SCENARIO)
    with pytest.raises(ValueError, match=r".") as error:
        summaries_of(names, record)
    assert said in str(error.value)


def test_a_curve_is_compared_where_it_is_known():
    record = record_of({"time": [2, 7], "count": [3, 9]}, SCENARIO)
    some = summaries_of(["adoption_curve", "final_size"], record)
    assert labels_of(some) == ("adopted by step 2", "adopted by step 7", "final size")
    assert np.isnan(observed(record, some)[-1]) or observed(record, some).tolist()[:2] == [3, 9]
