"""The house: imports run only downward, nothing is unpickled, no history hangs on the order of a set."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import sim

SIM = Path(__file__).parents[1] / "sim"
FILES = sorted(SIM.rglob("*.py"))
# From the ground up: a room imports from itself and from those before it. Files of one room share its name: scenario,
# scenario_errors, scenario_references.
ROOMS = ("compiling", "randomness", "rules", "scenario", "tape", "networks", "world", "realise", "agents", "kernels",
         "simulate", "influence", "logs", "credit", "study", "views", "cli")  # fmt: skip
FACE = {"CallableModule", "__version__"}  # what the rooms may take from sim/__init__.py, which hands out all of them
OPEN = ("sim.study.measures",)  # what imports the measures that users name
TRAJECTORY = ("randomness", "rules", "networks", "world", "realise", "agents", "kernels")


def module(file: Path) -> str:
    parts = ["sim", *file.relative_to(SIM).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room(name: str) -> str:
    """The room of a module such as sim.scenario.locate or sim.model.agents.crowd; '' for sim itself."""
    part = name.split(".")[1] if "." in name else ""
    return part if part in ROOMS else part.split("_")[0]


def imports(tree: ast.AST, inside: str) -> Iterator[tuple[int, str]]:
    """(line, full name) of everything that is imported anywhere in a file, under TYPE_CHECKING and in functions too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = ".".join(inside.split(".")[: -node.level]) if node.level else ""
            base = ".".join(part for part in (start, node.module or "") if part)
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("import_module", "importlib.import_module"):
            given = node.args[0]
            yield node.lineno, given.value if isinstance(given, ast.Constant) else "*"


def upward(source: str, name: str) -> list[str]:
    """The imports of a module (its source, its name) that do not run downward."""
    tree, own, wrong = ast.parse(source), room(name), []
    for line, imported in imports(tree, name):
        if imported.split(".")[0] != "sim":
            if imported == "*" and name not in OPEN:
                wrong.append(f"{line}: imports what it likes")
            continue
        other = room(imported)
        if other in ("", *(word.split("_")[0] for word in FACE)) or imported.split(".")[1] in FACE:
            continue  # sim itself; what is used of it is tested below
        if other not in ROOMS:
            wrong.append(f"{line}: {imported} is in no room")
        elif own != other and ROOMS.index(other) > ROOMS.index(own):
            wrong.append(f"{line}: {own} imports {imported} from above")
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "sim":
            target = room(f"sim.{node.attr}")
            if node.attr not in FACE and not (target in ROOMS and ROOMS.index(target) <= ROOMS.index(own)):
                wrong.append(f"{node.lineno}: {own} uses sim.{node.attr}")
    return wrong


@pytest.mark.parametrize("file", [f for f in FILES if f != SIM / "__init__.py"], ids=module)
def test_imports_run_only_downward(file):
    name = module(file)
    assert room(name) in ROOMS, "a new room must be given its place in ROOMS and in DESIGN.md"
    assert upward(file.read_text(encoding="utf-8"), name) == []


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("sim.model.rules", "from sim.scenario import Scenario"),
        ("sim.tape", "import sim.world"),
        ("sim.tape.files", "from sim import credit"),
        ("sim.model.agents.person", "if TYPE_CHECKING:\n    from sim.simulate import simulate"),
        ("sim.accounts.table", "def f():\n    from sim.views.style import number"),
        ("sim.accounts.table", "from ..views import style"),
        ("sim.world", "import sim\nsim.simulate(3)"),
        ("sim.world", "from sim.utils import x"),
        ("sim.world", "import_module(name)"),
        ("sim.model.networks.build", "importlib.import_module('sim.world')"),
    ],
)
def test_an_import_that_runs_upward_is_found(name, source):
    assert len(upward(source, name)) == 1


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("sim.tape", "from sim.tape.files import save"),
        ("sim.scenario.locate", "from sim.scenario import Scenario"),
        ("sim.model.agents.person", "from sim.model.agents.model import IdeaDiffusion"),
        ("sim.world", "import sim\nfrom sim import networks, randomness\nsim.__version__"),
        ("sim.simulate", "from sim import CallableModule, networks"),
        ("sim.model.agents.crowd", "from .person import Person"),
        ("sim.cli", "from sim.views.figures.save import save_figures\nimport numpy"),
    ],
)
def test_an_import_that_runs_downward_is_allowed(name, source):
    assert upward(source, name) == []


