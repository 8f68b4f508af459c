"""Designs: which cells there are, of which kind their values are, which seeds their runs have."""

import itertools
import math
from collections import Counter

import numpy as np
import pytest

from sim import ScenarioError, Study
from sim.study.design import Cells, parse_vary, seeds_of
from tests.study.worlds import MEASURES, TEXT, VARY, study, world


def test_a_grid_is_every_combination_the_last_key_varying_fastest():
    pairs = itertools.product([0.0, 0.2, 0.4], [0.1, 0.5])
    expected = [{"dynamics.abandon_rate": rate, "persons.Ada.reach": reach} for rate, reach in pairs]
    cells = study().cells
    assert list(cells) == expected
    assert [cells[-1], *cells[1:3]] == [expected[-1], *expected[1:3]]
    with pytest.raises(IndexError):
        cells[6]
    assert list(Study(world(), replicates=3).cells) == [{}]
    assert Study(world()).runs == world().scenario.replicates
    cells = Cells(("a", "b", "c"), (tuple(range(10_000)),) * 3, True)
    assert len(cells) == 10**12
    assert cells[123_456_789_012] == {"a": 1234, "b": 5678, "c": 9012}


def test_where_the_scenario_takes_whole_numbers_a_range_has_whole_numbers():
    steps = study(vary={"scenario.steps": {"start": 1, "stop": 10, "num": 4}}).cells
    assert [cell["scenario.steps"] for cell in steps] == [1, 4, 7, 10]
    sampled = study(vary={"scenario.steps": [5, 60], "dynamics.abandon_rate": [0, 1]}, design="sobol", samples=16).cells
    assert all(type(cell["scenario.steps"]) is int and 5 <= cell["scenario.steps"] <= 60 for cell in sampled)
    assert len({cell["dynamics.abandon_rate"] for cell in sampled}) == 16


def test_sampled_cells_are_balanced():
    vary = {"dynamics.abandon_rate": [0.0, 0.5], "persons.Ada.reach": [0.2, 0.4]}
    made = study(vary=vary, design="latin-hypercube", samples=20)
    for key, (low, high) in vary.items():
        places = np.floor([(cell[key] - low) / (high - low) * 20 for cell in made.cells])
        assert sorted(places.tolist()) == list(range(20))
    assert list(study(vary=vary, design="latin-hypercube", samples=20).cells) == list(made.cells)
    assert list(study(vary=vary, design="latin-hypercube", samples=20, seed=4).cells) != list(made.cells)
    assert made.problem() == {"num_vars": 2, "names": list(vary), "bounds": [[0.0, 0.5], [0.2, 0.4]]}
    cells = study(vary={key: [0.0, 1.0] for key in vary}, design="sobol", samples=64).cells
    quarters = Counter(tuple(cell[key] < 0.5 for key in vary) for cell in cells)
    assert sorted(quarters.values()) == [16] * 4


def test_luck_is_common_or_each_cells_own():
    table = study().run()
    assert table.groupby("replicate")["seed"].nunique().eq(1).all()
    assert sorted(table["seed"].unique()) == list(range(3, 10))
    own = study(common_random_numbers=False).run()
    assert own["seed"].nunique() == len(own) == 42
    assert not own[["total", "reached"]].equals(table[["total", "reached"]])
    one_by_one = [seed for k in range(10) for seed in seeds_of(2**64 - 1, 5, range(k, k + 1), False)]
    assert seeds_of(2**64 - 1, 5, range(10), False) == one_by_one
    many = [seed for cell in range(50) for seed in seeds_of(9, cell, range(200), False)]
    assert len(set(many)) == 10_000
    assert all(0 <= seed < 2**64 for seed in many)
    assert abs(np.mean(np.array(many, np.float64)) / 2**63 - 1.0) < 4 / np.sqrt(3 * 10_000)
    assert seeds_of(2**64 - 1, 0, range(2), True) == [2**64 - 1, 0]


@pytest.mark.parametrize(("text", "design", "awaits"), [
    ("a.b=0:0.5:11", "grid", ("a.b", {"start": 0, "stop": 0.5, "num": 11})), ("a.b=0:0.5", "sobol", ("a.b", [0, 0.5])),
    ("a.b=simple, threshold", "grid", ("a.b", ["simple", "threshold"])),
    ("a.b=1,2.5,inf", "grid", ("a.b", [1, 2.5, math.inf])), ("a.b=true,false", "grid", ("a.b", [True, False])),
    ('a.b={kind="none"}', "grid", ("a.b", [{"kind": "none"}])), ("a.b=forever,3", "grid", ("a.b", ["forever", 3])),
])  # fmt: skip
def test_flags_say_what_varies(text, design, awaits):
    assert parse_vary(text, design) == awaits


