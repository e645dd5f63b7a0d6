"""What a run of the demo came to: numbers from the rows, checked against the carrier's own book.

Reads only; ``unaccounted`` and ``drift`` must be 0 after every run.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

import aiosql
import asyncpg

from dialer.simulation.offers import OfferBook

HEARD_DBFS = -50.0
"""A voice whose RMS level in the recording is above this counts as heard; silence is below −80."""

_sql = aiosql.from_path(Path(__file__).parent / "sql" / "summary.sql", "asyncpg")


@dataclass(frozen=True, slots=True)
class Summary:
    """The keys are those of ``make demo JSON=1``.

    Attributes:
        dialed: attempts whose Originate was sent.
        answered: attempts that were picked up; connected: those joined to an agent; abandoned: those
            without an agent for the threshold.
        inbound: calls that came in for the campaign's agents; inbound_taken: those joined to one.
        contact_ratio: persons with a contact ÷ persons dialed, over the run; 0 when nobody was dialed.
        answer_to_agent_ms_p50, answer_to_agent_ms_p99: callee up → both in one bridge, by Asterisk's
            own stamps, milliseconds; None without a conversation.
        recordings: stored; recordings_both_voices: those in which both sides were heard.
        unaccounted: attempts without an outcome, answered calls that were neither joined nor abandoned
            nor ended by the callee, and differences between the rows and the carrier's book.
        drift: disagreements between rows, engine and Asterisk at the end.
    """

    dialed: int
    answered: int
    connected: int
    abandoned: int
    inbound: int
    inbound_taken: int
    contact_ratio: float
    answer_to_agent_ms_p50: float | None
    answer_to_agent_ms_p99: float | None
    recordings: int
    recordings_both_voices: int
    unaccounted: int
    drift: int

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


async def read_summary(conn: asyncpg.Connection, campaign_id: int, *, drift: int, book: OfferBook | None) -> Summary:
    """The numbers of one campaign.

    Args:
        drift: what the engine reports.
        book: the carrier's, when the calls went to the simulated one; it must know nothing else.
    """
    row = await _sql.summary(conn, campaign_id=campaign_id, heard_dbfs=HEARD_DBFS)
    inbound = await _sql.inbound(conn, campaign_id=campaign_id)
    unaccounted = row["without_outcome"] + row["unresolved"]
    if book is not None:
        rows = [r async for r in _sql.dialed_numbers(conn, campaign_id=campaign_id)]
        unaccounted += _differences(
            Counter({r["number"]: r["reached"] for r in rows}),
            Counter({r["number"]: r["sent"] for r in rows}),
            Counter({str(number): calls for number, calls in book.per_number().items()}),
        )
    return Summary(
        dialed=row["dialed"],
        answered=row["answered"],
        connected=row["connected"],
        abandoned=row["abandoned"],
        inbound=inbound["inbound"],
        inbound_taken=inbound["inbound_taken"],
        contact_ratio=round(row["persons_contacted"] / row["persons_dialed"], 4) if row["persons_dialed"] else 0.0,
        answer_to_agent_ms_p50=_rounded(row["p50_ms"]),
        answer_to_agent_ms_p99=_rounded(row["p99_ms"]),
        recordings=row["recordings"],
        recordings_both_voices=row["recordings_both_voices"],
        unaccounted=unaccounted,
        drift=drift + row["open_attempts"] + inbound["inbound_open"],
    )


def _differences(reached: Counter[str], sent: Counter[str], book: Counter[str]) -> int:
    """Calls that must have reached the carrier and did not, and calls at the carrier that nobody sent."""
    return (reached - book).total() + (book - sent).total()


def _rounded(ms: float | None) -> float | None:
    return None if ms is None else round(ms, 2)
