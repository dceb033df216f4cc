"""Keras's own `fit` on JAX, with shared programs in place of a compile for each model.

The loop, the callbacks, the order of the data and everything else stay Keras's: only the functions
that `fit` calls for batches are others. Where nothing wants to be told of each batch, they take a
whole epoch at once. Whatever does not suit is trained as Keras would, and says why.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import jax

from luthier.programs import (
    DRIFTS,
    IN_BLOCKS,
    IN_LOOPS,
    WHOLE,
    Form,
    Padding,
    Request,
    Rule,
    Trace,
    UntraceableError,
)
from luthier.training._jax_epochs import (
    STEP,
    Run,
    epoch_maker,
    feed,
    joined,
    keeps_types,
    pull,
    runs,
)
from luthier.training._jax_families import look_through, types_of
from luthier.training._jax_plan import WHOLE_EPOCH, Plan, planned
from luthier.training._jax_rows import plain
from luthier.training._jax_sizes import Look, look_at
from luthier.training._jax_suited import steps_are_keras_own, unsuited
from luthier.training._jax_widths import NO_WIDTHS, TrialWidths, Widest
from luthier.training._keras_fingerprint import Fingerprint
from luthier.training._keras_shapes import symbolic_build
from luthier.training._sharing import COMPILED_ONCE, Sharing

# Batches of an epoch whose length is not known.
_USUAL_EPOCH = 100
# One dispatch a step: as quick to compile as for Keras alone.
STEPWISE: Rule = lambda equation, operands: None  # noqa: E731
# Keras's method that turns what a step returned into the logs of an epoch.
_RESULTS = "_get_metrics_result_or_logs"
# Its method that makes what a model lacks before training.
_BUILD = "_symbolic_build"


class SharedFit:
    """Takes the place of a model's `fit`.

    Args:
        model: a compiled Keras model.
        sharing: the programs of the search.
        info: told how it was trained.
        widest: hyperparameters that widths of layers may be.
    """

    def __init__(
        self, model: Any, sharing: Sharing, info: dict[str, Any], widest: Widest = NO_WIDTHS
    ) -> None:
        self._model = model
        self._sharing = sharing
        self._info = info
        self._widest = widest
        self._widths = TrialWidths(sharing.widths, widest)
        self._plan = Plan()
        # What its steps depend on, once each call.
        self._seen: list[Fingerprint | None] = []
        self._traces: dict[Any, Trace] = {}
        # Of full batches and a last one together; None where it has to be two.
        self._joint: dict[Any, Trace | None] = {}
        # Wide traces that were told without any of the trial's own.
        self._told: dict[Any, tuple[Trace, Padding]] = {}
        self._looks: dict[Any, Look | None] = {}
        self._test_is_whole = False
        # Steps that cannot be shared, by kind, compiled as Keras does.
        self._keras: dict[str, Any] = {}
        self._is_repaid: dict[str, bool] = {}

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Train, as `keras.Model.fit`."""
        model = self._model
        fit = partial(type(model).fit, model)
        reason = unsuited(model)
        if reason:
            self._sharing.fall_back(reason, self._info)
            return fit(*args, **kwargs)
        self._seen.clear()
        self._traces.clear()
        self._joint.clear()
        self._told.clear()
        self._looks.clear()
        self._keras.clear()
        self._is_repaid.clear()
        self._widths = TrialWidths(self._sharing.widths, self._widest)
        self._plan, args, kwargs = planned(model, args, kwargs)
        self._info.setdefault("ran", COMPILED_ONCE)
        with self._installed():
            return fit(*args, **kwargs)

    @contextlib.contextmanager
    def _installed(self) -> Iterator[None]:
        model, before = self._model, self._model.steps_per_execution
        model.train_function, model.test_function = self._train, self._test
        model.steps_per_execution = self._plan.most
        if steps_are_keras_own(model):
            vars(model)[_BUILD] = partial(symbolic_build, model)
            if self._plan.whole:
                # The program gave them: Keras would compute each once more, one by one.
                vars(model)[_RESULTS] = lambda logs: logs
        try:
            yield
        finally:
            model.steps_per_execution = before
            for name in (_BUILD, _RESULTS):
                vars(model).pop(name, None)

    # -- what fit calls --------------------------------------------------------------------------

    def _train(self, state: Any, iterator: Any) -> Any:
        plan = self._plan
        limit = plan.steps if plan.whole else plan.stride
        logs, state = self._advance("train", state, iterator, limit)
        # Keras reads this when it first validates, right after this call.
        self._test_is_whole = plan.whole_test
        if plan.most > 1:
            whole = plan.test_steps or WHOLE_EPOCH
            self._model.steps_per_execution = whole if plan.whole_test else 1
        return logs, state

    def _test(self, state: Any, iterator: Any) -> Any:
        limit = self._plan.test_steps if self._test_is_whole else 1
        self._test_is_whole = False
        if self._plan.most > 1:
            self._model.steps_per_execution = 1
        return self._advance("test", state, iterator, limit)

    def _advance(self, kind: str, state: Any, iterator: Any, limit: int | None) -> Any:
        logs: Any = None
        parts = pull(iterator, limit)
        part = next(parts, None)
        if part is None:
            raise StopIteration
        while part is not None:
            logs, state = self._run(kind, state, list(runs(part)))
            part = next(parts, None)
        return logs, state

    def _run(self, kind: str, state: Any, given: list[Run]) -> Any:
        if kind in self._keras:
            return _each([self._keras[kind]] * len(given), state, given)
        try:
            ended = self._run_told(kind, state, given)
            if ended is not None:
                return ended
            traces, parts = self._traced(kind, state, given)
            if not all(keeps_types(one, state) for one in traces):
                raise UntraceableError("it changes the types of its state")
            ended = self._run_wider(kind, traces, state, parts)
            return self._run_shared(kind, traces, state, parts) if ended is None else ended
        except UntraceableError as error:
            reason = str(error)
        except Exception as error:
            if any(leaf.is_deleted() for leaf in jax.tree.leaves(state)):
                raise
            reason = _reason(error)
        return self._fall_back(kind, reason, state, given)

    def _run_told(self, kind: str, state: Any, given: list[Run]) -> Any:
        """Logs and state after a run in a wider program that is known without a trace; None if
        there is none.
        """
        run = given[0] if len(given) == 1 else joined(given)
        if self._widths.is_off or run is None:
            return None
        key = _key(kind, state, run)
        if key not in self._looks:
            self._looks[key] = look = self._look(kind, state, run)
            told = None if look is None else self._widths.told(look, state, self._steps(given))
            if told is not None:
                self._told[key] = told
        if key not in self._told:
            return None
        wider, padding = self._told[key]
        return self._run_padded(kind, [wider], padding, state, [run])

    def _look(self, kind: str, state: Any, run: Run) -> Look | None:
        """A look at a step, to know it from others of other widths; None if it cannot be seen."""
        seen = self._look_through()
        if seen is None:
            return None
        limits = tuple((name, most) for name, (_, most) in self._widest.items())
        more = limits, self._sharing.in_lane
        return look_at(seen, kind, state, types_of(run.first()), more)

    def _steps(self, given: list[Run]) -> int:
        """How often a step will run, about."""
        epoch = sum(len(run.batches) for run in given) if self._plan.whole else _USUAL_EPOCH
        return epoch * self._plan.epochs

    def _run_wider(self, kind: str, traces: list[Trace], state: Any, given: list[Run]) -> Any:
        """Logs and state after a run in a wider program; None if it has to be one of its own."""
        widths, batches = self._widths, [run.first() for run in given]
        form, steps = self._form(traces[0]), self._steps(given)
        # For others to be told by.
        look = self._looks.get(_key(kind, state, given[0])) if len(given) == 1 else None
        found = [
            widths.widened(one, state, batch, steps, form, look)
            for one, batch in zip(traces, batches, strict=True)
        ]
        ended: Any = None
        wider = [one[0] for one in found if one is not None]
        if found[0] is not None and len(wider) == len(found):
            ended = self._run_padded(kind, wider, found[0][1], state, given)
        if widths.why:
            self._info["own_width_why"] = widths.why
        return ended

    def _form(self, one: Trace) -> Form:
        """How products of a wider program are computed: in loops where these are no slower."""
        sharing = self._sharing
        if jax.default_backend() != "cpu" or sharing.in_lane:
            return WHOLE
        probe = sharing.probe
        return IN_BLOCKS if not probe.has_any(one) or probe.prefers_patches(one) else WHOLE

    def _run_padded(
        self, kind: str, traces: list[Trace], padding: Padding, state: Any, given: list[Run]
    ) -> Any:
        """Logs and state after a run in a wider program; None if it did not go well."""
        try:
            logs, wide = self._run_shared(kind, traces, padding.pad(state), given)
        except Exception as error:
            self._widths.give_up(_reason(error))
            return None
        if padding.outside(wide) != 0:
            self._widths.give_up(DRIFTS)
            return None
        return logs, padding.cut(wide)

    def _run_shared(self, kind: str, traces: list[Trace], state: Any, given: list[Run]) -> Any:
        sharing = self._sharing
        rule = self._rule(kind, traces)
        if rule is STEPWISE or (len(given) == 1 and len(given[0].batches) == 1):
            bound = [sharing.programs.bind([one], STEP) for one in traces]
            return _each(bound, state, given)
        fed = feed(given, sharing.data)
        maker = epoch_maker(fed.shape, rule=rule)
        sharing.programs.bind(traces, maker)
        request = Request(
            tuple(traces), maker, state, fed.data, fed.rows, fed.streams, first=kind == "test"
        )
        return sharing.run(request, self._info, together=self._plan.together)

    def _fall_back(self, kind: str, reason: str, state: Any, given: list[Run]) -> Any:
        """Go on with Keras's own step, compiled as Keras does."""
        self._sharing.fall_back(f"{kind} step: {reason}", self._info)
        step = jax.jit(getattr(self._model, f"{kind}_step"), donate_argnums=0)
        self._keras[kind] = step
        return _each([step] * len(given), state, given)

    def _rule(self, kind: str, traces: list[Trace]) -> Rule | None:
        """How convolutions are computed; `STEPWISE` if an epoch is not to be one dispatch."""
        if kind not in self._is_repaid:
            repaid = self._sharing.is_repaid([one.skeleton for one in traces])
            self._is_repaid[kind] = repaid or self._widths.are_all_shared
        if not self._is_repaid[kind]:
            return STEPWISE
        probe = self._sharing.probe
        on_cpu = jax.default_backend() == "cpu"
        if not (on_cpu or self._sharing.in_lane) or not probe.has_any(traces[0]):
            return None
        if probe.prefers_patches(traces[0]):
            return IN_LOOPS
        return STEPWISE if on_cpu else None

    def _traced(self, kind: str, state: Any, given: list[Run]) -> tuple[list[Trace], list[Run]]:
        """The trace of a step for each run; runs that can be are made one."""
        batches = [run.first() for run in given]
        keys = [(kind, types_of(state), types_of(batch)) for batch in batches]
        whole = joined(given)
        if whole is not None:
            key = tuple(keys)
            if key not in self._joint:
                families = self._sharing.families
                seen = self._look_through()
                self._joint[key] = families.joint(self._model, seen, kind, state, (*batches,))
            joint = self._joint[key]
            if joint is not None:
                return [joint], [whole]
        new = {k: (state, one) for k, one in zip(keys, batches, strict=True)}
        new = {key: one for key, one in new.items() if key not in self._traces}
        if new:
            wanted = list(new.values())
            seen = self._look_through()
            made = self._sharing.families.traces(self._model, seen, kind, wanted)
            self._traces.update(zip(new, made, strict=True))
        return [self._traces[key] for key in keys], given

    def _look_through(self) -> Fingerprint | None:
        # By now it is built; what callbacks change later, a step that Keras compiled ignores too.
        if not self._seen:
            self._seen.append(look_through(self._model))
        return self._seen[0]


def _key(kind: str, state: Any, run: Run) -> Any:
    return kind, types_of(state), types_of(run.first())


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {(str(error).strip().splitlines() or [''])[0]}"


def _each(steps: Sequence[Any], state: Any, given: list[Run]) -> Any:
    """The logs and the state after one call for each batch, with one step for each run."""
    logs: Any = None
    for step, run in zip(steps, given, strict=True):
        for leaves in run.batches:
            batch = jax.tree.unflatten(run.structure, [plain(leaf) for leaf in leaves])
            logs, state = step(state, batch)
    return logs, state
