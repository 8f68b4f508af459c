"""The scenario file: what is valid, what is refused, and that the refusal says where, what and how to mend it."""

import math
import pickle
import re
import sys
import tomllib
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter

from sim.engines import simulate
from sim.errors import ScenarioError
from sim.model.forecast import predict_memory
from sim.scenario import distributions, interventions, networks, sections
from sim.scenario.bundled import MAX_BYTES
from sim.scenario.groups import EVERYONE, EVERYTHING, find, idea_ranges, person_ranges
from sim.scenario.keys import parse_value
from sim.scenario.locate import line_of
from sim.scenario.networks import WattsStrogatz
from sim.scenario.scenario import Scenario
from sim.scenario.template import WIDTH, template
from tests import cases, examples
from tests.damage import mutated

DATA = Path(__file__).parent.parent / "data"
ROOT = Path(__file__).parents[2]
INVALID = sorted((DATA / "invalid").glob("*.toml"))
VALID = sorted((DATA / "valid").glob("*.toml"))
SHIPPED = sorted((ROOT / "scenarios").glob("*.toml"))
LEAKS = re.compile(r"pydantic|(List|String) should|Value error|instance of|dictionary|type=|__|Traceback|\bAbout\b")
BASE = """
[scenario]
name = "x"
steps = 5
[[persons]]
name = "J. S. Bach"
[[persons]]
name = "J"
[[ideas]]
name = "wheel"
[[ideas]]
name = "cart"
prerequisites = ["wheel"]
[[ties]]
from = "J"
to = "J. S. Bach"
[[interventions]]
step = 1
kind = "discover"
person = "J"
"""


def refusal(call: Callable[..., object], *given: Any, **options: Any) -> ScenarioError:
    with pytest.raises(ScenarioError) as caught:
        call(*given, **options)
    return caught.value


