"""Refusals of numbers: what is allowed is said, and nothing that is no number passes for one."""

import math
import re

import numpy as np
import pytest

from sim.errors import LARGEST_SEED, checked_seed, require_in, whole_number


@pytest.mark.parametrize(("value", "interval"), [(0.0, "[0, 1)"), (np.float32(0.5), "(0, 1)"), (np.int64(1), "(0, 1]"),
                                                 (1e300, "(0, inf)"), (np.array(0.5), "(0, 1)"),
                                                 (math.inf, "(0, inf]")])  # fmt: skip
def test_numbers_within_an_interval_pass(value, interval):
    require_in("alpha", value, interval)


REFUSED = [(0.0, "(0, 1)"), (1.0, "[0, 1)"), (math.nan, "[0, 1]"), (True, "[0, 1]"), ("0.5", "[0, 1]"),
           (None, "[0, 1]"), (math.inf, "(0, inf)")]  # fmt: skip


@pytest.mark.parametrize(("value", "interval"), REFUSED)
def test_others_are_refused_by_name(value, interval):
    with pytest.raises(ValueError, match=f"^{re.escape(f'alpha: must be in {interval}, is {value!r}')}$"):
        require_in("alpha", value, interval)


def test_whole_numbers_are_those_of_python_and_numpy():
    assert checked_seed(np.uint64(LARGEST_SEED)) == LARGEST_SEED
    assert type(whole_number("threads", np.int8(3), 1, 4)) is int
    for wrong in (0, 5, 2.0, True, "3", None):
        with pytest.raises(ValueError, match="threads: must be a whole number from 1 to 4, is"):
            whole_number("threads", wrong, 1, 4)
