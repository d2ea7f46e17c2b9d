"""Stories: told once per event, and told what is new. Pure functions over fingerprints."""

from watcher.stories.evaluation import StoryReport, cluster, evaluate_stories
from watcher.stories.fingerprint import Fingerprint, fingerprint
from watcher.stories.grouping import (
    STORY_WINDOW,
    Correction,
    Grouping,
    Member,
    group,
    learned_threshold,
)
from watcher.stories.novelty import Known, Novelty, facts_of, novelty
from watcher.stories.publishers import publisher_family
from watcher.stories.revision import Revision, checks_due, next_check, revision
from watcher.stories.stages import StageFinding, detect_stage
from watcher.stories.statistics import TopicStatistics, search_keys

__all__ = [
    "STORY_WINDOW",
    "Correction",
    "Fingerprint",
    "Grouping",
    "Known",
    "Member",
    "Novelty",
    "Revision",
    "StageFinding",
    "StoryReport",
    "TopicStatistics",
    "checks_due",
    "cluster",
    "detect_stage",
    "evaluate_stories",
    "facts_of",
    "fingerprint",
    "group",
    "learned_threshold",
    "next_check",
    "novelty",
    "publisher_family",
    "revision",
    "search_keys",
]
