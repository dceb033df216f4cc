"""A search in a process of its own, for tests that kill it.

`python _quadratic.py STORAGE SEED TRIALS SECONDS`
"""

from __future__ import annotations

import sys
import time

import luthier


def main(storage: str, seed: int, trials: int, seconds: float) -> None:
    def evaluate(hp, report):
        x = hp.Float("x", -1.0, 1.0)
        layers = hp.Int("layers", 1, 3)
        widths = [hp.Int(f"width_{i}", 8, 64, step=8) for i in range(layers)]
        for step in range(3):
            time.sleep(seconds / 3)
            report(step, loss=x**2 + sum(widths) / 1000 + 1.0 / (step + 1))
        return {"loss": x**2 + sum(widths) / 1000}

    luthier.tune(
        evaluate,
        luthier.Objective("loss", "min"),
        max_trials=trials,
        seed=seed,
        sampler="random",
        storage=storage,
        verbose=0,
    )
    print("done", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))
