"""The house, as far as no linter can tell: what is read imports no code, no history hangs on the order of a set.

Who may import whom stands in pyproject.toml, where import-linter reads it; what may not be used there too, and in
sim/model/ruff.toml, where ruff does.
"""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import sim

SIM = Path(__file__).parents[1] / "sim"
FILES = sorted(SIM.rglob("*.py"))

CALLS = {"compile", "__import__", "hash", "id"}  # the last two differ from process to process
METHODS = {"eval", "exec", "query", "to_pickle", "read_hdf", "popen"}


def opens(node: ast.Call) -> bool:
    called = node.func
    return (
        (isinstance(called, ast.Name) and called.id in CALLS)
        or (isinstance(called, ast.Attribute) and called.attr in METHODS)
        or any(option.arg == "allow_pickle" for option in node.keywords)
    )


def test_nothing_is_evaluated_or_unpickled():
    doors = [
        (str(file.relative_to(SIM)), ast.unparse(node.func))
        for file in FILES
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and opens(node)
    ]
    assert doors == [("tape/tables.py", "hash")]  # of names, within one process


def is_set(node: ast.AST) -> bool:
    called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
    keys = isinstance(node, ast.BinOp) and ".keys()" in ast.unparse(node)
    return isinstance(node, ast.Set | ast.SetComp) or keys or called.partition("[")[0] in ("set", "frozenset")


def hides_its_order(node: ast.AST, place: ast.AST) -> bool:
    """Whether a set is compared, sorted, counted, or kept under a name that is watched in turn."""
    match place:
        case ast.Assign(targets=[ast.Name() | ast.Attribute()]) | ast.AnnAssign():
            return is_set(node)
        case ast.Call():
            return ast.unparse(place.func) in ("sorted", "len")
        case ast.Attribute():
            return place.attr in ("add", "discard")
    return isinstance(place, ast.Compare)


@pytest.mark.parametrize("file", sorted((SIM / "model").rglob("*.py")), ids=lambda file: file.stem)
def test_no_history_hangs_on_the_order_of_a_set(file):
    tree = ast.parse(file.read_text(encoding="utf-8"))
    place = {below: node for node in ast.walk(tree) for below in ast.iter_child_nodes(node)}
    made = [node for node in place if is_set(node)]
    named = [place[node] for node in made if isinstance(place[node], ast.Assign | ast.AnnAssign)]
    names = {ast.unparse(node.targets[0] if isinstance(node, ast.Assign) else node.target) for node in named}
    read = [node for node in place if isinstance(getattr(node, "ctx", None), ast.Load) and ast.unparse(node) in names]
    shown = [ast.unparse(place[node]) for node in (*made, *read) if not hides_its_order(node, place[node])]
    given = [node.arg for node in place if isinstance(node, ast.arg) and "set[" in ast.unparse(node)]
    # The ideas' rivals are a list of sets, each of which is sorted before anybody reads it.
    assert shown + given == (["[set() for _ in entries]"] if file.name == "world.py" else [])


def told_by(statement: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", statement], cwd=SIM.parent, capture_output=True, text=True, check=True)
    return done.stdout.split()


HEAVY = {"numpy", "mesa", "numba", "scipy", "pandas", "pyarrow", "matplotlib", "networkx", "tomlkit"}


@pytest.mark.parametrize(
    ("statement", "heavy"),
    [
        ("import sim", HEAVY | {"pydantic", "click", "rich"}),
        ("from sim import Scenario\nScenario.load('scenarios/genius_notebook.toml')", HEAVY),
    ],
)
def test_what_needs_no_heavy_library_loads_none(statement, heavy):
    loaded = set(told_by(f"import sys\n{statement}\nprint(*sys.modules)"))
    assert "sim" in loaded
    assert loaded & heavy == set()
    if statement == "import sim":
        assert not [name for name in loaded if name.startswith("sim.")]


def test_every_public_name_resolves_and_no_other():
    assert sorted(sim.__all__) == list(sim.__all__)
    for name in sim.__all__:
        assert callable(getattr(sim, name)), name
        assert name in dir(sim)
    names = told_by("from sim import *\nprint(*sorted(n for n in dir() if not n.startswith('__')))")
    assert names == sorted(sim.__all__)
    assert {path.stem for path in SIM.iterdir()} & set(names) == set(), "no module has the name of a function"
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = sim.nothing
    with pytest.raises(ImportError):
        from sim import nothing  # noqa: F401


def test_public_names_are_those_of_the_design_and_type_checkers_see_them():
    design = {"Scenario", "World", "simulate", "simulate_many", "Tape", "IdeaDiffusion", "Person", "credit", "compare",
              "CreditTable", "read_log", "Study", "sweep", "knockout", "fit", "test_hypotheses", "scenarios",
              "ScenarioError", "TapeError", "StudyError"}  # fmt: skip
    assert set(sim.__all__) <= design
    tree = ast.parse((SIM / "__init__.py").read_text(encoding="utf-8"))
    blocks = [node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    seen = {alias.asname for block in blocks for node in block.body for alias in getattr(node, "names", ())}
    assert set(sim.__all__) <= seen


def test_every_room_says_what_it_is_for():
    for folder in {file.parent for file in FILES}:
        doc = ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8")))
        assert doc, folder
        assert len(doc.split()) > 3, folder
