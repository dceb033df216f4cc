"""A loop in plain PyTorch, tuned; a trial that does badly is ended early."""

from __future__ import annotations

import argparse

import torch
from sklearn.datasets import load_digits

import luthier

x, y = (torch.tensor(part) for part in load_digits(return_X_y=True))
x = x.float() / 16.0


def train(hp: luthier.HyperParameters, report: luthier.training.Reporter) -> None:
    units = hp.Int("units", 16, 64, step=16)
    model = torch.nn.Sequential(
        torch.nn.Linear(64, units), torch.nn.ReLU(), torch.nn.Linear(units, 10)
    )
    rate = hp.Float("learning_rate", 1e-3, 1.0, sampling="log")
    optimizer = torch.optim.SGD(model.parameters(), rate, momentum=hp.Float("momentum", 0.0, 0.9))
    for epoch in range(10):
        for rows in torch.randperm(1400).split(64):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(x[rows]), y[rows]).backward()
            optimizer.step()
        accuracy = (model(x[1400:]).argmax(1) == y[1400:]).float().mean()
        if report(epoch, accuracy=float(accuracy)) is not luthier.Decision.CONTINUE:
            break


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--trials", type=int, default=20)
    trials = parser.parse_args().trials
    results = luthier.tune(train, "accuracy", trials, scheduler="asha", seed=0)
    print(f"best accuracy: {results.best.score:.1%} with {dict(results.best.values)}")
