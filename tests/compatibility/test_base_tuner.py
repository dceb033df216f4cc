"""KerasTuner 1.4.8's `BaseTuner`, case by case: errors, return values, hooks, summaries.

The literals come from running KerasTuner 1.4.8. Where it is wrong, the case says what is right.
"""

from __future__ import annotations

import types

import numpy as np
import pytest

import luthier
from luthier.engine.base_tuner import BaseTuner
from luthier.errors import FailedTrialError, FatalError
from luthier.oracles import RandomSearchOracle


def oracle(**options):
    return RandomSearchOracle(**({"objective": "val_loss", "max_trials": 2, "seed": 1} | options))


# -- constructor ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (None, "oracle=None (of type (<class 'NoneType'>)."),
        ("x", "oracle=x (of type (<class 'str'>)."),
        (3, "oracle=3 (of type (<class 'int'>)."),
    ],
)
def test_an_oracle_that_is_none(given, text, tmp_path):
    with pytest.raises(ValueError) as caught:
        BaseTuner(given, directory=tmp_path)
    assert str(caught.value) == (
        f"Expected `oracle` argument to be an instance of `Oracle`. Received: {text}"
    )


@pytest.mark.parametrize("names", [["foo"], ["foo", "bar"]])
def test_unknown_arguments(names, tmp_path):
    with pytest.raises(ValueError) as caught:
        BaseTuner(oracle(), directory=tmp_path, **dict.fromkeys(names, 3))
    assert str(caught.value) == f"Unrecognized arguments {names} for `BaseTuner.__init__()`."


def test_a_logger_is_kept_and_warned_of(tmp_path):
    with pytest.warns(DeprecationWarning) as caught:
        tuner = BaseTuner(oracle(), directory=tmp_path, logger=3)
    assert tuner.logger == 3
    assert [str(warning.message) for warning in caught] == [
        "The `logger` argument in `BaseTuner.__init__() is no longer supported and will be ignored."
    ]
    assert caught[0].filename == __file__


@pytest.mark.parametrize("hypermodel", [3, "model", [1]])
def test_a_hypermodel_that_is_none(hypermodel, tmp_path):
    with pytest.raises(luthier.errors.FatalValueError) as caught:
        BaseTuner(oracle(), hypermodel, directory=tmp_path)
    assert str(caught.value).startswith(
        "The `hypermodel` argument should be either a callable with signature `build(hp)` "
        "returning a model, or an instance of `HyperModel`."
    )


def test_attributes(tmp_path):
    tuner = BaseTuner(oracle(), directory=tmp_path)
    assert tuner.hypermodel is None
    assert tuner.directory == str(tmp_path)
    assert tuner.project_name == "untitled_project"
    assert tuner.project_dir == f"{tmp_path}/untitled_project"
    assert tuner.get_trial_dir("0") == f"{tmp_path}/untitled_project/trial_0"
    assert tuner.tuner_id == "tuner0"
    assert tuner.logger is None
    assert tuner.remaining_trials == 2
    assert tuner.get_state() == {}


@pytest.mark.parametrize(
    "call",
    [
        lambda tuner: tuner.load_model(None),
        lambda tuner: tuner.save_model("0", None),
        lambda tuner: tuner.run_trial(None),
    ],
)
def test_what_a_subclass_has_to_say(call, tmp_path):
    with pytest.raises(NotImplementedError):
        call(BaseTuner(oracle(), directory=tmp_path))


# -- hooks ----------------------------------------------------------------------------------------


class Logged(BaseTuner):
    raised: BaseException | None = None

    def __init__(self, *args, **kwargs):
        self.log = []
        super().__init__(*args, **kwargs)

    def on_search_begin(self):
        self.log.append("search begin")
        super().on_search_begin()

    def on_search_end(self):
        self.log.append("search end")
        super().on_search_end()

    def pre_create_trial(self):
        self.log.append("pre create")
        super().pre_create_trial()

    def on_trial_begin(self, trial):
        self.log.append(("begin", trial.trial_id, trial.status, trial.score))
        super().on_trial_begin(trial)

    def on_trial_end(self, trial):
        super().on_trial_end(trial)
        self.log.append(("end", trial.trial_id, trial.status, trial.score))

    def run_trial(self, trial, *args, **kwargs):
        trial.hyperparameters.Float("x", -1.0, 1.0)
        self.log.append(("run", args, kwargs))
        if self.raised is not None:
            raise self.raised
        return float(trial.trial_id)