def test_flags_that_say_nothing_are_refused():
    for text, design in (
        ("a.b", "grid"),
        ("=3", "grid"),
        ("a.b=", "grid"),
        ("a.b=0:1", "grid"),
        ("a.b=0:1:11", "sobol"),
    ):
        with pytest.raises(ValueError, match="--vary"):
            parse_vary(text, design)


HUGE = {"start": 0, "stop": 1, "num": 100_000}
MANY = {f"persons.Ada.{key}": HUGE for key in ("reach", "skill", "clarity", "creativity")}


@pytest.mark.parametrize(("changes", "says"), [
    ({"vary": {"dynamics.abandon_rat": [1.0]}}, "did you mean 'abandon_rate'"),
    ({"vary": {"persons.Ida.reach": [1.0]}}, "did you mean 'Ada'"),
    *(({"vary": {"persons.Ada.reach": given}}, says) for given, says in (
        ([0.5, 1.5], "persons.Ada.reach"), ([0.5, 0.5], "twice"), ([], "list of values"), (0.5, "list of values"),
        ([object()], "not a object"), ({"start": 0, "stop": 1, "num": 0}, "START:STOP:NUM"),
        ({"start": 0, "stop": math.inf, "num": 3}, "START:STOP:NUM"), (HUGE | {"start": 1}, "NUM up to 1"),
    )),
    *(({"design": "sobol", "samples": 4, "vary": {"persons.Ada.reach": given}}, "range")
      for given in (HUGE, [0.1, 0.2, 0.3])),
    ({"design": "sobol", "samples": 6, "vary": {"persons.Ada.reach": [0.0, 1.0]}}, "powers of 2"),
    ({"vary": {"scenario.steps": {"start": 3, "stop": 5, "num": 9}}}, "NUM up to 3"), ({"samples": 4}, "sampled"),
    ({"vary": {"cell": [1]}}, "no key 'cell'"), ({"vary": {"scenario.seed": [1, 2]}}, "not varied"),
    ({"design": "girds"}, "did you mean 'grid'"), ({"design": "sobol"}, "samples"), ({"design": "list"}, "cells"),
    ({"design": "sobol", "samples": 4, "vary": {}}, "needs keys"), ({"cells": [{}]}, "no vary"),
    ({"vary": {}, "cells": []}, "none"), ({"vary": {}, "cells": [{"persons.Ada.reach": 0.1}, {}]}, "cell 1 has no"),
    ({"replicates": 0}, "replicates"), ({"replicates": 10**12}, "runs; allowed"), ({"seed": -1}, "seed"),
    ({"vary": MANY}, "00,000,000,000,000,000,000 runs; allowed"),
    ({"engine": "kernel"}, "did you mean 'kernels'"), ({"measures": ["totl"]}, "did you mean 'total'"),
    ({"measures": ["share:Ida"]}, "did you mean 'Ada'"),
])  # fmt: skip
def test_what_is_no_study_is_refused_in_one_line(changes, says):
    with pytest.raises(ValueError, match=says) as raised:
        study(**changes)
    assert "\n" not in str(raised.value)


def test_a_list_of_cells_is_a_design():
    cells = [{"persons.Ada.reach": 0.1, "scenario.steps": 3}, {"scenario.steps": 9, "persons.Ada.reach": 0.3}]
    made = study(vary={}, cells=cells)
    assert made.design == "list"
    found = made.run()[["persons.Ada.reach", "scenario.steps"]]
    assert found.to_numpy().tolist() == [[0.1, 3]] * 7 + [[0.3, 9]] * 7


def test_a_study_file_says_the_same_as_python_and_names_no_code(tmp_path):
    (tmp_path / "world.toml").write_text(TEXT, encoding="utf-8")
    (tmp_path / "study.toml").write_text(
        'study.scenario = "world.toml"\nstudy.replicates = 7\n'
        f"study.measures = {MEASURES}\n[study.vary]\n"
        '"dynamics.abandon_rate" = "0.0:0.4:3"\n"persons.Ada.reach" = [0.1, 0.5]\n', encoding="utf-8",
    )  # fmt: skip
    from_file = Study.from_toml(tmp_path / "study.toml")
    assert from_file.about() == study().about()
    assert VARY.keys() == from_file.vary.keys()
    for line, says in (
        ("replicate = 7", r"study\.replicate: unknown key.*did you mean 'replicates'"),
        ('measures = ["total", "os:getcwd"]', r"study\.measures: 'os:getcwd' is code.*--measure os:getcwd"),
    ):
        (tmp_path / "study.toml").write_text(f'[study]\nscenario = "world.toml"\n{line}\n', encoding="utf-8")
        with pytest.raises(ScenarioError, match=rf"study\.toml:3: {says}"):
            Study.from_toml(tmp_path / "study.toml")
