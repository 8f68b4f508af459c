"""The quadrature that divides value over lineages that branch."""

import numpy as np
import pytest

from sim.accounts.quadrature import divide_equally, nodes_for


@pytest.mark.parametrize("counted", [0, 1, 2, 7, 60, 61, 500, 5000])
def test_the_nodes_integrate_every_power_that_there_can_be(counted: int) -> None:
    nodes, weights = nodes_for(counted)
    assert ((nodes > 0.0) & (nodes < 1.0)).all()
    assert len(nodes) <= max(1, counted // 2 + 1)
    for power in {0, counted // 3, counted // 2, max(counted - 2, 0), max(counted - 1, 0)}:
        assert float(weights @ nodes**power) == pytest.approx(1 / (power + 1), rel=1e-12)


@pytest.mark.parametrize("length", [1, 2, 9, 40, 3000])
def test_each_of_a_row_has_an_equal_part(length: int) -> None:
    """Row k goes back to row k - 1 and, by half, to itself by another way: the lineages are many, and all alike."""
    begin = np.concatenate([[0], 2 * np.arange(length + 1)])
    parent = np.repeat(np.arange(length), 2)
    entry = np.zeros(length + 1)
    entry[-1] = 1.0
    kept = divide_equally(begin, parent, np.full(2 * length, 0.5), entry, length)
    np.testing.assert_allclose(kept, [0.0, *[1 / length] * length], rtol=1e-12)
