"""Every sampler keeps the contract; a new one enters by one line."""

from __future__ import annotations

from luthier.samplers import Grid, Random
from luthier.testing import SamplerContract


class TestRandom(SamplerContract):
    make = Random


class TestGrid(SamplerContract):
    make = Grid
