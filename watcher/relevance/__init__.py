"""How relevant an article is to a topic: pure, explained, learned from verdicts."""

from .evaluate import EvalReport, evaluate
from .profile import TopicProfile, compile_profile
from .scorer import Scorer

__all__ = ["EvalReport", "Scorer", "TopicProfile", "compile_profile", "evaluate"]