def paths(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    entries = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [path, *(deeper for key, value in entries for deeper in paths(value, (*path, key)))]


@pytest.mark.parametrize("file", INVALID, ids=lambda file: file.stem)
def test_an_invalid_scenario_is_refused_in_one_line_that_says_where_and_what(file):
    expected = re.match(rb"# error: (\d*): ([^:]*): (.+)", file.read_bytes())
    assert expected, f"{file.name} does not begin with '# error: <line>: <key>: <part of the message>'"
    line, key, part = (group.decode() for group in expected.groups())
    depth = sys.getrecursionlimit()
    error = refusal(Scenario.load, file)
    message = str(error)
    assert message.startswith(f"{file}" + f":{line}" * bool(line) + f": {key}" * bool(key) + ": "), message
    assert part.strip() in message
    assert (error.line, error.file) == (int(line) if line else None, str(file))
    assert message.isprintable(), "escape codes and line ends must not reach a terminal"
    assert len(message) < 1000
    assert not LEAKS.search(message), "words of the machinery, which mean nothing to a user"
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None, "no traceback of the machinery"
    assert sys.getrecursionlimit() == depth


def test_every_section_and_kind_has_an_invalid_example():
    stems = {file.stem for file in INVALID}
    names = {"scenario", "world", "network", "population", "person", "tie", "idea", "dynamics", "impact", "credit"}
    assert {f"unknown_in_{section}" for section in names} <= stems
    deeds = {kind_of(model) for model in members(interventions.Intervention)}
    assert {kind for kind in deeds if not any(stem.startswith((f"deed_{kind}_", "set_")) for stem in stems)} == set()
    spreads = {kind_of(model) for model in members(distributions.Distribution)}
    assert {kind for kind in spreads if not any(s.startswith(f"distribution_{kind}") for s in stems)} == set()


@pytest.mark.parametrize("place", [".", "x/y.toml", "x" * 300, "/dev/null/x.toml", "vilage.toml"])
def test_what_cannot_be_read_is_refused_by_name_and_the_nearest_is_named(place, tmp_path):
    (tmp_path / "village.toml").write_text(BASE)
    message = str(refusal(Scenario.load, tmp_path / place))
    assert message.startswith(str(tmp_path / place))
    if place == "vilage.toml":
        assert re.search(r"vilage\.toml: no such file; .*did you mean 'village\.toml'\?", message)


def test_a_file_is_read_up_to_the_largest_size_and_no_further(tmp_path):
    file = tmp_path / "large.toml"
    fill = MAX_BYTES - len(BASE) - 1
    file.write_text(BASE + "#" + "x" * fill)
    assert file.stat().st_size == MAX_BYTES
    assert Scenario.load(file).scenario.steps == 5
    file.write_text(BASE + "#" + "x" * (fill + 1))
    endless = Path("/dev/zero")  # a device of Linux
    for large in [file, endless] if endless.exists() else [file]:
        assert f"larger than {MAX_BYTES} bytes" in str(refusal(Scenario.load, large))


def test_a_byte_order_mark_is_no_error(tmp_path):
    file = tmp_path / "notepad.toml"
    file.write_bytes(b"\xef\xbb\xbf" + BASE.replace("\n", "\r\n").encode())
    assert Scenario.load(file) == Scenario.from_toml(BASE, folder=tmp_path)


LONG_ARRAY = "persons = [\n" + "".join(f'{{name = "p{n}"}},\n' for n in range(300)) + '{name = "last", foo = 1},\n]\n'
LONG_LIST = "".join(f'[[persons]]\nname = "p{n}"\n' for n in range(2000)) + '[[persons]]\nname = "last"\nfoo = 1\n'


@pytest.mark.parametrize(("text", "line"), [
    (LONG_ARRAY + 'ideas = [{ name = "i" }]\nscenario.name = "x"\n', 302),
    (BASE + LONG_LIST, BASE.count("\n") + 4000 + 3),
    (BASE + "[[persons]]\nname = 'last'\nfoo = [[[\n" + "1,\n" * 150 + "]]]\n", BASE.count("\n") + 3),
])  # fmt: skip
def test_an_error_among_many_entries_is_found_at_once(text, line, monkeypatch):
    parsed, loads = [], tomllib.loads
    monkeypatch.setattr(tomllib, "loads", lambda text: parsed.append(text) or loads(text))
    error = refusal(Scenario.from_toml, text)
    assert (error.key, error.line) == ("persons.last.foo", line)
    assert len(parsed) < 100, "a thousand lines of arrays take two minutes, and the time grows with the cube"


@pytest.mark.parametrize("file", [*SHIPPED[:4], *VALID], ids=lambda file: file.name)
def test_the_line_of_every_value_is_the_one_on_which_it_stands(file):
    # An oracle that asks the parser: with the line blanked or the value changed in place, only that value changes.
    text = file.read_text(encoding="utf-8")
    lines = text.split("\n")
    before = paths(tomllib.loads(text))
    for path in before:
        if not path or isinstance(path[-1], int):
            continue
        line, word = line_of(text, path), path[-1]
        found = re.search(rf"(^|[\s{{,.\[\"'])({re.escape(word)})[\"']?\s*([=.\]])", lines[line - 1])
        assert found, f"{file.name}:{line}: no '{word}' here"
        renamed = lines[line - 1][: found.start(2)] + "zz_renamed" + lines[line - 1][found.end(2) :]
        after = paths(tomllib.loads("\n".join([*lines[: line - 1], renamed, *lines[line:]])))
        assert path not in after or sum(word in p for p in after) < sum(word in p for p in before)


def test_a_folder_is_no_network_file(tmp_path):
    (tmp_path / "folder.csv").mkdir()
    network = '[world.network]\nkind = "file"\npath = "folder.csv"\n'
    error = refusal(Scenario.from_toml, BASE + network, folder=tmp_path)
    assert error.problem.startswith("no file 'folder.csv' beside the scenario")


def test_the_error_is_one_line_whatever_it_is_made_of():
    error = ScenarioError("a\nb\x1b[2J\u2028c\u202e\ud800", "dir\n/f\x07.toml", 3, "k\r\ney")
    assert str(error).isprintable()
    assert str(error).encode()
    assert isinstance(error, ValueError)


def members(union: Any) -> list[type[BaseModel]]:
    """The models of a (possibly annotated) union."""
    if isinstance(union, type):
        return [union] if issubclass(union, BaseModel) else []
    return [model for part in typing.get_args(union) for model in members(part)]


def kind_of(model: type[BaseModel]) -> str:
    return str(typing.get_args(model.model_fields["kind"].annotation)[0])


def every_model() -> list[type[BaseModel]]:
    found = [Scenario]
    for model in found:
        for field in model.model_fields.values():
            found += [inner for inner in members(field.annotation) if inner not in found]
    return found


def used(value: Any) -> set[tuple[type[BaseModel], str]]:
    if isinstance(value, BaseModel):
        fields = {name: getattr(value, name) for name in value.model_fields_set}
        return {(type(value), name) for name in fields} | {u for inner in fields.values() for u in used(inner)}
    return {u for inner in value for u in used(inner)} if isinstance(value, list) else set()


def test_the_valid_examples_use_every_key_of_every_section_and_kind():
    everything = {(model, name) for model in every_model() for name in model.model_fields if name != "abilities"}
    assert len(everything) > 100  # abilities are spelled out as three other keys
    seen = {u for file in VALID for u in used(Scenario.load(file))}
    assert {f"{model.__name__}.{name}" for model, name in everything - seen} == set()


def test_the_valid_examples_use_every_word_that_is_allowed():
    fields = [(model, *field) for model in every_model() for field in model.model_fields.items()]
    words = {(model, name, word) for model, name, field in fields for word in literals(field.annotation)}
    texts = [tomllib.loads(file.read_text(encoding="utf-8")) for file in VALID]
    seen = {(path[-1], value) for text in texts for path in paths(text) if isinstance(value := at(text, path), str)}
    assert {f"{model.__name__}.{name} = {word}" for model, name, word in words if (name, word) not in seen} == set()


def literals(annotation: Any) -> list[str]:
    inner = typing.get_args(annotation)
    if typing.get_origin(annotation) is typing.Literal:
        return list(inner)
    return [word for part in inner for word in literals(part)]


def at(data: Any, path: tuple[Any, ...]) -> Any:
    for part in path:
        data = data[part]
    return data


@pytest.mark.parametrize("file", [*VALID, *SHIPPED], ids=lambda file: file.name)
def test_a_scenario_survives_the_way_to_toml_and_back_and_runs(file):
    scenario = Scenario.load(file)
    again = Scenario.from_toml(scenario.to_toml(), folder=file.parent)
    assert again == scenario
    assert again.to_toml() == scenario.to_toml()
    if file in VALID:
        tape = simulate(again.replace({"scenario.steps": min(6, scenario.scenario.steps)}))
        assert tape.steps <= 6
        assert len(tape.events)


def test_what_is_written_out_holds_every_default():
    text = tomllib.loads(Scenario.from_toml(BASE).to_toml())
    plain = {"dynamics": sections.Dynamics, "credit": sections.CreditSection, "population": sections.Population}
    for name, section in plain.items():
        assert text[name] == section().model_dump()
    assert text["persons"][1]["born"] == text["scenario"]["seed"] == 0


def test_numbers_are_what_was_meant():
    scenario = Scenario.from_toml(BASE + '[world]\nsize = 1e10\n[dynamics]\ntelling_period = "forever"\n')
    assert (scenario.world.size, type(scenario.world.size)) == (10**10, int)
    assert scenario.dynamics.telling_period == math.inf
    large = scenario.replace({"scenario.seed": 2**64 - 1})
    assert Scenario.from_toml(large.to_toml()).scenario.seed == 2**64 - 1


def test_a_scenario_is_a_value():
    scenario, copy = Scenario.from_toml(BASE), pickle.loads(pickle.dumps(Scenario.load(VALID[0])))
    for place, name in [(scenario, "dynamics"), (scenario.dynamics, "abandon_rate"), (scenario.persons[0], "name")]:
        with pytest.raises(ValueError, match="frozen"):
            setattr(place, name, 1)
    assert scenario == Scenario.from_toml(BASE) != scenario.replace({"dynamics.abandon_rate": 0.2})
    assert (copy, copy.folder) == (Scenario.load(VALID[0]), VALID[0].parent)
    assert copy.replace({"dynamics.abandon_rate": 0.2}).folder == VALID[0].parent


def test_values_of_numpy_and_what_stands_for_a_scenario_are_taken(tmp_path):
    scenario = Scenario.from_toml(BASE)
    given = {"world.size": np.int64(9), "dynamics.abandon_rate": np.float32(0.5), "dynamics.readopt": np.bool_(True),
             "population.skill": {"kind": "choice", "values": np.array([0.0, 1.0])},
             "world.network": {"kind": "file", "path": Path("ties.csv")}}  # fmt: skip
    (tmp_path / "ties.csv").write_text("source,target\n")
    found = Scenario.from_toml(BASE, folder=tmp_path).replace(given)
    assert (found.world.size, found.dynamics.abandon_rate, found.population.skill.values) == (9, 0.5, [0.0, 1.0])
    assert Scenario.of(scenario) is scenario
    assert Scenario.of("e1_interpreter") == Scenario.load(Path("scenarios/e1_interpreter.toml"))
    assert "scenario: must be a Scenario, a path or a name, is a int" in str(refusal(Scenario.of, 3))
    assert repr(scenario) == str(scenario) == "Scenario('x', 2 persons, 2 ideas, 5 steps)"
    assert "<td>persons</td><td>2</td>" in scenario._repr_html_()


def test_a_value_whose_sum_overflows_is_refused_where_it_stands():
    text = BASE.replace('name = "wheel"', 'name = "wheel"\nvalue = 1.7e308')
    assert refusal(Scenario.from_toml, text).key == "ideas.wheel.value"
    setting = '\n[[interventions]]\nstep = 2\nkind = "set"\nkey = "ideas.cart.value"\nvalue = 1e308\n'
    assert refusal(Scenario.from_toml, BASE + setting).key.endswith(".value")
    assert Scenario.from_toml(BASE.replace('name = "wheel"', 'name = "wheel"\nvalue = 1e300'))


def test_the_template_holds_every_key_with_its_meaning_and_is_valid_with_each_of_them():
    lines = template().splitlines()
    name = Scenario.from_toml(template()).scenario.name
    assert template().isascii()
    assert max(map(len, lines)) <= WIDTH
    section, shown = "", set()
    for number, line in enumerate(lines):
        if header := re.match(r"\[+([\w.]+)\]", line):
            section = header[1]
        elif entry := re.match(r"(# )?(\w+) = ", line):
            shown.add((section, entry[2]))
            if entry[1] and entry[2] not in ("prerequisites", "rival_of", "abilities"):  # which say what is elsewhere
                text = "\n".join([*lines[:number], line.removeprefix("# "), *lines[number + 1 :]])
                assert Scenario.from_toml(text).scenario.name == name, line
    keys = {(of, field.alias or key) for of, model in every_section() for key, field in model.model_fields.items()}
    assert {(of, key) for of, key in keys - shown if key != "network"} == set()


def every_section() -> list[tuple[str, type[BaseModel]]]:
    """The sections of the template, and the kinds of network and intervention in it."""
    found = [(name, inner) for name, field in Scenario.model_fields.items() for inner in members(field.annotation)
             if name != "interventions"]  # fmt: skip
    return [*found, ("world.network", WattsStrogatz), ("interventions", interventions.Publish)]


def test_every_key_of_every_kind_has_a_sentence_and_an_example_that_is_allowed():
    for model in every_model():
        for name, field in model.model_fields.items():
            if model is Scenario or name == "kind":
                continue
            assert field.description, f"{model.__name__}.{name}"
            assert field.description.endswith("."), f"{model.__name__}.{name}"
            for example in field.examples or ():
                TypeAdapter(Annotated[field.annotation, field]).validate_python(example, strict=True)


def test_the_template_names_every_word_that_is_allowed():
    unions = (networks.Network, distributions.Distribution, interventions.Intervention)
    words = [kind_of(model) for union in unions for model in members(union)]
    words += typing.get_args(sections.CreditSection.model_fields["method"].annotation)
    assert [word for word in words if not re.search(rf"\b{word}\b", template())] == []


@pytest.mark.parametrize(("key", "value", "where"), [
    ("dynamics.abandon_rate", 0.2, lambda s: s.dynamics.abandon_rate),
    ("dynamics.telling_period", "forever", lambda s: "forever" if math.isinf(s.dynamics.telling_period) else 0),
    ("scenario.name", "1.5", lambda s: s.scenario.name),
    ("world.network.kind", "complete", lambda s: s.world.network.kind),
    ("persons.J.clarity", 0.3, lambda s: s.persons[1].clarity),
    ("persons.J. S. Bach.clarity", 0.3, lambda s: s.persons[0].clarity),
    ("ideas.cart.prerequisites", [], lambda s: s.ideas[1].prerequisites),
    ("ties.0.from", "J. S. Bach", lambda s: s.ties[0].source),
    ("interventions.0.step", 3, lambda s: s.interventions[0].step),
    ("credit.method", "priority", lambda s: s.credit.method),
    ("interventions", [], lambda s: s.interventions),
])  # fmt: skip
def test_replace_changes_this_key_and_no_other(key, value, where):
    scenario = Scenario.from_toml(BASE)
    before = scenario.to_toml()
    assert where(scenario) != value
    changed = scenario.replace({key: value})
    assert where(changed) == value
    assert scenario.to_toml() == before, "the scenario itself stays as it was"
    old, new = tomllib.loads(before), tomllib.loads(changed.to_toml())
    both = {*paths(old), *paths(new)}
    differ = {p for p in both if (p in paths(old)) != (p in paths(new)) or at(old, p) != at(new, p)}
    assert {p[0] for p in differ if p} == {key.split(".")[0]}
    assert changed.replace({key: value}) == changed


def test_replace_takes_tables_and_several_keys_at_once():
    network = {"world.network": {"kind": "watts-strogatz", "neighbours": 2}, "world.network.rewire": 0.5}
    creativity = {"persons.J.creativity": {"kind": "uniform", "low": 0.1}, "persons.J.creativity.high": 0.2}
    scenario = Scenario.from_toml(BASE).replace({"population.count": 20} | network | creativity)
    assert scenario.world.network == WattsStrogatz(kind="watts-strogatz", neighbours=2, rewire=0.5)
    assert scenario.persons[1].creativity == distributions.Uniform(kind="uniform", low=0.1, high=0.2)


@pytest.mark.parametrize(("key", "value", "part"), [
    ("dynamics.abandon_rte", 0.2, "did you mean 'abandon_rate'"),
    ("dynamic.abandon_rate", 0.2, "did you mean 'dynamics'"),
    ("dynamics.abandon_rate", -1, "must be greater than or equal to 0, is -1"),
    ("dynamics.abandon_rate", "often", "must be a number, is 'often'"),
    ("dynamics.abandon_rate", None, "must be a number"),
    ("dynamics..abandon_rate", 1, "unknown key"),
    ("scenario.seed", 2**64, "scenario.seed"),
    ("scenario.steps", 10**5000, "a number of too many digits"),
    ("persons.Bach.clarity", 0.3, "no such entry; allowed: J. S. Bach, J; did you mean 'J. S. Bach'"),
    ("persons.J.name", "J. S. Bach", "there twice"),
    ("persons", 3, "must be a list, is 3"),
    ("persons", [], "there is nobody"),
    ("persons", [{"name": "K"}], "ties[0].from: no 'J'"),
    ("persons.J.clarity.kind", "beta", "is missing"),
    ("ideas.cart.prerequisites", ["cart"], "circle"),
    ("ideas.cart.prerequisites.0", "wheel", "ideas.cart.prerequisites.0"),
    ("ties.1.weight", 0.5, "no such entry; allowed: 0"),
    ("interventions.0.person", "K", "no 'K'"),
    ("", 3, "unknown key"),
    ("a" * 20_000, 3, "unknown key"),
], ids=lambda value: str(value)[:30] if not isinstance(value, int) else "")  # fmt: skip
def test_replace_refuses_what_is_not_there_or_not_allowed(key, value, part):
    error = refusal(Scenario.from_toml(BASE).replace, {key: value}, source="--set")
    assert str(error).startswith("--set: ")
    assert part in str(error)
    assert error.line is None
    assert str(error).isprintable()


@pytest.mark.parametrize(("text", "value"), [
    ("0.2", 0.2), ("3", 3), ("true", True), ("inf", math.inf), ('"true"', "true"), ("simple", "simple"), ("", ""),
    ("[1, 2]", [1, 2]), ('{ kind = "uniform", low = 0.1 }', {"kind": "uniform", "low": 0.1}),
    ("J. S. Bach", "J. S. Bach"), ("1\nother = 2", "1\nother = 2"), ("a = b", "a = b"), ("[" * 3000, "[" * 3000),
    ("1" * 5000, "1" * 5000), ("'", "'"), ("1_000", 1000), ("1e-3", 0.001), ("-", "-"),
], ids=lambda value: repr(value)[:20])  # fmt: skip
def test_a_value_of_the_command_line_is_toml_or_else_text(text, value):
    parsed = parse_value(text)
    assert parsed == value
    assert type(parsed) is type(value)


def test_names_stand_for_rows_in_the_order_of_the_file():
    text = 'persons = [{name = "a", count = 3}, {name = "b 2"}]\nideas = [{name = "i", count = 2}, {name = "k"}]\n'
    scenario = Scenario.from_toml('scenario = {name = "x", steps = 1}\npopulation.count = 4\n' + text)
    people = person_ranges(scenario)
    assert people == {"a": range(3), "b 2": range(3, 4), "population": range(4, 8), EVERYONE: range(8)}
    assert idea_ranges(scenario) == {"i": range(2), "k": range(2, 3), EVERYTHING: range(3)}
    assert (EVERYONE, EVERYTHING) == ("everyone", "everything")
    for name, rows in (("a 1", (0, 1)), ("a 3", (2, 3)), ("b 2", (3, 4)), ("population 4", (7, 8))):
        assert find(people, name) == range(*rows)
    for nobody in ("a 0", "a 4", "a -1", "a ", "b", "a 1 1", " 1", "", "a 99999999999999999999", "a ²", "c"):
        assert find(people, nobody) is None


@pytest.mark.parametrize(("persons", "ideas"), [
    ('[[persons]]\nname = "a 1"\n[[persons]]\nname = "a"\ncount = 3\n', ""),
    ("", '[[ideas]]\nname = "i 1"\n[[ideas]]\nname = "i"\ncount = 2\n'),
    ('[[persons]]\nname = "person"\n[population]\ncount = 3\n', ""),
    ('[[persons]]\nname = "the crowd"\n[world]\nsize = 1000\n', ""),
], ids=["a member of a group of persons", "a member of a group of ideas", "the population", "the crowd"])  # fmt: skip
def test_no_two_bear_the_same_name(persons, ideas):
    refusal(Scenario.from_toml, BASE + persons + ideas)


@pytest.mark.parametrize("text", [
    '[[ideas]]\nname = "a"\ncount = 1000000\n[[ideas]]\nname = "b"\ncount = 1000000\nprerequisites = ["a"]\n',
    '[population]\ncount = 100000\n[[interventions]]\nstep = 1\nkind = "tie"\nfrom = "everyone"\nto = "everyone"\n',
], ids=["prerequisites", "ties that come later"])  # fmt: skip
def test_the_memory_of_huge_groups_of_one_line_is_foreseen(text):
    assert predict_memory(Scenario.from_toml(BASE + text)) > 10**12


TEXTS = [template(), *(file.read_text(encoding="utf-8") for file in VALID)]


def holds(text: str) -> Scenario | None:
    """The scenario of a text, or None if it was refused as it ought to be; everything else is an error of ours."""
    try:
        return Scenario.from_toml(text, source="f.toml", folder=DATA / "valid")
    except ScenarioError as caught:
        error = caught
    assert str(error).startswith("f.toml")
    assert str(error).isprintable()
    assert not LEAKS.search(error.problem)
    assert error.line is None or 1 <= error.line <= text.count("\n") + 1
    copy = pickle.loads(pickle.dumps(error))  # as workers of a study send their errors home
    assert (type(copy), str(copy)) == (ScenarioError, str(error))
    assert (copy.problem, copy.file, copy.line, copy.key) == (error.problem, error.file, error.line, error.key)
    return None


@settings(max_examples=examples(400), suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(TEXTS), st.randoms(use_true_random=False))
def test_random_damage_is_refused_properly_or_harmless(text, luck):
    others = [other.encode() for other in TEXTS]
    scenario = holds(mutated(text.encode(), luck, others).decode(errors="replace"))
    if scenario is not None:
        assert Scenario.from_toml(scenario.to_toml(), folder=scenario.folder) == scenario


@cases(100, st.text(st.sampled_from('[]{}=,."\'#\n ax1-_\\"\t')) | st.text())
def test_random_text_is_refused_properly(text):
    assert holds(text) is None


VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.dates(), st.times(),
        st.sampled_from(["uniform", "complete", "teller 2", "everyone", "forever", 10**400, 2**63, -(2**64), 1e308]),
    ),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["kind", "low", "name", "count", "number", "step"]) | st.text(max_size=3), inner,
                      max_size=3),
    max_leaves=6,
)  # fmt: skip


