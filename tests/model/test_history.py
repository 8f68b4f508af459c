"""The scenario files that come with shoulders, and what the historical cases among them claim to show."""

from functools import cache
from typing import Any

import numpy as np
import pytest

import sim
from sim import credit
from sim.model.forecast import most_events, predict_memory
from sim.scenario.bundled import read_text
from sim.scenario.groups import person_ranges
from sim.tape.tables import ABANDON, DISCOVER, LEARN, LEAVE
from tests import FULL

HISTORY = ["cocks_rsa", "gauss_fft", "gpus_deep_learning", "kant_critique", "karush_kuhn_tucker", "lstm",
           "quaternions", "xerox_apple"]  # fmt: skip
LONG = "e3_ten_thousand_ideas"
SEEDS = (1, 2, 3)


def load(name: str, **changes: Any) -> sim.Scenario:
    """A scenario with some keys changed; `__` stands for the dot."""
    return sim.Scenario.load(name).replace({key.replace("__", "."): value for key, value in changes.items()})


@cache
def tape_of(name: str) -> sim.Tape:
    return sim.simulate(load(name), engine="kernels")


def until(name: str, step: int) -> sim.Tape:
    """The same history, cut off after this step."""
    return sim.simulate(load(name, scenario__steps=step))


def by_name(tape: sim.Tape, method: str = "role-flow") -> dict[str, dict[str, Any]]:
    return {row["person"]: row for row in credit(tape, method).by_group()}


def shares(tape: sim.Tape, method: str = "role-flow") -> dict[str, float]:
    return {name: row["share"] for name, row in by_name(tape, method).items()}


def holders(tape: sim.Tape, idea: str) -> np.ndarray:
    """How many people hold an idea at the end of each step, the crowd included; shape (steps + 1,)."""
    step, kind, _, which, count = tape.events.columns().values()
    sign = np.isin(kind, (DISCOVER, LEARN)) * 1 - np.isin(kind, (ABANDON, LEAVE)) * 1
    of = which == tape.ideas.index(idea)
    return np.cumsum(np.bincount(step[of], (sign * count)[of], tape.steps + 1))


@pytest.mark.parametrize("name", [name for name in sorted({*sim.scenarios(), *HISTORY}) if FULL or name != LONG])
def test_a_scenario_says_what_it_shows_takes_effect_and_needs_no_more_than_was_foreseen(name: str) -> None:
    assert read_text(name)[0].startswith("# ")
    scenario, tape = load(name), tape_of(name)
    assert scenario.scenario.description
    assert all(deed.step <= scenario.scenario.steps for deed in scenario.interventions)
    assert "interventions_without_effect" not in tape.provenance
    assert predict_memory(scenario, "agents", most_events(scenario)) < 5e9
    if not scenario.dynamics.readopt:  # nobody adopts twice
        persons = tape.events.person
        singles = (persons >= 0) & (persons < len(person_ranges(scenario)["everyone"]))
        assert singles.sum() <= most_events(scenario)
    if name in HISTORY:
        assert "An illustration with made-up parameters, not evidence." in scenario.scenario.description
        assert tape.total > 0.0


@pytest.mark.parametrize("seed", SEEDS)
def test_kant_is_read_once_he_has_rewritten_the_critique_and_not_otherwise(seed: int) -> None:
    kant = load("kant_critique")
    rewrite = [deed.kind for deed in kant.interventions].index("rewrite")
    unclear = kant.replace({f"interventions.{rewrite}.clarity": kant.ideas[0].clarity})
    public = kant.world.size or 0
    read, unread = (holders(sim.simulate(world, seed), kant.ideas[0].name) for world in (kant, unclear))
    assert (read[:7] == unread[:7]).all()  # 1786 and before
    assert 0 < read[6] < 0.005 * public
    assert read[20] > 0.1 * public  # 1800
    assert unread.max() < 0.005 * public
    total, rows = tape_of("kant_critique").total, by_name(tape_of("kant_critique"))
    assert rows["Kant"]["idea"] == pytest.approx(total / 2, rel=1e-12)
    assert rows["Reinhold"]["communication"] + rows["scholar"]["communication"] > 0.4 * total
    assert 0.0 < rows["Kant"]["communication"] < 0.1 * total  # whom some read in the original


def test_karush_was_first_and_was_hardly_heard_once_the_thesis_was_found() -> None:
    tape = tape_of("karush_kuhn_tucker")
    assert shares(tape, "priority")["Karush"] == 1.0
    role_flow = shares(tape)
    assert 0.0 < role_flow["Karush"] < 0.01
    assert 0.4 < role_flow["Kuhn"] == pytest.approx(role_flow["Tucker"], rel=1e-9)
    before = until("karush_kuhn_tucker", 35)  # 1973
    assert before.total > 0.0
    assert (shares(before)["Karush"], shares(before, "priority")["Karush"]) == (0.0, 1.0)