def test_no_two_files_of_one_room_need_each_other_at_once():
    # Imports at the head of a file, within one room, make no circle: Python would stumble over it.
    heads = {}
    for file in FILES:
        tree, name = ast.parse(file.read_text(encoding="utf-8")), module(file)
        top = ast.Module([node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)], [])
        heads[name] = {n for _, imported in imports(top, name) for n in (imported, imported.rpartition(".")[0])}
    order: list[str] = []
    while waiting := [name for name in heads if name not in order]:
        free = [name for name in waiting if not (heads[name] & set(waiting)) - {name, "sim"}]
        # A package may hand out what its own files hold.
        free = free or [
            n for n in waiting if all(o.startswith(n + ".") for o in (heads[n] & set(waiting)) - {n, "sim"})
        ]
        assert free, f"a circle among {waiting}"
        order += free


def test_every_folder_with_python_in_it_is_a_package():
    assert {file.parent for file in FILES if not (file.parent / "__init__.py").exists()} == set()


# What opens the door to foreign code ----------------------------------------------------------------------------------

FORBIDDEN_MODULES = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "marshal", "shelve", "copyreg",
                     "code", "codeop", "runpy", "pty", "yaml", "telnetlib"}  # fmt: skip
FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__", "breakpoint"}
FORBIDDEN_METHODS = {"eval", "exec", "read_pickle", "to_pickle", "read_hdf", "system", "popen", "query"}


def open_doors(source: str) -> list[str]:
    found, tree = [], ast.parse(source)
    found += [f"{line}: {name}" for line, name in imports(tree, "sim.x") if name.split(".")[0] in FORBIDDEN_MODULES]
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        if isinstance(called, ast.Name) and called.id in FORBIDDEN_CALLS:
            found.append(f"{node.lineno}: {called.id}")
        elif isinstance(called, ast.Attribute) and called.attr in FORBIDDEN_METHODS:
            found.append(f"{node.lineno}: .{called.attr}")
        for option in node.keywords:
            risky = option.arg in ("allow_pickle", "shell") and ast.unparse(option.value) != "False"
            found += [f"{node.lineno}: {option.arg}"] * risky
    return found


