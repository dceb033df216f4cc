"""The contract of stores, as a suite.

Subclass `StoreContract` and override its fixture `connect`:

    class TestMine(StoreContract):
        @pytest.fixture
        def connect(self, tmp_path):
            return functools.partial(MyStore, tmp_path / "study")
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from luthier.testing import _store_laws_study, _store_laws_trial, _store_machine
from luthier.testing._store_place import Place
from luthier.testing._store_race import Connect

Law = Callable[[Place], None]

LAWS: tuple[Law, ...] = (*_store_laws_study.LAWS, *_store_laws_trial.LAWS)


class StoreContract:
    """What every store promises; subclass it and override the fixture `connect`."""

    @pytest.fixture
    def connect(self) -> Connect:
        """Makes another handle, not yet opened, on one and the same place each time.

        It is pickled where the store says that processes can share it.
        """
        raise NotImplementedError

    @pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
    def test_law(self, connect: Connect, law: Law) -> None:
        """One law, in a study of its own."""
        with Place(connect) as place:
            law(place)

    def test_any_order_of_verbs_does_what_the_model_does(self, connect: Connect) -> None:
        """The state machine."""
        _store_machine.run(connect)