def test_the_world_owes_next_to_nothing_to_gauss_but_tukey_s_idea_that_garwin_carried_and_cooley_made_work() -> None:
    """Tukey and Cooley published together: half of the world learned from him, half from Cooley, whom Garwin told."""
    tape = tape_of("gauss_fft")
    rows, share = by_name(tape), shares(tape)
    assert 0.0 < share["Gauss"] < 1e-3
    assert shares(tape, "priority")["Gauss"] == 1.0
    assert holders(tape, "FFT")[51:159].max() == 0  # from Gauss's death to Tukey
    roles = [rows["Tukey"]["idea"], *(rows[name]["communication"] for name in ("Tukey", "Garwin", "Cooley"))]
    assert np.array(roles) / tape.total == pytest.approx([1 / 3, 1 / 6, 1 / 12, 1 / 12], abs=1e-3)
    assert rows["Cooley"]["implementation"] == pytest.approx(tape.total / 3, rel=1e-12)
    assert [share[name] for name in ("Tukey", "Cooley", "Garwin")] == pytest.approx([0.5, 5 / 12, 1 / 12], abs=1e-3)


def test_cocks_has_credit_only_after_the_release_through_his_own_telling() -> None:
    before = until("cocks_rsa", 24)  # 1996
    assert before.total > 0.0
    assert (shares(before)["Cocks"], shares(before, "priority")["Cocks"]) == (0.0, 1.0)
    role_flow = shares(tape_of("cocks_rsa"))
    assert 0.0 < role_flow["Cocks"] < 0.01
    assert [role_flow[name] for name in ("Shamir", "Adleman")] == pytest.approx([role_flow["Rivest"]] * 2, rel=1e-9)


def test_xerox_keeps_the_idea_and_shares_the_implementation_from_the_lisa_on() -> None:
    tape = tape_of("xerox_apple")
    assert shares(until("xerox_apple", 12)) == pytest.approx({"Xerox PARC": 1.0, "Apple": 0.0})
    before = until("xerox_apple", 12).total  # 1983; the Lisa is in use from the next year on
    after = tape.total - before
    assert 0.0 < before < 0.01 * after
    rows = by_name(tape)
    xerox, apple = rows["Xerox PARC"], rows["Apple"]
    assert xerox["idea"] == pytest.approx(tape.total / 3, rel=1e-12)
    made = [maker["implementation"] for maker in (xerox, apple)]
    assert made == pytest.approx([(before + after / 2) / 3, after / 2 / 3], rel=1e-9)
    assert apple["communication"] > 0.99 * tape.total / 3


def test_lstm_is_slow_then_sudden_and_needs_the_computers_and_the_explanation() -> None:
    tape, lstm = tape_of("lstm"), load("lstm")
    held = holders(tape, "LSTM")
    assert 0 < held[1:17].max() < 0.001 * held[-1]  # 2012 and before
    assert held[20] > 0.3 * held[-1]  # 2016
    assert until("lstm", 13).total == 0.0  # 2009
    kinds = [deed.kind for deed in lstm.interventions]
    gpus, essay = kinds.index("set"), kinds.index("rewrite")
    assert sim.simulate(lstm.replace({f"interventions.{gpus}.value": float("inf")})).total == 0.0
    unexplained = sim.simulate(lstm.replace({f"interventions.{essay}.clarity": lstm.ideas[0].clarity}))
    assert unexplained.total < 0.2 * tape.total


def test_deep_nets_are_given_up_before_there_are_gpus() -> None:
    held, later = (holders(tape_of("gpus_deep_learning"), idea) for idea in ("deep nets", "deep learning on GPUs"))
    assert held[1:22].max() > 100_000  # before 2007
    assert held[24] < 0.1 * held[1:22].max()  # 2009
    assert later[:26].max() == 0  # before 2011


def test_the_maker_of_gpus_and_those_of_deep_nets_inherit_from_what_stands_on_them() -> None:
    tape = tape_of("gpus_deep_learning")
    for inheritance, buck in ((0.0, 0.0), (0.5, 1 / 12), (1.0, 1 / 6)):
        table = credit(tape, inheritance=inheritance).persons
        assert dict(zip(table.person, table.share, strict=True))["Buck"] == pytest.approx(buck, abs=1e-12)
    rows = by_name(tape)
    kept = {row["person"]: row for row in credit(tape, inheritance=0.0).by_group()}
    assert kept["Rumelhart"]["credit"] == 0.0 < rows["Rumelhart"]["credit"]
    assert shares(tape, "priority")["Rumelhart"] == shares(tape, "priority")["Buck"] == 0.0
    # Half of the idea's third passes on, and half of that to deep nets; Hinton passes on half of his own part, too.
    gained = rows["Rumelhart"]["credit"] + rows["Hinton"]["credit"] - kept["Hinton"]["credit"]
    assert gained == pytest.approx(tape.total / 12 - kept["Hinton"]["idea"] / 2, rel=1e-12)
    for seed in range(20):  # no chance decides who earns what
        assert shares(sim.simulate(load("gpus_deep_learning"), seed)) == pytest.approx(shares(tape), abs=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_quaternions_fall_and_rise(seed: int) -> None:
    tape = sim.simulate(load("quaternions"), seed)
    held, rival = (holders(tape, idea) / 300 for idea in ("quaternions", "vector analysis"))  # of 300 chairs
    assert held[38] > 0.6  # 1880, before vectors
    assert held[90] < 0.25  # 1932
    assert rival[90] > 0.6
    assert held[142] < 0.05  # 1984
    assert held[171] > 0.6  # 2013


def test_hamilton_earns_again_after_the_revival() -> None:
    before, after = by_name(until("quaternions", 142)), by_name(tape_of("quaternions"))
    assert after["Hamilton"]["credit"] > 1.2 * before["Hamilton"]["credit"]
    assert after["Shoemake"]["credit"] > 0.0
