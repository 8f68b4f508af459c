"""Credit: whose shoulders the impact of an idea stands on, by several accounts side by side.

`credit(tape, method=...)` gives a CreditTable, `compare(tape)` all accounts side by side, `credit_over_time(tape)` who
was thought of as a giant when. Which accounts there are, and the question that each answers, stands in METHODS.

The module itself can be called, so that after `from sim import credit` both `credit(tape)` and
`credit.pagerank.event_pagerank(...)` work.
"""

from __future__ import annotations

import sys

from sim import CallableModule
from sim.credit import pagerank
from sim.credit.account import credit
from sim.credit.comparison import Comparison, compare
from sim.credit.over_time import CreditOverTime, credit_over_time
from sim.credit.table import CreditedPersons, CreditTable
from sim.credit_methods import METHODS, Method, Settings

__all__ = [
    "METHODS",
    "Comparison",
    "CreditOverTime",
    "CreditTable",
    "CreditedPersons",
    "Method",
    "Settings",
    "compare",
    "credit",
    "credit_over_time",
    "pagerank",
]

sys.modules[__name__].__class__ = CallableModule
