"""Ask for values, do with them what you like, tell what came out.

Nothing calls your code here: it may be a loop, a queue, a robot or a person.
"""

from __future__ import annotations

import argparse

import luthier


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--trials", type=int, default=30)
    given = parser.parse_args()

    hp = luthier.HyperParameters()
    hp.Float("length", 1.0, 10.0)
    hp.Int("turns", 1, 5)
    study = luthier.Study(hp, objective="max", seed=0, max_trials=given.trials)
    while (trial := study.ask()) is not None:
        length, turns = trial.values["length"], trial.values["turns"]
        study.tell(trial, turns * length - 0.4 * length**2 - 0.5 * turns**2)
    best = study.best
    if best is not None:
        print(f"trial {best.number}: {best.score:.3f} with {dict(best.values)}")
    study.close()


if __name__ == "__main__":
    main()
