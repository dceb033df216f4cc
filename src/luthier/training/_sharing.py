"""What the trials of one search share: compiled programs, and the data on the device.

Enters: how a search is to run. Leaves: what `_jax_fit` and `_tensorflow_sharing` need of it, and
one line that says how trials were trained. No framework is imported before it is used.
"""

from __future__ import annotations

import importlib.util
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from luthier.errors import FatalRuntimeError
from luthier.space import Choice, Fixed, Float, HyperParameter
from luthier.training._backend import backend_in_use

if TYPE_CHECKING:
    from luthier.programs import Context, ConvolutionProbe, Lanes, Packer, Programs, Request
    from luthier.training._jax_families import Families
    from luthier.training._jax_kept import Kept
    from luthier.training._jax_rows import DeviceData
    from luthier.training._jax_widths import Widths
    from luthier.training._tensorflow_programs import Graphs

PLAIN = "plain"
COMPILED_ONCE = "compiled once"
PACKED = "packed"

# JAX's caches also hold what tracing left of models that are gone.
_TIDY_EVERY = 16
_MOST_REASONS = 3
_ON_ACCELERATOR = 16


class Sharing:
    """Programs and data of a search.

    Args:
        lanes: how many trials are trained side by side.
        strict: whether what cannot be shared is an error.

    Attributes:
        lanes: as given.
    """

    def __init__(self, *, lanes: int | Literal["auto"] = "auto", strict: bool = False) -> None:
        self.lanes = lanes
        self._strict = strict
        self._ways: Counter[str] = Counter()
        self._why: Counter[str] = Counter()
        self._since_tidied = 0
        self._side_by_side: Lanes | None = None
        self._packer: Packer | None = None
        self._seen: Counter[tuple[str, ...]] = Counter()
        self._in_numbers_only = True

    def lane_count(self) -> int:
        """How many trials are trained at once: one after the other on a CPU, if it is for us to
        choose: there a compiled epoch of each is as fast.
        """
        if backend_in_use() != "jax" or importlib.util.find_spec("greenlet") is None:
            return 1
        if self.lanes != "auto":
            return self.lanes
        from luthier.training._jax import has_accelerator

        return _ON_ACCELERATOR if has_accelerator() else 1

    def begin(self, space: Iterable[HyperParameter]) -> None:
        """Take what a search before left, and learn from the space whether models will differ in
        numbers only, before one is seen.
        """
        if backend_in_use() == "jax" and "_kept" not in vars(self):
            from luthier.training._jax_kept import take

            self._kept = take()
        self._in_numbers_only = all(_is_number(parameter) for parameter in space)

    def is_repaid(self, skeletons: Sequence[str]) -> bool:
        """Whether a longer compile, of a whole epoch, will be repaid by others of these skeletons:
        one was there before, or nothing but numbers is searched.
        """
        key = tuple(skeletons)
        before = self._seen[key]
        self._seen[key] += 1
        return before > 0 or self._in_numbers_only or self.in_lane

    def settings(self) -> dict[str, Any]:
        """What is stored with the study: lanes decide which trials samplers know of."""
        count = self.lane_count()
        return {"lanes": count} if count > 1 else {}

    def open_lanes(self, count: int, *contexts: Context) -> Lanes:
        """Lanes in which trials run alternately and train together.

        Args:
            count: how many at most.
            contexts: what each lane has for itself, beside random numbers and Keras's settings.
        """
        from luthier.programs import Lanes, Packer
        from luthier.training._keras_lanes import KerasContext

        self._packer = Packer(self.programs, count)
        self._side_by_side = Lanes(self._packer, (KerasContext(), *contexts))
        return self._side_by_side

    @property
    def in_lane(self) -> bool:
        """Whether what runs now is one of several trials side by side."""
        return self._side_by_side is not None and self._side_by_side.is_inside

    def run(self, request: Request, info: dict[str, Any], *, together: bool) -> Any:
        """Logs and state after a run of a program.

        Args:
            request: what to run.
            info: told if it ran with others.
            together: whether it may.
        """
        if together and self._side_by_side is not None and self._side_by_side.is_inside:
            if info.get("ran") != PLAIN:
                info["ran"] = PACKED
            return self._side_by_side.run(request)
        bound = self.programs.bind(request.traces, request.maker)
        return bound(request.state, request.data, request.rows, request.streams)

    def fall_back(self, reason: str, info: dict[str, Any]) -> None:
        """Note that something is trained plainly.

        Raises:
            FatalRuntimeError: if the search is strict.
        """
        if self._strict:
            raise FatalRuntimeError(
                f"A model cannot share a compiled program: {reason}. Without `strict=True` it is "
                "trained as Keras would."
            )
        info["ran"], info["ran_why"] = PLAIN, reason

    def note(self, info: Mapping[str, Any]) -> None:
        """Count a trial that ended."""
        if "ran" in info:
            self._ways[info["ran"]] += 1
        if "ran_why" in info:
            self._why[info["ran_why"]] += 1

    def summary(self) -> str:
        """How the trials since the last call were trained, in one line; "" if there were none."""
        ways, why = self._ways, self._why
        self._ways, self._why = Counter(), Counter()
        if not ways:
            return ""
        total = sum(ways.values())
        parts = [f"{ways[way]} {way}" for way in (PACKED, COMPILED_ONCE) if ways[way]]
        if parts:
            made = self.graphs if "graphs" in vars(self) else self.programs
            parts[-1] += f" in {_counted(len(made), 'program')}"
        if ways[PLAIN]:
            reasons = "; ".join(reason for reason, _ in why.most_common(_MOST_REASONS))
            parts.append(f"{ways[PLAIN]} {PLAIN}: {reasons}")
        if self._packer is not None and self._packer.halved:
            parts.append("fewer lanes than asked for, to fit into memory")
        return f"{_counted(total, 'trial')}: {', '.join(parts)}"

    def end(self) -> None:
        """Let go of the user's arrays on the device, and of what another search can use."""
        for name in ("data", "families", "widths"):
            self.__dict__.pop(name, None)
        kept = self.__dict__.pop("_kept", None)
        if kept is not None:
            kept.leave()

    def keeps_caches(self, info: Mapping[str, Any]) -> bool:
        """Whether JAX's own caches may stay after a trial: shared programs are kept elsewhere."""
        self._since_tidied += 1
        if info.get("ran") in (COMPILED_ONCE, PACKED) and self._since_tidied < _TIDY_EVERY:
            return True
        self._since_tidied = 0
        return False

    @property
    def programs(self) -> Programs:
        """Compiled programs by skeleton."""
        return self._kept.programs

    @cached_property
    def families(self) -> Families:
        """What traces of models are known to be."""
        from luthier.training._jax_families import Families

        return Families()

    @property
    def probe(self) -> ConvolutionProbe:
        """How convolutions are best computed here."""
        return self._kept.probe

    @cached_property
    def widths(self) -> Widths:
        """What is known of the models' widths."""
        from luthier.training._jax_widths import Widths

        return Widths()

    @cached_property
    def _kept(self) -> Kept:
        from luthier.training._jax_kept import Kept

        return Kept()

    @cached_property
    def graphs(self) -> Graphs:
        """TensorFlow's traced steps by what they depend on."""
        from luthier.training._tensorflow_programs import Graphs

        return Graphs()

    @cached_property
    def data(self) -> DeviceData:
        """The user's arrays on the device."""
        from luthier.training._jax_rows import DeviceData

        return DeviceData()


def _is_number(parameter: HyperParameter) -> bool:
    """Whether a hyperparameter is a number that shapes nothing."""
    if isinstance(parameter, Choice):
        return all(isinstance(value, float) for value in parameter.values)
    return isinstance(parameter, Float | Fixed)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
