"""Every sampler keeps the contract; a new one enters by one line."""

from __future__ import annotations

from luthier.samplers import BOHB, CMAES, TPE, Auto, Evolution, GaussianProcess, Grid, Random, Sobol
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


class TestGaussianProcess(SamplerContract):
    make = GaussianProcess


class TestAuto(SamplerContract):
    make = Auto


class TestBOHB(SamplerContract):
    make = BOHB
