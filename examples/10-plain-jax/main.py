"""A loop in plain JAX, tuned; the step is compiled once, for what is tuned is an input of it."""

from __future__ import annotations

import argparse

import jax
import jax.numpy as jnp
from sklearn.datasets import load_digits

import luthier

images, digits = (jnp.array(part) for part in load_digits(return_X_y=True))
batches = images[:1400].reshape(14, 100, 64), digits[:1400].reshape(14, 100)


def loss(weights: jax.Array, x: jax.Array, y: jax.Array, l2: float) -> jax.Array:
    chances = jax.nn.log_softmax(x / 16.0 @ weights)
    return -chances[jnp.arange(len(y)), y].mean() + l2 * (weights**2).sum()


@jax.jit
def step(weights: jax.Array, x: jax.Array, y: jax.Array, rate: float, l2: float) -> jax.Array:
    return weights - rate * jax.grad(loss)(weights, x, y, l2)


def train(hp: luthier.HyperParameters) -> float:
    rate, l2 = hp.Float("learning_rate", 1e-3, 1.0), hp.Float("l2", 1e-5, 1e-1, sampling="log")
    weights = jnp.zeros((64, 10))
    for x, y in 3 * list(zip(*batches, strict=True)):
        weights = step(weights, x, y, rate, l2)
    return float((jnp.argmax(images[1400:] @ weights, 1) == digits[1400:]).mean())


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--trials", type=int, default=20)
    results = luthier.tune(train, "max", parser.parse_args().trials, seed=0)
    print(f"best accuracy: {results.best.score:.1%} with {dict(results.best.values)}")
