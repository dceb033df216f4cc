"""Distances between rows of mixed, partly inactive columns, and the Matérn kernel of them.

A row has one column a hyperparameter: a number in [0, 1], or the index of a choice. `features`
turns a row into coordinates whose plain Euclidean distance is the distance that is meant, so one
matrix product serves all kinds:

- numbers: |x - z|;
- choices: 0 if equal, else 1 (Hamming), as one coordinate a choice;
- a column that may be inactive: inactive rows lie at one point, at the same distance from all
  active ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """What the columns of a row are.

    Attributes:
        choices: how many unordered choices a column has, 0 for a number in [0, 1]; shape (d,).
        step: distance between neighbouring values of a number, 0 where it is continuous; shape
            (d,).
        optional: whether a column may be inactive; shape (d,).
    """

    choices: NDArray[np.int64]
    step: Array
    optional: Mask

    @property
    def is_choice(self) -> Mask:
        """Which columns hold the index of a choice; shape (d,)."""
        return np.asarray(self.choices > 0)

    def __len__(self) -> int:
        return len(self.choices)


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """Which features stand for which of d columns.

    Attributes:
        groups: column of each feature, ascending, shape (m,).
        first: the first feature of each column, shape (d,).
        is_choice: which columns are unordered choices, shape (d,).
        optional: which columns may be inactive, shape (d,).
    """

    groups: NDArray[np.int64]
    first: NDArray[np.int64]
    is_choice: Mask
    optional: Mask

    def __len__(self) -> int:
        return len(self.first)


def layout(columns: Columns) -> Layout:
    """How `features` lays out the columns."""
    widths = np.where(columns.is_choice, columns.choices, np.where(columns.optional, 2, 1))
    return Layout(
        groups=np.repeat(np.arange(len(columns)), widths),
        first=np.cumsum(widths) - widths,
        is_choice=columns.is_choice,
        optional=columns.optional,
    )


def features(rows: Array, active: Mask, columns: Columns) -> Array:
    """Coordinates whose Euclidean distance is the distance of the rows, column by column.

    Args:
        rows: shape (n, d).
        active: which entries of `rows` count, shape (n, d).
        columns: the d columns.

    Returns:
        shape (n, m), laid out as `layout` says.

    Source: choices: one-hot, as Garrido-Merchán and Hernández-Lobato 2020, Dealing with categorical
        and integer-valued variables in Bayesian optimization, section 3. Inactive numbers: the arc
        kernel, Swersky et al. 2014, Raiders of the Lost Architecture, section 3: active values on
        an arc of one radian, inactive at its centre.
    """
    parts: list[Array] = []
    for j in range(len(columns)):
        column, on = rows[:, j], active[:, j]
        if columns.choices[j]:
            hot = column[:, None] == np.arange(columns.choices[j])
            parts.append(np.where(on[:, None], hot * np.sqrt(0.5), 0.0))
        elif columns.optional[j]:
            parts.append(np.where(on, np.cos(column), 0.0)[:, None])
            parts.append(np.where(on, np.sin(column), 0.0)[:, None])
        else:
            parts.append(column[:, None])
    return np.concatenate(parts, axis=1) if parts else np.zeros((len(rows), 0))


def feature_gradient(slope: Array, row: Array, active: Mask, columns: Columns) -> Array:
    """The gradient by the numbers of a row of what has the gradient `slope` by its features.

    Args:
        slope: shape (m,).
        row: shape (d,).
        active: shape (d,).
        columns: the d columns.

    Returns:
        shape (d,); 0 for choices and inactive entries.
    """
    gradient = np.zeros(len(columns))
    start = 0
    for j in range(len(columns)):
        if columns.choices[j]:
            start += int(columns.choices[j])
        elif columns.optional[j]:
            turned = -np.sin(row[j]) * slope[start] + np.cos(row[j]) * slope[start + 1]
            gradient[j] = turned if active[j] else 0.0
            start += 2
        else:
            gradient[j] = slope[start] if active[j] else 0.0
            start += 1
    return gradient


def column_distances(points: Array, shape: Layout) -> Array:
    """Squared distances of all pairs, one layer a column.

    Args:
        points: features, shape (n, m).
        shape: of their d columns.

    Returns:
        shape (d, n * n).
    """
    count, size = len(points), len(shape)
    layers = np.zeros((size, count, count))
    for feature, column in zip(points.T, shape.groups, strict=True):
        difference = feature[:, None] - feature[None, :]
        layers[column] += difference * difference
    return layers.reshape(size, count * count)


def squared_distances(left: Array, right: Array) -> Array:
    """Squared Euclidean distances of the rows of `left` (n, m) and `right` (k, m); shape (n, k)."""
    product = left @ right.T
    product *= -2.0
    product += np.einsum("ij,ij->i", left, left)[:, None]
    product += np.einsum("ij,ij->i", right, right)[None, :]
    return np.asarray(np.maximum(product, 0.0, out=product))


def matern52(scaled: Array) -> Array:
    """The Matérn kernel of smoothness 5/2; overwrites its argument and returns it.

    Args:
        scaled: 5 r² of squared scaled distances r², any shape.

    Returns:
        (1 + √5 r + 5/3 r²) exp(-√5 r).

    Source: Rasmussen and Williams 2006, Gaussian Processes for Machine Learning, eq. 4.17.
    """
    root = np.sqrt(scaled)
    scaled *= 1.0 / 3.0
    scaled += root
    scaled += 1.0
    np.negative(root, out=root)
    scaled *= np.exp(root, out=root)
    return scaled


def matern52_with_slope(squared: Array) -> tuple[Array, Array]:
    """The same kernel k of squared distances r², and h = 5/3 (1 + √5 r) exp(-√5 r).

    The gradient needs h: dk/d(r²) = -h / 2.
    """
    root = np.sqrt(5.0 * squared)
    decay = np.exp(-root)
    slope = (1.0 + root) * decay
    kernel = slope + (5.0 / 3.0) * squared * decay
    slope *= 5.0 / 3.0
    return kernel, slope