RUN = ("run", (1,), {"a": 2, "verbose": 0})


def test_order_of_hooks(tmp_path):
    tuner = Logged(oracle(), directory=tmp_path)
    assert tuner.search(1, a=2, verbose=0) is None
    assert tuner.log == [
        "search begin",
        "pre create",
        ("begin", "0", "RUNNING", None),
        RUN,
        ("end", "0", "COMPLETED", 0.0),
        "pre create",
        ("begin", "1", "RUNNING", None),
        RUN,
        ("end", "1", "COMPLETED", 1.0),
        "pre create",
        "search end",
    ]


def test_order_of_hooks_of_a_finished_search(tmp_path):
    tuner = Logged(oracle(), directory=tmp_path)
    tuner.search(verbose=0)
    tuner.log.clear()
    tuner.search(verbose=0)
    assert tuner.log == ["search begin", "pre create", "search end"]


@pytest.mark.parametrize("error", [FatalError("f"), KeyboardInterrupt()])
def test_order_of_hooks_when_the_search_is_stopped(error, tmp_path):
    tuner = Logged(oracle(), directory=tmp_path)
    tuner.raised = error
    with pytest.raises(type(error)):
        tuner.search(1, a=2, verbose=0)
    assert tuner.log == ["search begin", "pre create", ("begin", "0", "RUNNING", None), RUN]


@pytest.mark.parametrize("error", [FailedTrialError("ff"), ValueError("v")])
def test_order_of_hooks_when_trials_fail(error, tmp_path):
    tuner = Logged(oracle(max_trials=3), directory=tmp_path)
    tuner.raised = error
    with pytest.raises(
        RuntimeError, match=r"^Number of consecutive failures exceeded the limit of 3"
    ):
        tuner.search(1, a=2, verbose=0)
    ends = [entry for entry in tuner.log if entry[0] == "end"]
    assert ends == [("end", str(number), "FAILED", None) for number in range(3)]
    assert "search end" not in tuner.log
    messages = [trial.message for trial in tuner.oracle.trials.values()]
    assert all(text.startswith("Traceback (most recent call last):\n") for text in messages)
    assert all(text.endswith(f"{error}\n") for text in messages)


# -- return values --------------------------------------------------------------------------------


class History:
    """Stands for `keras.callbacks.History`."""

    def __init__(self, **metrics):
        self.history = metrics


def searched(returned, place, **options):
    class Returning(BaseTuner):
        def run_trial(self, trial, *args, **kwargs):
            trial.hyperparameters.Float("x", -1.0, 1.0)
            return returned

    tuner = Returning(oracle(**({"max_trials": 1} | options)), directory=place)
    tuner.search(verbose=0)
    return tuner.oracle.trials["0"]


@pytest.mark.parametrize(
    ("returned", "score", "step", "metrics"),
    [
        (1.5, 1.5, 0, {"val_loss": 1.5}),
        (2, 2.0, 0, {"val_loss": 2.0}),
        (True, 1.0, 0, {"val_loss": 1.0}),
        (np.float32(2), 2.0, 0, {"val_loss": 2.0}),
        (np.int64(2), 2.0, 0, {"val_loss": 2.0}),
        ({"val_loss": 1, "b": 2}, 1.0, 0, {"val_loss": 1.0, "b": 2.0}),
        ([1, 2], 1.5, 0, {"val_loss": 1.5}),
        ([{"val_loss": 1}, {"val_loss": 3}], 2.0, 0, {"val_loss": 2.0}),
        (
            History(val_loss=[3.0, 1.0, 1.0, 2.0], loss=[9.0, 8.0, 7.0, 6.0]),
            1.0,
            1,
            {"val_loss": 1.0, "loss": 8.0},
        ),
        ([History(val_loss=[3.0, 1.0]), History(val_loss=[5.0, 7.0])], 3.0, 1, {"val_loss": 3.0}),
        # KerasTuner keeps the NaN of the first epoch.
        (History(val_loss=[float("nan"), 1.0]), 1.0, 1, {"val_loss": 1.0}),
    ],
)
def test_what_a_trial_may_return(returned, score, step, metrics, tmp_path):
    trial = searched(returned, tmp_path)
    assert (trial.status, trial.score, trial.best_step) == ("COMPLETED", score, step)
    assert trial.metrics.get_config()["metrics"] == {
        name: {"direction": "min", "observations": [{"value": [value], "step": step}]}
        for name, value in metrics.items()
    }


