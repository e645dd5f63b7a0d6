"""The words of the domain: windows, attempt states, outcomes, dispositions, dial modes.

Decides nothing; every other module speaks in these words. An *outcome* is what the line did, a
*disposition* is what the agent chose afterwards; they are never mixed.

Invariant: the values are the strings stored in PostgreSQL and sent to the pages; they are never
renamed without a migration.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import NewType

E164 = NewType("E164", str)
"""A telephone number as ITU-T E.164 writes it: ``+`` and 7 to 15 digits."""


class Window(StrEnum):
    """The kind of hour in which a call is placed (requirement CALL-4, CALL-5).

    A public holiday counts as WEEKEND whatever its day of the week.
    """

    WEEKDAY = "weekday"
    EVENING = "evening"
    WEEKEND = "weekend"


class Urgency(IntEnum):
    """Who comes before everybody else, whatever the hour is worth; more comes first."""

    NONE = 0
    BROKEN_PROMISE = 250
    CALLBACK = 255  # the agreed hour has come; it is kept even if that hour was missed before


class AttemptState(StrEnum):
    """Where one attempt (one Originate) stands. The transitions are in ``dialer.calls.machine``."""

    CLAIMED = "claimed"  # row written, nothing sent
    DIALING = "dialing"  # Originate sent; the line has not rung yet
    RINGING = "ringing"
    DETECTING = "detecting"  # something picked up; is it a machine?
    ANSWERED = "answered"  # callee is up, no agent yet
    JOINING = "joining"  # an agent is reserved, the callee is on the way into the room
    TALKING = "talking"  # callee and agent are in one bridge
    ABANDONING = "abandoning"  # nobody was free in time; the apology is playing
    ENDED = "ended"


class Outcome(StrEnum):
    """What the line did with one attempt."""

    ANSWERED = "answered"  # a person or a machine picked up and was joined to an agent
    MACHINE = "machine"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    INVALID_NUMBER = "invalid_number"  # not in service
    CONGESTION = "congestion"
    REJECTED = "rejected"
    FAILED = "failed"
    ABANDONED = "abandoned"  # answered, but no agent within the threshold
    HUNG_UP_EARLY = "hung_up_early"  # answered and gone before anyone could be joined (not abandoned)
    CANCELLED = "cancelled"  # the second check refused it, or it rang when the person called us; never a try


class Disposition(StrEnum):
    """What the agent marked at the end of a call (requirement CALL-13)."""

    CONTACT_PERSON = "contact_person"
    CONTACT_HOUSEHOLD = "contact_household"
    CONTACT_THIRD_PARTY = "contact_third_party"
    PROMISE = "promise"
    PAID_ALREADY = "paid_already"
    VOICEMAIL = "voicemail"
    WRONG_NUMBER = "wrong_number"
    NO_CONVERSATION = "no_conversation"  # silence, or hung up before a word was said
    REFUSED = "refused"
    DISPUTE = "dispute"
    DIRECT_DEBIT_INVITED = "direct_debit_invited"
    SLIP_REISSUE = "slip_reissue"
    HANDED_OVER = "handed_over"  # to the department
    COMPLAINT = "complaint"
    CALL_BACK = "call_back"

    @property
    def is_contact(self) -> bool:
        """One talk with the person or a household member (requirement CR-2); voicemail is left out."""
        return self in _CONTACTS

    @property
    def ends_month(self) -> bool:
        """A contact that takes the person off this month's list (CALL-7); who asked to be called back stays on it."""
        return self.is_contact and self is not Disposition.CALL_BACK


_CONTACTS = frozenset(
    {
        Disposition.CONTACT_PERSON,
        Disposition.CONTACT_HOUSEHOLD,
        Disposition.PROMISE,
        Disposition.PAID_ALREADY,
        Disposition.REFUSED,
        Disposition.DISPUTE,
        Disposition.DIRECT_DEBIT_INVITED,
        Disposition.SLIP_REISSUE,
        Disposition.HANDED_OVER,
        Disposition.COMPLAINT,
        Disposition.CALL_BACK,
    }
)


class DialMode(StrEnum):
    """How a campaign decides the number of calls to place now."""

    PREVIEW = "preview"  # the agent sees the person first and starts the call
    PROGRESSIVE = "progressive"  # one call for each ready agent
    FIXED_RATIO = "fixed_ratio"  # `ratio` calls for each ready agent
    PREDICTIVE = "predictive"  # as many as keep abandonment at its target


class Rotation(StrEnum):
    """In which order a person's kinds of hour are tried."""

    BY_WORTH = "by_worth"  # what the hour is worth decides; weekdays within a kind still alternate
    STRICT = "strict"  # no kind of hour again before the others in which the person can be called
