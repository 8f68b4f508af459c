"""The house, as far as no linter can tell: what is read imports no code, no history hangs on the order of a set.

Who may import whom stands in pyproject.toml, where import-linter reads it; what may not be used there too, and in
sim/model/ruff.toml, where ruff does.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import sim

SIM = Path(__file__).parents[1] / "sim"
FILES = sorted(SIM.rglob("*.py"))


def named(file: Path) -> str:
    return str(file.relative_to(SIM))


# What opens the door to foreign code, beside what ruff forbids --------------------------------------------------------

CALLS = {"compile", "__import__", "hash", "id"}  # the last two differ from process to process
METHODS = {"eval", "exec", "query", "to_pickle", "read_hdf", "popen"}


def open_doors(source: str) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            called = node.func
            if isinstance(called, ast.Name) and called.id in CALLS:
                found.append(f"{node.lineno}: {called.id}")
            if isinstance(called, ast.Attribute) and called.attr in METHODS:
                found.append(f"{node.lineno}: .{called.attr}")
            found += [f"{node.lineno}: allow_pickle" for option in node.keywords if option.arg == "allow_pickle"]
    return found


@pytest.mark.parametrize("file", FILES, ids=named)
def test_nothing_is_evaluated_or_unpickled(file):
    allowed = {"tape/tables.py": ["hash"]}.get(named(file), [])  # of names, for a dictionary
    assert [door for door in open_doors(file.read_text(encoding="utf-8")) if door.split()[1] not in allowed] == []


@pytest.mark.parametrize(
    "source",
    ["numpy.load(f, allow_pickle=True)", "frame.query(text)", "frame.to_pickle(f)", "__import__('os')",
     "compile(x, '', 'exec')", "hash(name)", "id(person)"],
)  # fmt: skip
def test_an_open_door_is_found(source):
    assert len(open_doors(source)) == 1


# What would make a history depend on anything but the seed ------------------------------------------------------------

KEEPS_NO_ORDER = {"sorted", "len", "set", "frozenset", "any", "all", "bool", "min", "max"}
SET_METHODS = {"union", "intersection", "difference", "symmetric_difference", "copy"}


class Sets(ast.NodeVisitor):
    """Finds places where the order of a set would matter: loops, lists, pops, sums and unpackings of sets."""

    def __init__(self, tree: ast.AST) -> None:
        self.names: set[str] = set()  # of sets
        self.lists: set[str] = set()  # of lists and dictionaries of sets
        self.found: list[str] = []
        self.fine: set[int] = set()
        before = None
        while before != (len(self.names), len(self.lists)):  # until no more names are found
            before = (len(self.names), len(self.lists))
            for node in ast.walk(tree):
                self.learn(node)
        self.visit(tree)

    def learn(self, node: ast.AST) -> None:
        if isinstance(node, ast.AnnAssign | ast.arg) and node.annotation is not None:
            target = ast.unparse(node.target) if isinstance(node, ast.AnnAssign) else node.arg
            kind = ast.unparse(node.annotation)
            if kind.startswith(("set", "frozenset", "Set[", "AbstractSet")):
                self.names.add(target)
            elif "set[" in kind:
                self.lists.add(target)
        elif isinstance(node, ast.Assign | ast.AugAssign | ast.NamedExpr) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                if self.is_set(node.value):
                    self.names.add(ast.unparse(target))
                elif isinstance(node.value, ast.List | ast.ListComp | ast.DictComp):
                    inner = node.value.elts if isinstance(node.value, ast.List) else [
                        node.value.value if isinstance(node.value, ast.DictComp) else node.value.elt]  # fmt: skip
                    if any(map(self.is_set, inner)):
                        self.lists.add(ast.unparse(target))
        elif isinstance(node, ast.For | ast.comprehension) and ast.unparse(node.iter).split("[")[0] in self.lists:
            self.names.add(ast.unparse(node.target))

    def is_set(self, node: ast.AST) -> bool:
        if isinstance(node, ast.Set | ast.SetComp):
            return True
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            made = called in ("set", "frozenset") or called.startswith(("set[", "frozenset["))
            method = (
                isinstance(node.func, ast.Attribute) and node.func.attr in SET_METHODS and self.is_set(node.func.value)
            )
            return made or method
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr | ast.BitAnd | ast.BitXor | ast.Sub):
            return self.is_set(node.left) or self.is_set(node.right) or ".keys()" in ast.unparse(node)
        if isinstance(node, ast.IfExp):
            return self.is_set(node.body) or self.is_set(node.orelse)
        if isinstance(node, ast.Subscript):
            return ast.unparse(node.value) in self.lists
        return isinstance(node, ast.Name | ast.Attribute) and ast.unparse(node) in self.names

    def note(self, node: ast.AST, place: ast.AST) -> None:
        if self.is_set(node) and id(node) not in self.fine:
            self.found.append(f"{place.lineno}: {ast.unparse(place)[:60]}")  # type: ignore[attr-defined]

    def visit_Call(self, node: ast.Call) -> None:
        called = ast.unparse(node.func)
        no_key = not any(option.arg == "key" for option in node.keywords)
        harmless = called in KEEPS_NO_ORDER and (no_key or called not in ("min", "max"))
        for given in node.args:
            if harmless:
                self.fine |= {id(part.iter) for part in getattr(given, "generators", [])}
            elif not (isinstance(node.func, ast.Attribute) and self.is_set(node.func.value)) and called != "isinstance":
                inner = given.value if isinstance(given, ast.Starred) else given
                self.note(inner, node)
        if isinstance(node.func, ast.Attribute) and node.func.attr == "pop" and not node.args:
            self.note(node.func.value, node)
        self.generic_visit(node)

    def visit_For(self, node: ast.For) -> None:
        self.note(node.iter, node)
        self.generic_visit(node)

    def visit_SetComp(self, node: ast.SetComp) -> None:
        self.fine |= {id(part.iter) for part in node.generators}
        self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        if id(node.iter) not in self.fine:
            self.note(node.iter, node.iter)
        self.generic_visit(node)

    def visit_Starred(self, node: ast.Starred) -> None:
        if id(node) not in self.fine:
            self.note(node.value, node)
        self.generic_visit(node)

    def visit_Set(self, node: ast.Set) -> None:
        self.fine |= {id(part) for part in node.elts}
        self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        if isinstance(node.targets[0], ast.Tuple | ast.List):
            self.note(node.value, node)
        self.generic_visit(node)


@pytest.mark.parametrize("file", [file for file in FILES if named(file).startswith("model/")], ids=named)
def test_no_history_hangs_on_the_order_of_a_set(file):
    assert Sets(ast.parse(file.read_text(encoding="utf-8"))).found == []


IN_ORDER_OF_A_SET = [
    "for x in {1, 2}: pass",
    "for x in set(y): pass",
    "s = set()\nfor x in s: pass",
    "s: set[int] = set()\n[x for x in s]",
    "s = {x for x in y}\nlist(s)",
    "s = set(a)\ntuple(s)",
    "s = set(a)\nsum(s)",
    "s = a.keys() & b\nfor x in s: pass",
    "s = set(a) | b\n{x: 1 for x in s}",
    "s = set(a)\ns.pop()",
    "s = set(a)\nx, y = s",
    "s = set(a)\n[*s]",
    "s = set(a)\nf(*s)",
    "self.given_up = set()\nfor k in self.given_up: pass",
    "def f(s: set[int]):\n    for x in s: pass",
    "r: list[set[int]] = []\nfor s in r:\n    for x in s: pass",
    "r = [set() for _ in a]\nfor x in r[3]: pass",
    "s = set(a)\nmin(s, key=len)",
    "s = set(a)\nenumerate(s)",
    "s = set(a)\nnp.array(list(x for x in s))",
]

IN_NO_ORDER = [
    "for x in sorted({1, 2}): pass",
    "s = set(a)\nif x in s: pass",
    "s = set(a)\nlen(s), min(s), any(x > 1 for x in s)",
    "s = set(a)\nt = {x + 1 for x in s}",
    "r: list[set[int]] = []\ntuple(tuple(sorted(s)) for s in r)",
    "s = set(a)\ns.add(3); s.discard(4); s |= {5}; s.update(t)",
    "d = {1: 2}\nfor x in d: pass",
    "s = set(a)\nu = s | set(b)",
]


@pytest.mark.parametrize(
    ("source", "found"), [*((s, True) for s in IN_ORDER_OF_A_SET), *((s, False) for s in IN_NO_ORDER)]
)
def test_the_order_of_a_set_is_found_out(source, found):
    assert bool(Sets(ast.parse(source)).found) is found


# The face -------------------------------------------------------------------------------------------------------------


def told_by(statement: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", statement], cwd=SIM.parent, capture_output=True, text=True, check=True)
    return done.stdout.split()


HEAVY = {"numpy", "mesa", "numba", "scipy", "pandas", "pyarrow", "matplotlib", "networkx", "tomlkit"}


@pytest.mark.parametrize(
    ("statement", "heavy"),
    [
        ("import sim", HEAVY | {"pydantic", "click", "rich"}),
        ("import sim.cli.main", HEAVY | {"pydantic"}),
        ("from sim import Scenario\nScenario.load('scenarios/genius_notebook.toml')", HEAVY),
    ],
)
def test_what_needs_no_heavy_library_loads_none(statement, heavy):
    loaded = set(told_by(f"import sys\n{statement}\nprint(*sys.modules)"))
    assert "sim" in loaded
    assert loaded & heavy == set()
    if statement == "import sim":
        assert not [name for name in loaded if name.startswith("sim.")]


def test_every_public_name_resolves():
    assert sorted(sim.__all__) == list(sim.__all__)
    for name in sim.__all__:
        assert callable(getattr(sim, name)), name
        assert name in dir(sim)
    names = told_by("from sim import *\nprint(*sorted(n for n in dir() if not n.startswith('__')))")
    assert names == sorted(sim.__all__)


def test_public_names_are_those_of_the_design_and_type_checkers_see_them():
    design = {"Scenario", "World", "simulate", "simulate_many", "Tape", "IdeaDiffusion", "Person", "credit", "compare",
              "CreditTable", "read_log", "Study", "sweep", "knockout", "fit", "test_hypotheses", "scenarios",
              "ScenarioError", "TapeError", "StudyError"}  # fmt: skip
    assert set(sim.__all__) <= design
    tree = ast.parse((SIM / "__init__.py").read_text(encoding="utf-8"))
    blocks = [node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    seen = {alias.asname for block in blocks for node in block.body for alias in getattr(node, "names", ())}
    assert set(sim.__all__) <= seen


def test_no_module_bears_the_name_of_a_public_function():
    beside = {path.stem for path in SIM.iterdir()}
    assert beside & set(sim.__all__) == set()


def test_a_name_that_is_not_there_is_no_attribute():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = sim.nothing
    with pytest.raises(ImportError):
        from sim import nothing  # noqa: F401


def test_every_room_says_what_it_is_for():
    for folder in {file.parent for file in FILES}:
        doc = ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8")))
        assert doc, folder
        assert len(doc.split()) > 3, folder
