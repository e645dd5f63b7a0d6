"""The pick-up model: which sorts of people there are, how often, and of which sort a line probably is.

Population → segment → line: a line's prior is the shares of the sorts in its segment (which lean on the population's,
see ``fitting.py``), its posterior those shares times the likelihood of its own hits and misses. The likelihood is that
of independent calls given the sort. It stays right although calls were not placed at random: whom and when to call was
decided from the recorded tries alone, and they are all in it (ignorable selection). The same holds for the end of a
month's tries at the first contact, which is decided by the tries, too.

Invariant: shares of a segment sum to 1; probabilities lie strictly between 0 and 1.

Source: empirical Bayes, Robbins 1956; Dempster, Laird & Rubin 1977, JRSS B 39:1; Rubin 1976, Biometrika 63:581.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np

from campaigns.learning.evidence import WINDOWS, Evidence, Floats, Ints
from campaigns.model import Window

_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Explained:
    """One kind of hour of one line, for a page that shows why.

    Args:
        window: the kind of hour.
        population: pick-up probability of anybody.
        segment: pick-up probability of anybody of the line's segment.
        hits: decayed calls of this line that were picked up in this kind of hour.
        misses: decayed calls that were not.
        pick_up: the line's pick-up probability now.
        worth_tries: how many own tries the knowledge behind `pick_up` is worth: the a + b of the Beta distribution with
            the same mean and variance. What was seen in other kinds of hour counts in it.
    """

    window: Window
    population: float
    segment: float
    hits: float
    misses: float
    pick_up: float
    worth_tries: float


@dataclass(frozen=True, slots=True)
class PickUpModel:
    """A fitted model; made by ``fitting.fit``, kept in the database as JSON.

    Args:
        sorts: (K, 3) pick-up probability of each sort by kind of hour.
        population: (K,) share of each sort in the population.
        segment_ids: the segments that have shares of their own, ascending.
        segments: (len(segment_ids), K) their shares. Any other segment has the population's.
        lines: on how many lines it was fitted.
        tries: on how many (decayed) tries.

    Raises:
        ValueError: shapes, shares or probabilities that can't be.
    """

    sorts: Floats
    population: Floats
    segment_ids: tuple[int, ...]
    segments: Floats
    lines: int
    tries: float

    def __post_init__(self) -> None:
        k = len(self.population)
        if k == 0 or self.sorts.shape != (k, 3) or self.segments.shape != (len(self.segment_ids), k):
            raise ValueError("the model's tables don't fit together")
        if not ((self.sorts > 0) & (self.sorts < 1)).all():
            raise ValueError("a pick-up probability of a sort is not between 0 and 1")
        if list(self.segment_ids) != sorted(set(self.segment_ids)):
            raise ValueError("segments must be ascending, each once")
        shares = np.vstack([self.population, self.segments])
        if not ((shares >= 0).all() and np.allclose(shares.sum(axis=1), 1, atol=1e-6)):
            raise ValueError("shares of sorts must not be negative and must sum to 1")

    def shares(self, segments: Ints) -> Floats:
        """(n, K) shares of the sorts before any own try, for lines of these segments (n,)."""
        if not self.segment_ids:
            return np.broadcast_to(self.population, (len(segments), len(self.population)))
        known = np.array(self.segment_ids)
        place = np.searchsorted(known, segments).clip(max=len(known) - 1)
        table = np.vstack([self.segments, self.population])
        result: Floats = table[np.where(known[place] == segments, place, len(known))]
        return result

    def posterior(self, evidence: Evidence) -> Floats:
        """(n, K) probability of each sort for each line, given its segment, hits and misses."""
        weights = log_likelihood(evidence, self.sorts)
        weights -= weights.max(axis=1, keepdims=True)
        np.exp(weights, out=weights)
        weights *= self.shares(evidence.segments)
        weights /= weights.sum(axis=1, keepdims=True)
        return weights

    def pick_up(self, posterior: Floats) -> Floats:
        """(n, 3) pick-up probability of each line by kind of hour."""
        result: Floats = posterior @ self.sorts
        return result

    def explain(self, hits: Floats, misses: Floats, segment: int) -> tuple[Explained, ...]:
        """Why one line's probabilities are what they are: one row for each kind of hour.

        Args:
            hits: (3,) decayed hits of the line.
            misses: (3,) decayed misses.
            segment: the line's segment; −1 = unknown.

        Raises:
            ValueError: as `Evidence`.
        """
        line = Evidence(np.atleast_2d(hits), np.atleast_2d(misses), np.array([segment]))
        posterior = self.posterior(line)
        own = self.pick_up(posterior)[0]
        variance = (posterior @ self.sorts**2)[0] - own**2
        return tuple(
            Explained(
                window=window,
                population=float(self.population @ self.sorts[:, w]),
                segment=float(self.shares(line.segments)[0] @ self.sorts[:, w]),
                hits=float(line.hits[0, w]),
                misses=float(line.misses[0, w]),
                pick_up=float(own[w]),
                worth_tries=float(max(0.0, own[w] * (1 - own[w]) / max(variance[w], 1e-9) - 1)),
            )
            for w, window in enumerate(WINDOWS)
        )

    def to_json(self) -> str:
        """The model as JSON; shares are kept to nine digits."""
        return json.dumps(
            {
                "format": _FORMAT,
                "windows": list(WINDOWS),
                "sorts": self.sorts.tolist(),
                "population": _digits(self.population),
                "segments": {str(i): _digits(s) for i, s in zip(self.segment_ids, self.segments, strict=True)},
                "lines": self.lines,
                "tries": self.tries,
            }
        )

    @staticmethod
    def from_json(text: str) -> PickUpModel:
        """What `to_json` wrote.

        Raises:
            ValueError: it is no model of this format.
        """
        try:
            told = json.loads(text)
            if told["format"] != _FORMAT or told["windows"] != list(WINDOWS):
                raise ValueError("a pick-up model of another format")
            by_id = sorted((int(i), shares) for i, shares in told["segments"].items())
            population = _shares(told["population"])
            return PickUpModel(
                sorts=np.array(told["sorts"], dtype=np.float64),
                population=population,
                segment_ids=tuple(i for i, _ in by_id),
                segments=np.array([_shares(s) for _, s in by_id]).reshape(len(by_id), len(population)),
                lines=int(told["lines"]),
                tries=float(told["tries"]),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"no pick-up model: {error}") from error


def log_likelihood(evidence: Evidence, sorts: Floats) -> Floats:
    """(n, K) log-probability of each line's hits and misses if it were of each sort.

    Decayed counts make it a power likelihood: old tries count in part (Ibrahim & Chen 2000, Stat. Sci. 15:46).
    """
    tables = np.hstack([np.log(sorts), np.log1p(-sorts)]).T
    result: Floats = np.hstack([evidence.hits, evidence.misses]) @ tables
    return result


def _digits(shares: Floats) -> list[float]:
    return [round(float(share), 9) for share in shares]


def _shares(told: list[float]) -> Floats:
    shares = np.array(told, dtype=np.float64)
    result: Floats = shares / shares.sum()
    return result
