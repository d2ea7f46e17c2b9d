"""The weights of the logistic model: one for each named feature, and where the score starts.

``PRIOR`` is what one would say by judgement. The defaults are learned from it and the project's
own labelled articles by ``benchmarks/learn_weights.py``, which writes them beside this module.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from types import MappingProxyType
from typing import Any

MODEL_VERSION = "4"
"""Changes with what the features mean; part of every profile's version."""
WEIGHTS_FILE = "weights.json"

PRIOR: Mapping[str, float] = MappingProxyType(
    {
        "start": -4.0,
        "opening": 1.0,
        "mentions": 1.0,
        "meeting in title": 2.0,
        "meeting in lead": 2.0,
        "groups": 1.0,
        "elsewhere": -1.0,
        "arts": -4.0,
        "likeness": 2.0,
        "wording": 4.0,
        "negative likeness": -12.0,  # by judgement: no topic to learn from has counter-examples
        "semantic": 2.0,  # by benchmarks/bench_semantic.py, apart: it needs a model
    }
)


def _learned_defaults() -> Mapping[str, float]:
    stated = json.loads(files("watcher.relevance").joinpath(f"data/{WEIGHTS_FILE}").read_text())
    return MappingProxyType({name: float(stated.get(name, PRIOR[name])) for name in PRIOR})


DEFAULTS: Mapping[str, float] = _learned_defaults()
"""The weights of a topic that has learned nothing from verdicts yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """Points per unit of each feature; features run from 0 to 1 (wording from -1, likeness from -0.4 to
    0.6, negative likeness to 0.6)."""

    points: Mapping[str, float] = field(default_factory=lambda: dict(DEFAULTS))

    @classmethod
    def from_learned(cls, learned: Mapping[str, Any] | None) -> Weights:
        """The defaults, with the learned weights over them if they are of this model.

        A weight belongs to what its feature meant when it was learned.
        """
        fits = learned is not None and learned.get("model") == MODEL_VERSION
        stated = learned.get("weights", {}) if learned and fits else {}
        known = {name: float(value) for name, value in stated.items() if name in PRIOR}
        return cls(points={**DEFAULTS, **known})
