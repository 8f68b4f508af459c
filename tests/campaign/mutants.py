"""Mutation testing: small faults put into a file, one at a time; the tests nearest to it must fail on each.

    python -m tests.campaign.mutants 30            # so many faults of each file
    python -m tests.campaign.mutants 30 rules.py   # of one file

It works on a copy of the project in a temporary folder. A fault that no test can see (`x < 1.0` for `x <= 1.0` where
both branches give the same) counts as a survivor all the same.
"""

from __future__ import annotations

import ast
import copy
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random

ROOT = Path(__file__).parents[2]
NEAREST = {  # the tests of a file, the quickest first
    "sim/model/rules.py": ["tests/model/test_rules.py", "tests/model/agents/test_model.py"],
    "sim/accounts/role_flow.py": ["tests/accounts/test_role_flow.py"],
    "sim/accounts/quadrature.py": ["tests/accounts/test_quadrature.py"],
    "sim/logs/placing.py": ["tests/logs/test_edges.py", "tests/logs/test_sizes.py", "tests/logs/test_formats.py"],
}
PATIENCE = 900  # seconds; a fault that makes a loop endless is found, too
SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.And: ast.Or, ast.Or: ast.And, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.Is: ast.IsNot,
    ast.IsNot: ast.Is, ast.LShift: ast.RShift, ast.RShift: ast.LShift, ast.Mod: ast.Mult, ast.Break: ast.Continue,
}  # fmt: skip


def places(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield what can be mutated, without annotations and texts."""
    for name, value in ast.iter_fields(tree):
        if name in ("annotation", "returns", "decorator_list"):
            continue
        for node in value if isinstance(value, list) else [value]:
            if not isinstance(node, ast.AST):
                continue
            number = isinstance(node, ast.Constant) and isinstance(node.value, int | float)
            if type(node) in SWAPS or number or isinstance(node, ast.IfExp | ast.If | ast.While):
                yield node
            yield from places(node)


def mutant(tree: ast.Module, number: int) -> tuple[str, str]:
    """Return the source with the fault of a number, and what it is."""
    tree = copy.deepcopy(tree)
    node = list(places(tree))[number]
    if isinstance(node, ast.Constant):
        was, node.value = node.value, (not node.value) if isinstance(node.value, bool) else node.value + 1
        return ast.unparse(tree), f"line {node.lineno}: {was} -> {node.value}"
    if isinstance(node, ast.IfExp | ast.If | ast.While):
        node.test = ast.UnaryOp(ast.Not(), node.test)
        return ast.unparse(ast.fix_missing_locations(tree)), f"line {node.lineno}: not {ast.unparse(node.test.operand)}"
    was, node.__class__ = type(node).__name__, SWAPS[type(node)]  # type: ignore[assignment]  # of one kind of node another
    return ast.unparse(tree), f"{was} -> {type(node).__name__}, number {number}"


def killed(folder: Path, tests: list[str]) -> bool:
    """Return whether a test fails in a copy of the project."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-o", "addopts=", *tests]
    changes = {"PYTHONPATH": str(folder), "XDG_CACHE_HOME": str(folder / "cache")}
    try:
        done = subprocess.run(command, cwd=folder, env=os.environ | changes, capture_output=True, timeout=PATIENCE,
                              check=False)  # fmt: skip
    except subprocess.TimeoutExpired:
        return True
    return done.returncode != 0


def main(count: int, wanted: str = "") -> None:
    """Try so many faults of each file, and print those that no test saw."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "copy"
        shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(".*", "results", "docs", "__pycache__"))
        for name, tests in NEAREST.items():
            if not name.endswith(wanted):
                continue
            source = (ROOT / name).read_text(encoding="utf-8")
            tree = ast.parse(source)
            sites = range(sum(1 for _ in places(tree)))
            chosen = sorted(Random(name).sample(sites, min(count, len(sites))))
            assert not killed(folder, tests), f"{name}: its tests fail without any fault"
            survivors = []
            for number in chosen:
                text, what = mutant(tree, number)
                (folder / name).write_text(text, encoding="utf-8")
                if not killed(folder, tests):
                    survivors.append(what)
                    print(f"{name}: survived: {what}", flush=True)
            (folder / name).write_text(source, encoding="utf-8")
            dead = len(chosen) - len(survivors)
            print(f"{name}: {dead} of {len(chosen)} killed, of {len(sites)} there are", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
