"""Luck: every draw is a pure function of what it is for, never of how many draws came before.

It rests on two counter-based generators. Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2,
3") makes a key from the seed and from what the draw is for: purpose, step, idea. Squares64 (Widynski 2020) makes the
number from that key and from who is concerned: person, other person. A key serves all draws of its kind, and Squares is
fast, so a tie costs a nanosecond. Two runs that differ in one intervention share all other draws.

`log` and `exp` are written here in basic operations, which every CPU rounds alike. The last bit of the C library's
differs between machines, and a last bit is enough to change a run.

The functions take plain ints and floats; `philox4x32` and `squares64` take int64 arrays of numpy as well. Only the low
64 bits of a key or a product matter, so that machine integers that wrap around and Python's own give the same numbers.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

# What a draw is for.
ABILITY, NETWORK, DISCOVER, TELL, LISTEN, STRANGERS, IMPLEMENT, ABANDON, HESITATE, RESOLVE, CROWD = range(11)
PUBLISH, READ, TOLD, RANK, UNDERSTAND = 11, 12, 13, 14, 15
ORDER, LINEAGE = 64, 65  # for the accounts of credit; no run depends on these

MASK = 0xFFFFFFFF
UPPER = 0x1FFFFFFFFFFFFF  # 53 bits
ROUNDS = 10

LN2_HIGH = 6.93147180369123816490e-01
LN2_LOW = 1.90821492927058770002e-10


def philox4x32(c0: Any, c1: Any, c2: Any, c3: Any, k0: Any, k1: Any) -> tuple[Any, Any, Any, Any]:
    """Return four random 32-bit words from a 128-bit counter and a 64-bit key, given as 32-bit words.

    The products keep their low 64 bits only, so that machine integers that wrap around and Python's
    own integers give the same words.
    """
    for _ in range(ROUNDS):
        p0 = 0xD2511F53 * c0
        p1 = 0xCD9E8D57 * c2
        c0, c1, c2, c3 = (
            ((p1 >> 32) & MASK) ^ c1 ^ k0,
            p1 & MASK,
            ((p0 >> 32) & MASK) ^ c3 ^ k1,
            p0 & MASK,
        )
        k0 = (k0 + 0x9E3779B9) & MASK
        k1 = (k1 + 0xBB67AE85) & MASK
    return c0, c1, c2, c3


def squares64(counter: Any, key: Any) -> Any:
    """Return 64 random bits, the low ones of the result, from a counter and an odd key, by five rounds of squaring."""
    y = counter * key
    z = y + key
    x = y * y + y
    x = ((x >> 32) & MASK) | ((x & MASK) << 32)
    x = x * x + z
    x = ((x >> 32) & MASK) | ((x & MASK) << 32)
    x = x * x + y
    x = ((x >> 32) & MASK) | ((x & MASK) << 32)
    t = x * x + z
    x = ((t >> 32) & MASK) | ((t & MASK) << 32)
    return t ^ (((x * x + y) >> 32) & MASK)


def squares_of(counters: Any, key: int) -> Any:
    """Return `squares64` of an int64 array of counters."""
    return squares64(counters, np.int64(signed(key)))


def signed(number: int) -> int:
    """Return the int64 with the same 64 bits as a seed or a key, which compiled code takes."""
    return number - 2**64 if number >= 2**63 else number


def seeds_from(first: int, number: int) -> list[int]:
    """Return consecutive seeds from the first on; 0 follows the largest."""
    return [(first + k) % 2**64 for k in range(number)]


def key_of(seed: int, purpose: int, step: int, idea: int) -> int:
    """Return the key of all draws for one purpose, step and idea; each below 2**32, the seed below 2**64."""
    a: int
    b: int
    a, b, _, _ = philox4x32(step & MASK, idea & MASK, purpose, 0, seed & MASK, (seed >> 32) & MASK)
    return (a << 32) | b | 1


def unit(bits: int) -> float:
    """Return the upper 53 of 64 random bits as a number in [0, 1)."""
    return ((bits >> 11) & UPPER) * 1.1102230246251565e-16


def limit_of(chance: float) -> int:
    """Return the bound below which the upper 53 of 64 random bits lie exactly if `unit(bits)` is below a chance.

    >>> [(bits >> 11 < limit_of(0.2), unit(bits) < 0.2) for bits in (0, 2**61, 2**63)]
    [(True, True), (True, True), (False, False)]
    """
    return math.ceil(chance * 2.0**53)  # a product that is not rounded


def uniform_of(key: int, person: int, other: int = 0) -> float:
    """Return a uniform number in [0, 1) with 53 bits for a person and another one, each below 2**32."""
    return unit(squares64((person << 32) | other, key))


def rank_of(key: int, person: int, other: int) -> int:
    """Return a rank of 31 bits, by which one of several tellers is credited: the one with the lowest rank."""
    bits: int = squares64((person << 32) | other, key)
    return (bits >> 33) & 0x7FFFFFFF


def uniform(seed: int, purpose: int, step: int, person: int, idea: int, other: int = 0) -> float:
    """Return a uniform number in [0, 1) for one purpose.

    >>> uniform(7, TELL, 3, 0, 0, 5) == uniform(7, TELL, 3, 0, 0, 5)
    True
    """
    return uniform_of(key_of(seed, purpose, step, idea), person, other)


def log(x: float) -> float:
    """Return the natural logarithm of x > 0 in basic operations, within two units of the last place; -inf at 0."""
    if x <= 0.0:
        return -math.inf
    if math.isinf(x):
        return x
    mantissa, exponent = math.frexp(x)
    if mantissa < 0.7071067811865476:
        mantissa *= 2.0
        exponent -= 1
    f = mantissa - 1.0
    s = f / (2.0 + f)
    series = 0.0
    for odd in range(23, 1, -2):
        series = (series + 2.0 / odd) * (s * s)
    return exponent * LN2_HIGH - ((s * (f - series) - exponent * LN2_LOW) - f)


def exp(x: float) -> float:
    """Return e to the power of x in basic operations, within two units of the last place."""
    if x > 709.0:
        return math.inf
    if x < -745.0:
        return 0.0
    k = math.floor(x * 1.4426950408889634 + 0.5)
    r = (x - k * LN2_HIGH) - k * LN2_LOW
    series = 1.0
    for n in range(14, 0, -1):
        series = 1.0 + series * r / n
    return math.ldexp(series, k)


def normal_quantile(u: float) -> float:
    """Return the standard normal quantile of u in (0, 1), relative error about 1e-15 (Wichura 1988, AS 241, PPND16)."""
    q = u - 0.5
    if abs(q) <= 0.425:
        r = 0.180625 - q * q
        return q * _ratio(r, _CENTRE)
    r = math.sqrt(-log(u if q < 0.0 else 1.0 - u))
    z = _ratio(r - 1.6, _TAIL) if r <= 5.0 else _ratio(r - 5.0, _FAR_TAIL)
    return -z if q < 0.0 else z


def _ratio(r: float, polynomials: tuple[tuple[float, ...], tuple[float, ...]]) -> float:
    top = bottom = 0.0
    for a in polynomials[0]:
        top = top * r + a
    for b in polynomials[1]:
        bottom = bottom * r + b
    return top / bottom


# fmt: off
_CENTRE = (
    (2.5090809287301226727e+3, 3.3430575583588128105e+4, 6.7265770927008700853e+4, 4.5921953931549871457e+4,
     1.3731693765509461125e+4, 1.9715909503065514427e+3, 1.3314166789178437745e+2, 3.3871328727963666080e+0),
    (5.2264952788528545610e+3, 2.8729085735721942674e+4, 3.9307895800092710610e+4, 2.1213794301586595867e+4,
     5.3941960214247511077e+3, 6.8718700749205790830e+2, 4.2313330701600911252e+1, 1.0),
)
_TAIL = (
    (7.74545014278341407640e-4, 2.27238449892691845833e-2, 2.41780725177450611770e-1, 1.27045825245236838258e+0,
     3.64784832476320460504e+0, 5.76949722146069140550e+0, 4.63033784615654529590e+0, 1.42343711074968357734e+0),
    (1.05075007164441684324e-9, 5.47593808499534494600e-4, 1.51986665636164571966e-2, 1.48103976427480074590e-1,
     6.89767334985100004550e-1, 1.67638483018380384940e+0, 2.05319162663775882187e+0, 1.0),
)
_FAR_TAIL = (
    (2.01033439929228813265e-7, 2.71155556874348757815e-5, 1.24266094738807843860e-3, 2.65321895265761230930e-2,
     2.96560571828504891230e-1, 1.78482653991729133580e+0, 5.46378491116411436990e+0, 6.65790464350110377720e+0),
    (2.04426310338993978564e-15, 1.42151175831644588870e-7, 1.84631831751005468180e-5, 7.86869131145613259100e-4,
     1.48753612908506148525e-2, 1.36929880922735805310e-1, 5.99832206555887937690e-1, 1.0),
)
# fmt: on
