"""Machine detection: what a campaign sets about it, the verdict on one call, and what the verdicts were worth.

Decides no verdict: Asterisk does, by the lengths of voice and silence after the answer (docs/amd.md). It is off unless
a campaign wants it: whoever answers waits for the verdict in silence, and a person who is taken for a machine is hung
up on.

Invariant: whatever is not surely a machine is a person.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import asyncpg

from campaigns.errors import CampaignUnknown
from campaigns.model import Disposition
from campaigns.queries import queries

_CAUSE_LENGTH = 60


class AbandonFrom(StrEnum):
    """From when on a callee's patience is counted (`campaigns.pacing.Pacing.abandon_threshold_s`)."""

    ANSWER = "answer"  # the callee picked up; the detection eats from the patience
    VERDICT = "verdict"  # the detection said that it is no machine; what it took is not counted


class AmdStatus(StrEnum):
    """Asterisk's verdict."""

    HUMAN = "human"  # a short greeting, then silence
    NOTSURE = "notsure"  # nothing that says either, or no detection at all: taken for a person
    MACHINE = "machine"


@dataclass(frozen=True, slots=True)
class Detection:
    """What a supervisor sets.

    Args:
        amd: an answered call is listened to before an agent is taken; a machine gets none.
        abandon_from: without detection both are the same moment.
    """

    amd: bool = False
    abandon_from: AbandonFrom = AbandonFrom.ANSWER


NO_DETECTION = Detection()


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict on one call.

    Args:
        cause: Asterisk's AMDCAUSE, for example ``LONGGREETING-2000-2000`` (milliseconds); empty when it gave none.
        at: when it was told, aware.
    """

    status: AmdStatus
    cause: str
    at: datetime

    @property
    def is_machine(self) -> bool:
        """Whether nobody needs to be joined."""
        return self.status is AmdStatus.MACHINE


def verdict_of(amd_status: str, amd_cause: str, at: datetime) -> Verdict:
    """The verdict in Asterisk's words; any word but MACHINE and HUMAN, none too, is "not sure"."""
    known = {"MACHINE": AmdStatus.MACHINE, "HUMAN": AmdStatus.HUMAN}
    return Verdict(known.get(amd_status, AmdStatus.NOTSURE), amd_cause[:_CAUSE_LENGTH], at)


async def set_detection(conn: asyncpg.Connection, campaign_id: int, detection: Detection) -> None:
    """Replace what a campaign sets about detection; calls that are up go on as they were placed.

    Raises:
        CampaignUnknown: there is none with that id.
    """
    if await queries.set_detection(conn, campaign_id=campaign_id, **asdict(detection)) is None:
        raise CampaignUnknown(f"no campaign has the id {campaign_id}")


async def write_verdict(conn: asyncpg.Connection, attempt_id: UUID, verdict: Verdict, after_s: float | None) -> None:
    """Keep a verdict with its attempt.

    Args:
        after_s: seconds since the answer, 0 or more; None = nobody knows when the answer was.
    """
    await queries.write_verdict(
        conn, attempt_id=attempt_id, amd_status=verdict.status, amd_cause=verdict.cause or None, amd_s=after_s
    )


@dataclass(frozen=True, slots=True)
class StatusCount:
    """The calls of one campaign that got one verdict.

    Args:
        median_s, p95_s: from the answer to the verdict, seconds; None when no call's is known.
    """

    status: AmdStatus
    calls: int
    median_s: float | None
    p95_s: float | None


@dataclass(frozen=True, slots=True)
class DetectionCounts:
    """What the verdicts of a campaign were worth, as far as anybody can know.

    Args:
        by_status: one row a verdict, those that occurred.
        disposed: calls taken for a person that met an agent who entered a result.
        missed: those of `disposed` with the result ``voicemail``: machines that were missed.
        silent_machines: calls taken for a machine though nothing was heard (cause INITIALSILENCE).
        rung_back: calls taken for a machine whose number rang us back within ten minutes: somebody was there.
    """

    by_status: tuple[StatusCount, ...]
    disposed: int
    missed: int
    silent_machines: int
    rung_back: int

    @property
    def machines(self) -> int:
        """Calls that were taken for a machine."""
        return sum(row.calls for row in self.by_status if row.status is AmdStatus.MACHINE)

    @property
    def missed_ratio(self) -> float | None:
        """`missed` over `disposed`, 0..1; None without any. Machines with which no agent spoke are in neither."""
        return self.missed / self.disposed if self.disposed else None


async def detection_counts(conn: asyncpg.Connection, campaign_id: int, since: datetime) -> DetectionCounts:
    """Count the verdicts on a campaign's calls that were claimed since `since` (aware)."""
    given = {"campaign_id": campaign_id, "since": since}
    rows = [
        StatusCount(AmdStatus(row["amd_status"]), row["calls"], row["median_s"], row["p95_s"])
        async for row in queries.verdicts(conn, **given)
    ]
    errors = await queries.verdict_errors(conn, voicemail=Disposition.VOICEMAIL, **given)
    return DetectionCounts(tuple(rows), **dict(errors))
