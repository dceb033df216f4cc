"""A GAN on handwritten digits: two losses, two optimizers, trained in turn."""

from __future__ import annotations

import argparse
from typing import Any

from keras import Input, Model, Sequential, ops, random
from keras.layers import Dense
from sklearn.datasets import load_digits

import luthier


class GAN(Model):
    def __init__(self) -> None:
        super().__init__()
        self.maker = Sequential([Input((8,)), Dense(32, "relu"), Dense(64)])
        self.judge = Sequential([Input((64,)), Dense(32, "relu"), Dense(1)])
        self.seeds = random.SeedGenerator(0)

    def call(self, images: Any) -> Any:
        return self.judge(self.maker(random.normal((ops.shape(images)[0], 8), seed=self.seeds)))


def judge(model: GAN, images: Any) -> Any:
    return ops.mean(ops.softplus(model(images)) + ops.softplus(-model.judge(images)))


def maker(model: GAN, images: Any) -> Any:
    return ops.mean(ops.softplus(-model(images)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=20)
    step = luthier.Step(GAN(), {"judge": judge, "maker": maker}, {"judge": "adam", "maker": "adam"})
    loop = luthier.Loop(step, epochs=parser.parse_args().epochs, batch_size=64, verbose=2)
    loop.fit(load_digits().data / 8 - 1)
