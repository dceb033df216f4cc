"""Models that differ in the widths of their layers, in one program: which sizes it is made for.

A program is made for the largest widths that a search may ask for, where what that costs a narrow
trial is less than compiling another program; else for halves and quarters of them, and at last for
the trial's own. How wide a layer may become follows from the hyperparameters: the one whose value
the layer's width always had. Where no one had, the widths that were seen tell.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax

from luthier.programs import WHOLE, Form, Padding, Trace, UntraceableError, Widening, disagreement
from luthier.space import Choice, HyperParameters, Int
from luthier.training._jax_sizes import Known, Look, Sizes

# Multiplications and additions in the time that compiling an operation takes, about. Not timed: the
# same search is to run in the same programs again.
_WORTH_ON_CPU = 2e8
_WORTH_ON_ACCELERATOR = 2e10
_HALVINGS = 3

Widest = Mapping[str, tuple[int, int]]
"""Name of a hyperparameter → its value, and the largest that it may have."""

NO_WIDTHS: Widest = {}


def widest(hp: HyperParameters | None) -> Widest:
    """The whole numbers of a trial that may be widths."""
    # A copy: to look a value up here is not the build's use of it.
    values = {} if hp is None else dict(hp.values)
    found = {}
    for parameter in () if hp is None else hp.space:
        value = values.get(parameter.name)
        if type(value) is not int:
            continue
        if isinstance(parameter, Int):
            found[parameter.name] = (value, int(parameter.max_value))
        elif isinstance(parameter, Choice):
            found[parameter.name] = (value, max(map(int, parameter.values)))
    return found


class Structure:
    """Models that differ in widths only, so far.

    Args:
        sizes: of each factor that may be wider, in the first of them.
        widest: hyperparameters of the first.

    Attributes:
        sound: factors that were padded together, and it was right.
        unsound: factors that were padded together, and why that was wrong.
    """

    def __init__(self, sizes: Sequence[int], widest: Widest) -> None:
        self.sound: list[frozenset[int]] = []
        self.unsound: dict[frozenset[int], str] = {}
        self._sizes: list[set[int]] = [set() for _ in sizes]
        # Those whose value each factor always had.
        self._names = [set(widest) for _ in sizes]
        self.look(sizes, widest)

    @property
    def has_names(self) -> bool:
        """Whether hyperparameters say how wide anything is."""
        return any(self._names)

    def look(self, sizes: Sequence[int], widest: Widest) -> None:
        """Take note of a model."""
        for size, seen, names in zip(sizes, self._sizes, self._names, strict=True):
            seen.add(size)
            names &= {name for name, (value, _) in widest.items() if value == size}

    def has_tried(self, one: Widening) -> bool:
        """Whether what is padded in a model was padded before, and it was right."""
        padded = _padded(one)
        return not padded or any(padded <= good for good in self.sound)

    def most(self, widest: Widest) -> list[int]:
        """How wide each factor may become; as wide as it is where nothing tells."""
        return [
            min((widest[name][1] for name in names if name in widest), default=0)
            or (1 << (max(sizes) - 1).bit_length() if len(sizes) > 1 else max(sizes))
            for sizes, names in zip(self._sizes, self._names, strict=True)
        ]


class Widths:
    """What a search knows of its models' widths.

    Attributes:
        sizes: of which widths no trace is needed any more.
    """

    def __init__(self) -> None:
        self._structures: dict[str, Structure] = {}
        self.sizes = Sizes()

    def look(self, one: Widening, widest: Widest) -> Structure:
        """Take note of a model."""
        sizes, key = [factor.size for factor in one.factors], one.structure()
        if key in self._structures:
            self._structures[key].look(sizes, widest)
        else:
            self._structures[key] = Structure(sizes, widest)
        return self._structures[key]


class TrialWidths:
    """A trial that may run in a wider program.

    Args:
        widths: of the search.
        widest: of the trial.

    Attributes:
        why: why it does not; "" if it does, or has no widths.
    """

    def __init__(self, widths: Widths, widest: Widest) -> None:
        self._widths = widths
        self._widest = widest
        self._parts: list[tuple[Any, ...]] = []
        self._wider: dict[int, tuple[Trace, Trace, Padding]] = {}
        self._is_off = not widest
        self._has_widest = False
        self._is_told = False
        self.why = ""

    def widened(
        self,
        own: Trace,
        state: Any,
        batch: Any,
        steps: int,
        form: Form = WHOLE,
        look: Look | None = None,
    ) -> tuple[Trace, Padding] | None:
        """A step's trace in a wider program, and how its state lies in it; None for its own.

        Args:
            own: its trace.
            state: training's, or validation's, as Keras hands it over.
            batch: to try it with.
            steps: how often it will run, about.
            form: how operations of a wider program are done.
            look: at the model, for others to be told by.
        """
        if self._is_off:
            return None
        if id(own) not in self._wider:
            try:
                self._wider[id(own)] = (own, *self._found(own, state, batch, steps, form, look))
            except UntraceableError as error:
                self.give_up(str(error))
                return None
            except Exception as error:
                # An operation that is bound otherwise than is known here: its own program has it.
                self.give_up(f"{type(error).__name__}: {error}")
                return None
        return self._wider[id(own)][1:]

    @property
    def is_off(self) -> bool:
        """Whether it runs in a program of its own."""
        return self._is_off

    @property
    def are_all_shared(self) -> bool:
        """Whether it runs in a program that is wide enough for every other trial."""
        return self._has_widest and (self._is_told or bool(self._wider)) and not self._is_off

    def give_up(self, why: str) -> None:
        """Go on in a program of its own."""
        self._is_off, self.why = True, why

    def told(self, look: Look, state: Any, steps: int) -> tuple[Trace, Padding] | None:
        """What `widened` would give, without a trace; None if it has to be traced.

        Args:
            look: at the step.
            state: training's, or validation's, as Keras hands it over.
            steps: how often it will run, about.
        """
        if self._is_off:
            return None
        known = self._of(state)
        found = [
            (one, sizes)
            for one, sizes in self._widths.sizes.like(look)
            if known is not None or self._would_choose(one, sizes, steps)
        ]
        told = [one.family.tell(look.numbers, sizes) for one, sizes in found]
        # Two of one look that are not the same: what tells them apart is not known.
        if len(told) != 1 or told[0] is None or (known is not None and told[0][1] != known):
            return None
        ((one, sizes),) = found
        if not one.structure.has_tried(one.family.one):
            return None
        one.structure.look(sizes, self._widest)
        if known is None:
            self._keep(told[0][1], state)
        self._is_told = True
        return told[0]

    def _would_choose(self, known: Known, sizes: Sequence[int], steps: int) -> bool:
        """Whether a step of these sizes would be written as wide as those that are known."""
        one, form = known.family.one, known.family.form
        for factor, size in zip(one.factors, sizes, strict=True):
            factor.size = factor.wide = size
        try:
            halvings = _choose(one, known.structure.most(self._widest), steps, form)
        except UntraceableError:
            return False
        self._has_widest = halvings == 0
        return known.family.has_wide([factor.wide for factor in one.factors])

    def _found(
        self, own: Trace, state: Any, batch: Any, steps: int, form: Form, look: Look | None
    ) -> tuple[Trace, Padding]:
        leaves = jax.tree.structure(state).num_leaves
        known = self._of(state)
        one = Widening(own, leaves, known)
        structure = self._widths.look(one, self._widest)
        if known is None:
            halvings = _choose(one, structure.most(self._widest), steps, form)
            if not structure.has_names and not one.padding().is_needed:
                raise UntraceableError("")
            self._has_widest = halvings == 0
        _check(structure, one, lambda: _tried(one, own, state, batch))
        padding = known or one.padding()
        if known is None:
            self._keep(padding, state)
        wider = one.widened(form)
        if look is not None:
            self._widths.sizes.learn(look, one, form, wider, structure)
        return wider, padding

    def _keep(self, padding: Padding, state: Any) -> None:
        places = iter(padding.places)
        for part in state:
            count = jax.tree.structure(part).num_leaves
            self._parts.append(tuple(next(places) for _ in range(count)))

    def _of(self, state: Any) -> Padding | None:
        """The padding that was chosen when training began, of as much as this state holds."""
        if not self._parts:
            return None
        weights, others, _, metrics = self._parts
        parts = self._parts if len(state) == len(self._parts) else [weights, others, metrics]
        return Padding(tuple(place for part in parts for place in part))


def _check(structure: Structure, one: Widening, judge: Callable[[], str]) -> None:
    """Make sure that what is padded may be.

    Raises:
        UntraceableError: if not.
    """
    padded = _padded(one)
    why = next((why for bad, why in structure.unsound.items() if bad <= padded), "")
    if not why and not structure.has_tried(one):
        why = judge()
        if why:
            structure.unsound[padded] = why
        else:
            structure.sound.append(padded)
    if why:
        raise UntraceableError(why)


def _padded(one: Widening) -> frozenset[int]:
    return frozenset(i for i, factor in enumerate(one.factors) if factor.wide != factor.size)


def _tried(one: Widening, own: Trace, state: Any, batch: Any) -> str:
    """Why padding is not right, tried with one place more in each factor that is padded."""
    chosen = [factor.wide for factor in one.factors]
    for factor in one.factors:
        factor.wide = factor.size + (factor.wide != factor.size)
    why = disagreement(own, one.widened(), one.padding(), state, batch)
    for factor, wide in zip(one.factors, chosen, strict=True):
        factor.wide = wide
    return why


def _choose(one: Widening, most: Sequence[int], steps: int, form: Form) -> int:
    """Say how wide each factor is to be; how often the widest was halved for it.

    Raises:
        UntraceableError: if nothing wider is worth it.
    """
    own = one.work()
    on_cpu = jax.default_backend() == "cpu"
    worth = one.length * (_WORTH_ON_CPU if on_cpu else _WORTH_ON_ACCELERATOR)
    for halvings in range(_HALVINGS + 1):
        for factor, limit in zip(one.factors, most, strict=True):
            factor.wide = rounded(factor.size, limit, halvings)
        if (one.work(form) - own) * steps <= worth:
            return halvings
    raise UntraceableError("padding would cost more than a compile")


def rounded(size: int, limit: int, halvings: int) -> int:
    """The smallest of a limit, its half and so on that is not below a size."""
    sizes = [-(-limit // 2**times) for times in range(halvings + 1)]
    return min((one for one in sizes if one >= size), default=size)
