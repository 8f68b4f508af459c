"""Sets of keys as bits in two layers: marking a key is one write, and reading in order costs only what is marked.

A bit of `low` stands for a key, a bit of `high` for a word of `low` that is not empty. Keys come out sorted, each once,
whatever the order in which they were marked.
"""

from __future__ import annotations

import numpy as np

from sim.tape.tables import Ints

SPAN = 4096  # keys under one word of `high`; threads that own whole spans never write to the same word
DE_BRUIJN = 0x03F79D71B4CB0A89
PLACES = np.zeros(64, np.int64)  # the place of a word's only bit, by the top six bits of its product with DE_BRUIJN
for _place in range(64):
    PLACES[((DE_BRUIJN << _place) >> 58) & 63] = _place


def lowest_bit(word: int) -> int:
    """Return the place of the lowest bit of a word that is not empty."""
    return int(PLACES[(((word & -word) * DE_BRUIJN) >> 58) & 63])


def mark(low: Ints, high: Ints, key: int) -> int:
    """Mark a key; return 1 if it was not marked before, else 0."""
    word = key >> 6
    bit = 1 << (key & 63)
    if low[word] & bit:
        return 0
    low[word] |= bit
    high[word >> 6] |= 1 << (word & 63)
    return 1


def collect(low: Ints, high: Ints, first: int, last: int, keys: Ints) -> int:
    """Take out all marked keys below the words `first` to `last` - 1 of `high`, in order; return how many."""
    found = 0
    for h in range(first, last):
        words = high[h]
        while words:
            w = lowest_bit(words)
            words &= words - 1
            word = (h << 6) | w
            bits = low[word]
            while bits:
                keys[found] = (word << 6) | lowest_bit(bits)
                found += 1
                bits &= bits - 1
            low[word] = 0
        high[h] = 0
    return found


def spans(keys: int) -> int:
    """Return how many words of `high` there are for this many keys."""
    return (keys + SPAN - 1) // SPAN
