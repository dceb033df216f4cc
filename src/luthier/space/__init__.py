"""The search space: hyperparameters, their conditions, and values in all their forms."""

from __future__ import annotations

from luthier.space._activity import ActivityModel
from luthier.space._categorical import Boolean, Choice, Fixed
from luthier.space._conditions import Condition, Parent
from luthier.space._constraints import Constraint
from luthier.space._discovery import Exploration, explore
from luthier.space._encoding import Column, Encoding
from luthier.space._hyperparameters import HyperParameters
from luthier.space._numeric import Float, Int
from luthier.space._parameters import HyperParameter
from luthier.space._priors import Prior
from luthier.space._reach import unreachable
from luthier.space._requirements import Requirements
from luthier.space._serialization import deserialize, serialize
from luthier.space._space import Space
from luthier.space._stated import says_itself, stated

__all__ = [
    "ActivityModel",
    "Boolean",
    "Choice",
    "Column",
    "Condition",
    "Constraint",
    "Encoding",
    "Exploration",
    "Fixed",
    "Float",
    "HyperParameter",
    "HyperParameters",
    "Int",
    "Parent",
    "Prior",
    "Requirements",
    "Space",
    "deserialize",
    "explore",
    "says_itself",
    "serialize",
    "stated",
    "unreachable",
]
