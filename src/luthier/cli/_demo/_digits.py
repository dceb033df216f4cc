"""Scikit-learn's handwritten digits, split in three. They come with the package: no download.

Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, 1998 (the test half of
the data set, 1,797 images).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from luthier.errors import MissingExtraError

HELD_BACK = 360


@dataclass(frozen=True, slots=True)
class Split:
    """Images of shape (n, 8, 8, 1) with values from 0 to 1, and their digits of shape (n,)."""

    images: NDArray[np.float32]
    digits: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.digits)

    def __add__(self, other: Split) -> Split:
        return Split(
            np.concatenate([self.images, other.images]),
            np.concatenate([self.digits, other.digits]),
        )


@dataclass(frozen=True, slots=True)
class Digits:
    """What the search trains on, what it chooses by, and what it never sees."""

    train: Split
    validation: Split
    test: Split


def load() -> Digits:
    """The 1,797 images, always split the same way, each digit in proportion.

    Raises:
        MissingExtraError: without scikit-learn.
    """
    try:
        from sklearn.datasets import load_digits
        from sklearn.model_selection import train_test_split
    except ImportError as error:
        raise MissingExtraError(
            'The demo reads its images from scikit-learn: pip install "luthier[sklearn]"'
        ) from error
    bunch = load_digits()
    images = (bunch.images / 16.0).astype("float32")[..., np.newaxis]

    def split(part: Split) -> tuple[Split, Split]:
        kept, held, kept_digits, held_digits = train_test_split(
            part.images,
            part.digits,
            test_size=HELD_BACK,
            stratify=part.digits,
            random_state=0,
        )
        return Split(kept, kept_digits), Split(held, held_digits)

    rest, test = split(Split(images, bunch.target))
    train, validation = split(rest)
    return Digits(train, validation, test)