@pytest.mark.parametrize(
    ("returned", "error", "text"),
    [
        (
            None,
            "FatalTypeError",
            "The return value of Tuner.run_trial() is None. Did you forget to return the metrics? ",
        ),
        (
            "s",
            "FatalTypeError",
            "Expected the return value of Tuner.run_trial() to be one of float, dict, "
            "keras.callbacks.History, or a list of one of these types. ",
        ),
        (
            {"a": 1},
            "FatalValueError",
            "Expected the returned dictionary from Tuner.run_trial() to have the specified "
            "objective, val_loss, as one of the keys.",
        ),
    ],
)
def test_what_a_trial_may_not_return(returned, error, text, tmp_path):
    with pytest.raises(getattr(luthier.errors, error)) as caught:
        searched(returned, tmp_path)
    assert str(caught.value).startswith(text)


def test_a_dict_needs_an_objective(tmp_path):
    with pytest.raises(luthier.errors.FatalTypeError) as caught:
        searched({"val_loss": 1}, tmp_path, objective=None)
    assert str(caught.value).startswith(
        "Expected the return value of Tuner.run_trial() to be a single float when `objective` is "
        "left unspecified."
    )


def test_a_number_needs_none(tmp_path):
    trial = searched(3.0, tmp_path, objective=None)
    assert (trial.score, trial.metrics.get_best_value("default_objective")) == (3.0, 3.0)


def test_reporting_to_the_oracle_is_deprecated(tmp_path):
    class Old(BaseTuner):
        def run_trial(self, trial, *args, **kwargs):
            trial.hyperparameters.Float("x", -1.0, 1.0)
            self.oracle.update_trial(trial.trial_id, {"val_loss": 1}, step=4)

    tuner = Old(oracle(max_trials=1), directory=tmp_path)
    with pytest.warns(DeprecationWarning) as caught:
        tuner.search(verbose=0)
    assert str(caught[0].message) == (
        "The use case of calling `self.oracle.update_trial(trial_id, metrics)` in "
        "`Tuner.run_trial()` to report the metrics is deprecated, and will be removed in the "
        "future.Please remove the call and do 'return metrics' in `Tuner.run_trial()` instead. "
    )
    trial = tuner.oracle.trials["0"]
    assert (trial.status, trial.score, trial.best_step) == ("COMPLETED", 1.0, 4)


# -- summaries ------------------------------------------------------------------------------------


def test_summary_of_the_space(tmp_path, capsys):
    hp = luthier.HyperParameters()
    hp.Float("x", -1.0, 1.0)
    hp.Choice("c", ["a", "b"])
    hp.Fixed("f", 1e-4)
    hp.Int("n", 32, 128, step=32, default=64)
    hp.Boolean("d")
    BaseTuner(oracle(hyperparameters=hp), directory=tmp_path).search_space_summary(extended=True)
    none = "'conditions': []"
    assert capsys.readouterr().out.splitlines() == [
        "Search space summary",
        "Default search space size: 5",
        "x (Float)",
        f"{{'default': -1.0, {none}, 'min_value': -1.0, 'max_value': 1.0, 'step': None, "
        "'sampling': 'linear'}",
        "c (Choice)",
        f"{{'default': 'a', {none}, 'values': ['a', 'b'], 'ordered': False}}",
        "f (Fixed)",
        f"{{{none}, 'value': 0.0001}}",
        "n (Int)",
        f"{{'default': 64, {none}, 'min_value': 32, 'max_value': 128, 'step': 32, "
        "'sampling': 'linear'}",
        "d (Boolean)",
        f"{{'default': False, {none}}}",
    ]


