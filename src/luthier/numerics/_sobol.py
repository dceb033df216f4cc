"""Scrambled Sobol' points: any point of the sequence, computed from its number.

Enters: numbers of points, a count of columns, a seed. Leaves: rows in [0, 1). The same seed gives
the same sequence in every process, so a search can go on where it stopped.

Source: Sobol' (1967); direction numbers of Joe and Kuo, "Constructing Sobol sequences with better
two-dimensional projections", SIAM J. Sci. Comput. 30 (2008), table new-joe-kuo-6; scrambling by
random linear matrices and a digital shift: Matousek, "On the L2-discrepancy for anchored boxes", J.
Complexity 14 (1998).
"""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

_BITS = 30
MOST_COLUMNS = 64
"""Columns beyond these are filled with independent uniform numbers, which is the usual padding."""

# A primitive polynomial over GF(2), its bits as a number, and the first odd numbers m_1, m_2, ...
_TABLE = """
    3:1 7:1,3 11:1,3,1 13:1,1,1 19:1,1,3,3 25:1,3,5,13 37:1,1,5,5,17 41:1,1,5,5,5 47:1,1,7,11,19
    55:1,1,5,1,1 59:1,1,1,3,11 61:1,3,5,5,31 67:1,3,3,9,7,49 91:1,1,1,15,21,21 97:1,3,1,13,27,49
    103:1,1,1,15,7,5 109:1,3,1,15,13,25 115:1,1,5,5,19,61 131:1,3,7,11,23,15,103
    137:1,3,7,13,13,15,69 143:1,1,3,13,7,35,63 145:1,3,5,9,1,25,53 157:1,3,1,13,9,35,107
    167:1,3,1,5,27,61,31 171:1,1,5,11,19,41,61 185:1,3,5,3,3,13,69 191:1,1,7,13,1,19,1
    193:1,3,7,5,13,19,59 203:1,1,3,9,25,29,41 211:1,3,5,13,23,1,55 213:1,3,7,3,13,59,17
    229:1,3,1,3,5,53,69 239:1,1,5,5,23,33,13 241:1,1,7,7,1,61,123 247:1,1,7,9,13,61,49
    253:1,3,3,5,3,55,33 285:1,3,1,15,31,13,49,245 299:1,3,5,15,31,59,63,97
    301:1,3,1,11,11,11,77,249 333:1,3,1,11,27,43,71,9 351:1,1,7,15,21,11,81,45
    355:1,3,7,3,25,31,65,79 357:1,3,1,1,19,11,3,205 361:1,1,5,9,19,21,29,157
    369:1,3,7,11,1,33,89,185 391:1,3,3,3,15,9,79,71 397:1,3,7,11,15,39,119,27
    425:1,1,3,1,11,31,97,225 451:1,1,1,3,23,43,57,177 463:1,3,7,7,17,17,37,71
    487:1,3,1,5,27,63,123,213 501:1,1,3,5,11,43,53,133 529:1,3,5,5,29,17,47,173,479
    539:1,3,3,11,3,1,109,9,69 545:1,1,1,5,17,39,23,5,343 557:1,3,1,5,25,15,31,103,499
    563:1,1,1,11,11,17,63,105,183 601:1,1,5,11,9,29,97,231,363 607:1,1,5,15,19,45,41,7,383
    617:1,3,7,7,31,19,83,137,221 623:1,1,1,3,23,15,111,223,83 631:1,1,5,13,31,15,55,25,161
    637:1,1,3,13,25,47,39,87,257
"""


def sobol(numbers: NDArray[np.int64], columns: int, seed: int) -> FloatArray:
    """Points of a scrambled Sobol' sequence.

    Args:
        numbers: which points, shape `(n,)`, from 0 to 2**30 - 1.
        columns: d.
        seed: chooses the scrambling.

    Returns:
        shape `(n, d)`, in [0, 1).
    """
    n = len(numbers)
    known = min(columns, MOST_COLUMNS)
    x = np.empty((n, columns))
    if known:
        matrices, shift = _scrambled(known, seed)
        gray = numbers ^ (numbers >> 1)
        digits = np.zeros((n, known), np.int64) ^ shift
        for bit in range(_BITS):
            digits ^= np.where((gray >> bit & 1)[:, None].astype(bool), matrices[:, bit], 0)
        x[:, :known] = (digits + 0.5) / 2.0**_BITS
    for row, number in enumerate(numbers if columns > known else ()):
        x[row, known:] = np.random.default_rng([seed, int(number)]).random(columns - known)
    return x


@functools.lru_cache(maxsize=16)
def _scrambled(columns: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Direction numbers after scrambling, shape `(d, bits)`, and the shift, shape `(d,)`."""
    rng = np.random.default_rng([seed, columns])
    plain = _directions()[:columns]
    shift = rng.integers(2**_BITS, size=columns)
    # Each digit becomes itself plus a random sum of the more significant ones (Matousek).
    lower = np.tril(rng.integers(2, size=(columns, _BITS, _BITS)), -1)
    lower[:, np.arange(_BITS), np.arange(_BITS)] = 1
    weights = 2 ** np.arange(_BITS - 1, -1, -1)
    digits = (plain[:, None, :] // weights[:, None]) % 2
    mixed = np.matmul(lower, digits) % 2
    return (mixed * weights[:, None]).sum(1), shift


@functools.cache
def _directions() -> NDArray[np.int64]:
    """Direction numbers v_k = m_k 2^(bits - k) of each column, shape `(MOST_COLUMNS, bits)`."""
    rows = [[1] * _BITS]
    for entry in _TABLE.split():
        polynomial, first = entry.split(":")
        rows.append(_extend(int(polynomial), [int(m) for m in first.split(",")]))
    shifts = np.arange(_BITS - 1, -1, -1)
    return np.array(rows, np.int64) << shifts


def _extend(polynomial: int, first: list[int]) -> list[int]:
    """All m_k by the recurrence of Joe and Kuo (2008).

    m_k = 2 a_1 m_(k-1) ^ 4 a_2 m_(k-2) ^ ... ^ 2^s m_(k-s) ^ m_(k-s), s the polynomial's degree.
    """
    degree = polynomial.bit_length() - 1
    m = list(first)
    while len(m) < _BITS:
        new = m[-degree]
        for i in range(1, degree + 1):
            if polynomial >> (degree - i) & 1:
                new ^= m[-i] << i
        m.append(new)
    return m