@pytest.mark.parametrize("file", FILES, ids=module)
def test_nothing_is_unpickled_or_evaluated(file):
    assert open_doors(file.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source",
    ["import pickle", "from pickle import loads", "eval('1')", "exec(x)", "def f():\n    import dill as d",
     "numpy.load(f, allow_pickle=True)", "frame.query(text)", "pd.read_pickle(f)", "os.system('x')",
     "subprocess.run(x, shell=True)", "__import__('os')", "compile(x, '', 'exec')"],
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


@pytest.mark.parametrize("file", [f for f in FILES if room(module(f)) in TRAJECTORY], ids=module)
def test_no_history_hangs_on_the_order_of_a_set(file):
    assert Sets(ast.parse(file.read_text(encoding="utf-8"))).found == []


@pytest.mark.parametrize(
    "source",
    [
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
    ],
)
def test_the_order_of_a_set_is_found_out(source):
    assert Sets(ast.parse(source)).found


@pytest.mark.parametrize(
    "source",
    [
        "for x in sorted({1, 2}): pass",
        "s = set(a)\nif x in s: pass",
        "s = set(a)\nlen(s), min(s), any(x > 1 for x in s)",
        "s = set(a)\nt = {x + 1 for x in s}",
        "r: list[set[int]] = []\ntuple(tuple(sorted(s)) for s in r)",
        "s = set(a)\ns.add(3); s.discard(4); s |= {5}; s.update(t)",
        "d = {1: 2}\nfor x in d: pass",
        "s = set(a)\nu = s | set(b)",
    ],
)
def test_what_a_set_is_good_for_is_allowed(source):
    assert Sets(ast.parse(source)).found == []


# The luck of a history comes from its own generator alone; exp, log and the like differ between machines (CHOICES.md).
FOREIGN_LUCK = {"random", "secrets", "uuid", "time", "datetime", "threading", "socket", "platform"}
ROUNDED_ELSEWHERE = {"exp", "log", "log2", "log10", "log1p", "expm1", "pow", "power", "tanh", "sin", "cos", "tan",
                     "exp2", "float_power", "logaddexp", "gamma", "lgamma", "erf", "cbrt", "hypot"}  # fmt: skip


def foreign_luck(source: str) -> list[str]:
    tree = ast.parse(source)
    found = [f"{line}: {name}" for line, name in imports(tree, "sim.x") if name.split(".")[0] in FOREIGN_LUCK]
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            owner, name = node.value.id, node.attr
            found += [f"{node.lineno}: {owner}.{name}"] * (
                owner in ("math", "np", "numpy") and name in ROUNDED_ELSEWHERE
            )
            found += [f"{node.lineno}: {owner}.{name}"] * (owner == "os" and name in ("urandom", "environ", "getpid"))
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("hash", "id"):
            found.append(f"{node.lineno}: {ast.unparse(node.func)}")
    return found


# The cache of compiled kernels, which is named and placed outside of any history.
@pytest.mark.parametrize(
    "file",
    [f for f in FILES if room(module(f)) in TRAJECTORY and f.name != "compiling.py"],
    ids=module,
)
def test_no_history_hangs_on_foreign_luck(file):
    assert foreign_luck(file.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("source", ["import random", "from time import time", "math.exp(1)", "np.log(x)", "hash(name)",
                                    "os.urandom(8)", "id(person)"])  # fmt: skip
def test_foreign_luck_is_found(source):
    assert len(foreign_luck(source)) == 1


# The face -------------------------------------------------------------------------------------------------------------


def loaded_by(statement: str) -> set[str]:
    script = f"import sys\n{statement}\nprint(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], cwd=SIM.parent, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_sim_costs_nothing():
    loaded = loaded_by("import sim")
    assert "sim" in loaded
    heavy = {
        "numpy",
        "mesa",
        "numba",
        "scipy",
        "pandas",
        "pyarrow",
        "matplotlib",
        "networkx",
        "pydantic",
        "click",
        "rich",
    }
    assert loaded & heavy == set()
    assert not [name for name in loaded if name.startswith("sim.")]


def test_importing_the_command_line_is_cheap():
    heavy = {"numpy", "mesa", "numba", "scipy", "pandas", "pyarrow", "matplotlib", "networkx", "pydantic", "tomlkit"}
    assert loaded_by("import sim.cli") & heavy == set()


def test_a_scenario_is_validated_without_the_heavy_libraries():
    heavy = {"mesa", "numba", "scipy", "pandas", "pyarrow", "matplotlib", "networkx", "numpy", "tomlkit"}
    loaded = loaded_by("from sim import Scenario\nScenario.load('scenarios/genius_notebook.toml')")
    assert "pydantic" in loaded
    assert loaded & heavy == set()


def test_every_public_name_resolves():
    assert sorted(sim.__all__) == list(sim.__all__)
    for name in sim.__all__:
        assert callable(getattr(sim, name)), name
        assert name in dir(sim)
    script = "from sim import *\nprint(sorted(n for n in dir() if not n.startswith('__')))"
    done = subprocess.run([sys.executable, "-c", script], cwd=SIM.parent, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(sorted(sim.__all__))


def test_public_names_are_those_of_the_design_and_type_checkers_see_them():
    design = {"Scenario", "World", "simulate", "Tape", "IdeaDiffusion", "Person", "credit", "CreditTable", "Study",
              "sweep", "test_hypotheses", "ScenarioError", "TapeError", "read_log"}  # fmt: skip
    assert set(sim.__all__) <= design
    tree = ast.parse((SIM / "__init__.py").read_text(encoding="utf-8"))
    blocks = [node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    seen = {name.rpartition(".")[2] for block in blocks for _, name in imports(block, "sim")}
    assert set(sim.__all__) <= seen


def test_a_name_that_is_not_there_is_no_attribute():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = sim.nothing
    with pytest.raises(ImportError):
        from sim import nothing  # noqa: F401


def test_modules_that_can_be_called_are_modules_too():
    import sim.credit
    import sim.engines

    assert sim.accounts.pagerank.event_pagerank
    assert sim.simulate.ENGINES
    assert sim.simulate.simulate is not sim.simulate