def test_summary_of_no_results(tmp_path, capsys):
    BaseTuner(oracle(), directory=tmp_path).results_summary()
    assert capsys.readouterr().out == (
        f"Results summary\nResults in {tmp_path}/untitled_project\nShowing 10 best trials\n"
        'Objective(name="val_loss", direction="min")\n'
    )


def test_summary_where_no_trial_has_a_score_says_why(tmp_path, capsys):
    class Fails(BaseTuner):
        def run_trial(self, trial, *args, **kwargs):
            raise FailedTrialError(f"no {trial.hyperparameters.Choice('c', ['way', 'luck'])}")

    tuner = Fails(oracle(), directory=tmp_path)
    tuner.search(verbose=0)
    tuner.results_summary()
    assert capsys.readouterr().out.endswith(
        "\n\nNone of 2 trials has a score; the last one: FailedTrialError: no luck\n"
    )


def test_summary_of_results(tmp_path, capsys):
    class Constant(BaseTuner):
        def run_trial(self, trial, *args, **kwargs):
            return float(trial.hyperparameters.Choice("c", [2, 1]))

    tuner = Constant(oracle(), directory=tmp_path)
    tuner.search(verbose=0)
    tuner.results_summary(2)
    assert capsys.readouterr().out == (
        f"Results summary\nResults in {tmp_path}/untitled_project\nShowing 2 best trials\n"
        'Objective(name="val_loss", direction="min")\n'
        "\nTrial 1 summary\nHyperparameters:\nc: 1\nScore: 1.0\n"
        "\nTrial 0 summary\nHyperparameters:\nc: 2\nScore: 2.0\n"
    )
    tuner.results_summary(1)
    assert capsys.readouterr().out.count("summary\n") == 2


def test_the_sum_of_several_objectives_is_a_metric_of_its_own(tmp_path):
    class Two(BaseTuner):
        def run_trial(self, trial, *args, **kwargs):
            x = trial.hyperparameters.Choice("x", [3.0, 2.0])
            return types.SimpleNamespace(
                history={"val_loss": [x, x - 1.0], "val_accuracy": [0.25, 0.5]}, epoch=[0, 1]
            )

    sums = RandomSearchOracle(["val_loss", "val_accuracy"], max_trials=2, seed=0)
    tuner = Two(sums, directory=tmp_path)
    tuner.search(verbose=0)
    best = tuner.oracle.get_best_trials()[0]
    assert best.score == 0.5
    assert best.metrics.get_direction("multi_objective") == "min"
    history = best.metrics.get_history("multi_objective")
    assert [(one.value, one.step) for one in history] == [([0.5], 1)]


def test_best_hyperparameters(tmp_path):
    tuner = Logged(oracle(), directory=tmp_path)
    tuner.search(verbose=0)
    best = tuner.get_best_hyperparameters(5)
    assert [list(hp.values) for hp in best] == [["x"], ["x"]]
    assert isinstance(best[0], luthier.HyperParameters)
    # The first trial of a space that is not known yet takes the defaults.
    assert best[0].get("x") == -1.0
    assert [len(tuner.get_best_hyperparameters(n)) for n in (0, 1)] == [0, 1]


def test_best_models_are_loaded_best_first(tmp_path):
    class Loading(Logged):
        def load_model(self, trial):
            return trial.trial_id

    tuner = Loading(oracle(), directory=tmp_path)
    tuner.search(verbose=0)
    assert tuner.get_best_models(2) == ["0", "1"]
    assert tuner.get_best_models() == ["0"]


@pytest.mark.parametrize(("given", "kept"), [(0, 0), (2, 2), ("auto", 1)])
def test_verbose_of_search_is_the_oracles(given, kept, tmp_path):
    tuner = Logged(oracle(max_trials=1), directory=tmp_path)
    tuner.search(verbose=given)
    assert tuner.oracle.verbose == kept
    assert ("run", (), {"verbose": given}) in tuner.log


def test_reloading_is_said(tmp_path, capsys):
    Logged(oracle(), directory=tmp_path, project_name="p").search(verbose=0)
    capsys.readouterr()
    again = Logged(oracle(), directory=tmp_path, project_name="p")
    assert capsys.readouterr().out.startswith(f"Reloading Tuner from {tmp_path}/p/")
    assert len(again.oracle.trials) == 2
