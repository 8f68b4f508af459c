"""Formulas in a hypothesis: numbers, names, + - * / **, exp, log and sqrt. Nothing is evaluated by Python.

The text is parsed into Python's syntax tree, of which only a few kinds of nodes are allowed and computed here. There
are no attributes, other calls or strings, so a formula can do no more than arithmetic.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping

from sim.errors import near

MAX_SIGNS = 300  # length of a formula
OPERATIONS: dict[type, Callable[[float, float], float]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv, ast.Pow: math.pow,
}  # fmt: skip
SIGNS: dict[type, Callable[[float], float]] = {ast.UAdd: operator.pos, ast.USub: operator.neg}
FUNCTIONS: dict[str, Callable[[float], float]] = {"exp": math.exp, "log": math.log, "sqrt": math.sqrt}
ALLOWED = f"allowed: numbers, names, + - * / **, {', '.join(FUNCTIONS)}"


def value_of(formula: str | float, names: Mapping[str, float]) -> float:
    """Return the value of a formula, given the values of its names.

    Raises:
        ValueError: if it is not a formula, a name is unknown (the nearest is suggested), or it has no finite value.

    >>> value_of("exp(-rate * 10) / 3", {"rate": 0.0})
    0.3333333333333333
    >>> value_of(0.25, {})
    0.25
    """
    if isinstance(formula, int | float):
        return float(formula)
    if len(formula) > MAX_SIGNS:
        raise ValueError(f"a formula has {MAX_SIGNS} signs at most, this one {len(formula)}")
    try:
        tree = ast.parse(formula.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise ValueError(f"{formula!r} is no formula; {ALLOWED}") from None
    try:
        found = _value(tree, names)
    except (ArithmeticError, RecursionError) as error:
        raise ValueError(f"{formula!r} has no value: {error}") from None
    if not math.isfinite(found):
        raise ValueError(f"{formula!r} has no finite value")
    return found


def _value(node: ast.expr, names: Mapping[str, float]) -> float:
    match node:
        case ast.Constant(value=bool()):
            pass
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=name):
            if name in names:
                return float(names[name])
            known = ", ".join(names) or "none"
            raise ValueError(f"no name {name!r} in the formula{near(name, names)}; names: {known}")
        case ast.UnaryOp(op=sign, operand=inner) if type(sign) in SIGNS:
            return SIGNS[type(sign)](_value(inner, names))
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in OPERATIONS:
            return _worked_out(OPERATIONS[type(sign)], _value(left, names), _value(right, names))
        case ast.Call(func=ast.Name(id=name), args=[inner], keywords=[]) if name in FUNCTIONS:
            return _worked_out(FUNCTIONS[name], _value(inner, names))
        case ast.Call(func=ast.Name(id=name)):
            raise ValueError(f"no function {name!r} of one number{near(name, FUNCTIONS)}; {ALLOWED}")
    raise ValueError(f"{ast.unparse(node)[:40]!r} may not stand in a formula; {ALLOWED}")


def _worked_out(operation: Callable[..., float], *numbers: float) -> float:
    """Return the result of an operation; a domain error of Python's mathematics is raised as an ArithmeticError."""
    try:
        return operation(*numbers)
    except ValueError as error:
        raise ArithmeticError(str(error)) from None
