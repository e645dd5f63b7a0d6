"""What came of a past call, in our words, and what it teaches about the hour in which it was made.

Decides hits and misses of past calls: somebody picked up (whoever it was), or nobody did. A busy line, a fault of the
network and a number out of service say nothing about the hour; nor does a stranger's number.

Source: facts about attempts are judged likewise in ``campaigns/evidence.py``; contact is defined by CR-2, and
``campaigns/progress.py`` judges our own calls by the same words.
"""

from __future__ import annotations

from campaigns.model import Disposition, Outcome

OUTBOUND, INBOUND, SKIP = "outbound", "inbound", "skip"
DIRECTIONS = (OUTBOUND, INBOUND, SKIP)
"""``skip``: records of other channels (SMS, letter, visit) and notes; they are counted and not kept."""

RESULTS = frozenset(
    {
        *Disposition,
        Outcome.NO_ANSWER,
        Outcome.BUSY,
        Outcome.INVALID_NUMBER,
        Outcome.REJECTED,
        Outcome.CONGESTION,
    }
)
"""The words into which a former system's results can be mapped."""

MISSES = frozenset({Outcome.NO_ANSWER, Outcome.REJECTED, Disposition.VOICEMAIL})
HITS = frozenset(Disposition) - {Disposition.VOICEMAIL, Disposition.WRONG_NUMBER}
CONTACTS = frozenset(word for word in Disposition if word.ends_month)
"""Whoever was talked with so in the month of the import leaves that month's list, as after a call of ours (CALL-7)."""
NOT_THEIRS = frozenset({Outcome.INVALID_NUMBER, Disposition.WRONG_NUMBER})
"""A number whose last record says this does not become the person's."""