@settings(max_examples=examples(400), suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_replace_with_any_value_at_any_key_is_refused_properly_or_valid(data):
    scenario = Scenario.load(data.draw(st.sampled_from(VALID)))
    path = data.draw(st.sampled_from(paths(scenario.model_dump(by_alias=True))[1:]))
    key = ".".join(map(str, path)) + data.draw(st.sampled_from(["", "", "", ".", ".x", ".0", ".kind"]))
    message = "replace"
    try:
        changed = scenario.replace({key: data.draw(VALUES)})
        assert Scenario.from_toml(changed.to_toml(), folder=changed.folder) == changed
    except ScenarioError as error:
        message = str(error)
    assert message.startswith("replace")
    assert message.isprintable()


VECTOR = BASE.replace('name = "J"\n', 'name = "J"\nabilities = VECTOR\n')


def test_a_person_may_be_written_as_a_vector():
    scenario = Scenario.from_toml(VECTOR.replace("VECTOR", "[1, 1e-10, 0]"))
    assert [(p.creativity, p.reach, p.skill) for p in scenario.persons[1:]] == [(1.0, 1e-10, 0.0)]
    assert Scenario.from_toml(scenario.to_toml()) == scenario
    assert scenario.replace({"persons.J.reach": 0.5}).persons[1].reach == 0.5


@pytest.mark.parametrize(("written", "said"), [
    ("[1, 0]", "abilities: must have at least 3 items"), ("[1, 0, 7]", "skill: must be less than or equal to 1"),
    ("[1, 0, 0]\nskill = 1", "says skill twice"), ('"all"', "abilities: must be a list"),
])  # fmt: skip
def test_a_vector_that_is_none_is_refused(written, said):
    assert said in str(refusal(Scenario.from_toml, VECTOR.replace("VECTOR", written)))
