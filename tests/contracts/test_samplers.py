"""Every sampler keeps the contract; a new one enters by one line."""

from __future__ import annotations

from luthier.samplers import CMAES, TPE, Evolution, Grid, Random, Sobol
from luthier.testing import SamplerContract


class TestRandom(SamplerContract):
    make = Random


class TestGrid(SamplerContract):
    make = Grid


class TestSobol(SamplerContract):
    make = Sobol


class TestTPE(SamplerContract):
    make = TPE


class TestCMAES(SamplerContract):
    make = CMAES


class TestEvolution(SamplerContract):
    make = Evolution
