"""Spikes and silence: what is unusual against a count's own history, at a chosen false-alarm rate.

Counts follow a negative binomial whose rate is itself uncertain; gaps between entries follow a
Lomax (an exponential with an uncertain rate), never shorter than what history itself has shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import exp, lgamma, log, log1p

_FEWEST_BINS = 8
_FEWEST_GAPS = 8
_LEAST_SPIKE = 3
"""Fewer hits than this in a bin are no spike, however quiet the topic was."""
_MOST_TERMS = 100_000
_LOOKS = 3.0
"""A window that slides meets its worst moment: a day of looks raises up to twice as many alarms as
one look should. A third of the rate for each look keeps the day's."""
_OVER_LONGEST = 1.25
_UNSEEN_BURSTS = 8.0
"""A history of so many periods may as well be one of bursts that has not shown one yet; at five
times as many that hardly counts."""
_FEW_GAPS = 40
_ROUND = timedelta(days=1)
"""So few gaps need not have shown a night yet: no silence within one round of the clock is unusual."""
_SHORT = 10
_FOREVER = 10 * 365 * 86_400.0
_REMEMBERED = 1_000
"""Gaps, after which older ones count less and less: a feed may change its ways."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unusual:
    """Something out of the ordinary, in a plain sentence, and how rarely chance does as much."""

    sentence: str
    chance: float
    expected: float


def spike(
    history: Sequence[int],
    current: int,
    *,
    subject: str,
    period: str = "day",
    false_alarm_rate: float = 0.001,
    sliding: bool = False,
) -> Unusual | None:
    """Whether ``current`` is too many after the counts of earlier equal periods.

    ``false_alarm_rate`` is the chance of an alarm in a period in which nothing is out of order.
    ``sliding``: the periods end now, whenever that is, and are looked at all the time; the rate
    then holds for all looks of a period together. Under eight periods of history nothing is said.
    """
    if len(history) < _FEWEST_BINS or current < _LEAST_SPIKE:
        return None
    chance = count_tail(history, current)
    if chance >= false_alarm_rate / (_LOOKS if sliding else 1):
        return None
    mean = sum(history) / len(history)
    return Unusual(
        sentence=f"{subject}: {current} this {period}, where {mean:.1f} is usual",
        chance=chance,
        expected=mean,
    )


def count_tail(history: Sequence[int], current: int) -> float:
    """Chance of ``current`` or more in the next period, by a negative binomial."""
    n, total = len(history), sum(history)
    mean = (total + 0.5) / n
    spread = sum((count - total / n) ** 2 for count in history) / max(1, n - 1)
    # The rate's own uncertainty (gamma posterior) widens the count like more spread would.
    variance = max(spread, mean) * (1 + 1 / n) + _doubt_of_spread(spread, mean, n)
    variance += (mean * _UNSEEN_BURSTS / n) ** 2
    if variance <= mean * (1 + 1e-9):
        variance = mean * (1 + 1 / n)
    size = mean * mean / (variance - mean)
    return _negative_binomial_tail(current, size, mean)


def _doubt_of_spread(spread: float, mean: float, n: int) -> float:
    """A short history of bursts understates them: three standard errors of the variance."""
    return (spread - mean) * ((2 / n) ** 0.5 * 3 + 12 / n) if spread > mean else 0.0


def _negative_binomial_tail(least: int, size: float, mean: float) -> float:
    """P(X >= least), by summing what lies below."""
    log_p, log_q = log(size / (size + mean)), log(mean / (size + mean))
    below = 0.0
    for k in range(min(least, _MOST_TERMS)):
        below += exp(lgamma(k + size) - lgamma(size) - lgamma(k + 1) + size * log_p + k * log_q)
    return max(0.0, 1.0 - below)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gaps:
    """The gaps between arrivals, as far as they say how long the next may be; in seconds."""

    number: int = 0
    mean: float = 0.0
    square: float = 0.0
    """Mean of the squares."""
    longest: float = 0.0

    @classmethod
    def of(cls, gaps: Iterable[timedelta]) -> Gaps:
        """Some gaps, oldest first."""
        found = cls()
        for gap in gaps:
            found = found.after(gap)
        return found

    def after(self, gap: timedelta) -> Gaps:
        """With one more. Of more than a thousand the oldest fade."""
        seconds = gap.total_seconds()
        number = min(self.number + 1, _REMEMBERED)
        faded = self.longest * (1 - 1 / _REMEMBERED if number == _REMEMBERED else 1)
        return Gaps(
            number=number,
            mean=self.mean + (seconds - self.mean) / number,
            square=self.square + (seconds * seconds - self.square) / number,
            longest=max(seconds, faded),
        )

    @property
    def a_day(self) -> float:
        """How many begin in a day; of slow ones 1, so that a rate per day is one per gap."""
        return max(1.0, _ROUND.total_seconds() / max(1.0, self.mean))


def silence(
    gaps: Gaps, since_last: timedelta, *, subject: str, false_alarm_rate: float = 0.001
) -> Unusual | None:
    """Whether nothing has come for too long after the gaps between earlier entries.

    ``false_alarm_rate`` is the chance, per gap, of an alarm when nothing is out of order.
    """
    limit = expected_silence(gaps, false_alarm_rate=false_alarm_rate)
    if limit is None or since_last <= limit:
        return None
    usual = timedelta(seconds=gaps.mean)
    return Unusual(
        sentence=f"{subject}: nothing for {_plainly(since_last)}, where {_plainly(usual)} is usual",
        chance=gap_tail(gaps, since_last),
        expected=gaps.mean,
    )


def expected_silence(gaps: Gaps, *, false_alarm_rate: float = 0.001) -> timedelta | None:
    """The longest silence that is still ordinary, or None under eight gaps of history."""
    if gaps.number < _FEWEST_GAPS:
        return None
    shape, scale = _lomax(gaps)
    limit = scale * (exp(-log(false_alarm_rate) / shape) - 1)
    # Few gaps have not shown their longest yet: ten of them allow for twice as much, a hundred
    # for a tenth more.
    limit = max(limit, gaps.longest * _OVER_LONGEST) * (1 + _SHORT / gaps.number)
    if gaps.number < _FEW_GAPS:
        limit = max(limit, _ROUND.total_seconds())
    return timedelta(seconds=min(limit, _FOREVER))


def gap_tail(gaps: Gaps, since_last: timedelta) -> float:
    """Chance of a gap this long."""
    shape, scale = _lomax(gaps)
    return exp(-shape * log1p(since_last.total_seconds() / scale))


def _lomax(gaps: Gaps) -> tuple[float, float]:
    """Shape and scale by moments; with no spread over an exponential's, its gamma posterior."""
    n = gaps.number
    mean = max(1.0, gaps.mean)
    spread = max(0.0, gaps.square - gaps.mean * gaps.mean) * n / max(1, n - 1)
    ratio = spread / (mean * mean)
    # Samples show less spread than there is: the rare long gap is the one not yet seen.
    ratio *= 1 + 3 / n**0.5 if ratio > 1 else 1
    shape = 2 * ratio / (ratio - 1) if ratio > 1 else float(n)
    shape = max(1.5, min(shape, float(n)))
    return shape, mean * (shape - 1)


def _plainly(span: timedelta) -> str:
    hours = span.total_seconds() / 3600
    if hours < 1:
        number, unit = hours * 60, "minute"
    else:
        number, unit = (hours, "hour") if hours < 72 else (hours / 24, "day")
    return f"{number:.0f} {unit}{'' if round(number) == 1 else 's'}"
