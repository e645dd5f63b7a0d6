"""The present, for the pages: agents, calls, campaigns and counts, pushed through Redis.

Messages are numbered; a snapshot carries the number up to which it is true. Losing Redis loses nothing:
messages are dropped while it is away, and ``reset`` tells the pages afterwards to take a snapshot.

Invariant: no name and no number of a person is in a message, only ids.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import asyncpg
import redis.asyncio
import redis.exceptions
import structlog

from campaigns.attempts import counts_since
from campaigns.calendar import jst_date, start_of_day
from campaigns.model import AttemptState
from dialer.agents.agent import Agent
from dialer.agents.floor import Floor
from dialer.agents.machine import AgentState
from dialer.calls.desk import CallDesk
from dialer.calls.live_call import LiveCall
from dialer.campaigning import Campaigning
from dialer.clock import Clock
from dialer.db.away import DATABASE_AWAY, unless_cancelled

log = structlog.get_logger()

CHANNEL = "tsunagu:live"
_COUNTS_EVERY_S = 1.0
_RETRY_S = 0.5
_QUEUE = 10_000


def agent_view(agent: Agent) -> dict[str, Any]:
    """An agent as the pages see her."""
    status = agent.status
    return {
        "agent_id": agent.agent_id,
        "name": agent.name,
        "extension": agent.extension,
        "state": str(status.state),
        "reason": status.reason,
        "since": _iso(agent.state_at),
        "leg_up": status.leg_up,
        "call_id": str(status.call_id) if status.call_id else None,
        "debtor_id": agent.debtor_id,
        "languages": list(agent.languages),
        "shift_ends_at": _iso(agent.shift_ends_at),
        "next": None if status.call_id is None else ("not_ready" if status.after else "ready"),
    }


def call_view(call: LiveCall) -> dict[str, Any]:
    """A call as the pages see it."""
    return {
        "call_id": str(call.call_id),
        "state": str(call.state),
        "campaign_id": call.campaign_id,
        "debtor_id": call.debtor_id,
        "agent_id": call.agent.agent_id if call.agent else None,
        "since": _iso(call.since),
        "answered_at": _iso(call.answered_at),
        "direction": "outbound" if call.inbound is None else "inbound",
    }


def campaign_view(work: Campaigning) -> dict[str, Any]:
    """A campaign with its last decision in words, and what was abandoned."""
    campaign, standing = work.campaign, work.standing
    return {
        "campaign_id": campaign.campaign_id,
        "name": campaign.name,
        "state": str(campaign.state),
        "dial_mode": str(campaign.dial_mode),
        "ratio": campaign.ratio,
        "because": work.because,
        "abandonment": {
            "day": {"answers": standing.day.answers, "abandoned": standing.day.abandoned},
            "month": {"answers": standing.month.answers, "abandoned": standing.month.abandoned},
            "target_ratio": campaign.pacing.abandon_target_ratio,
            "limit_ratio": campaign.pacing.abandon_limit_ratio,
            "one_to_one_until": _iso(standing.until) if work.over_limit else None,
        },
        "next_opening_at": _iso(work.next_opening_at),
    }


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


class Live:
    """Numbers messages and sends them in order.

    Args:
        campaigns: gives the campaigns at work; asked at each snapshot and count.
    """

    def __init__(
        self, client: redis.asyncio.Redis, pool: asyncpg.Pool, clock: Clock, campaigns: Callable[[], list[Campaigning]]
    ) -> None:
        self._redis = client
        self._pool = pool
        self._clock = clock
        self._campaigns = campaigns
        self._queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue(_QUEUE)
        self._seq = 0
        self._reset_wanted = True  # a new engine: its numbers start anew
        self._counts: dict[str, int] = {}
        self._told_campaigns: list[dict[str, Any]] = []

    def agent_changed(self, agent: Agent) -> None:
        self._push({"type": "agent", "agent": agent_view(agent)})

    def call_changed(self, call: LiveCall) -> None:
        self._push({"type": "call", "call": call_view(call)})
        if call.is_preview and call.state is AttemptState.CLAIMED and call.agent is not None:
            self._push(
                {
                    "type": "preview",
                    "agent_id": call.agent.agent_id,
                    "attempt_id": str(call.call_id),
                    "debtor_id": call.debtor_id,
                }
            )

    def snapshot(self, floor: Floor, desk: CallDesk) -> dict[str, Any]:
        """Everything as it is now."""
        return {
            "seq": self._seq,
            "agents": [agent_view(a) for a in floor if a.status.state is not AgentState.LOGGED_OUT],
            "calls": [call_view(c) for c in desk.calls.values()],
            "campaigns": [campaign_view(w) for w in self._campaigns()],
            "counts": self._counts,
        }

    def _push(self, message: dict[str, Any]) -> None:
        self._seq += 1
        message["seq"] = self._seq
        try:
            self._queue.put_nowait(message)
        except asyncio.QueueFull:
            self._reset_wanted = True

    async def run(self) -> None:
        """Send until cancelled; while Redis is away messages are dropped, then a reset is sent."""
        owed = False  # a reset that could not be sent: it doesn't wait for the next message
        while True:
            batch = [] if owed else [await self._queue.get()]
            while not self._queue.empty() and len(batch) < 500:
                batch.append(self._queue.get_nowait())
            reset, self._reset_wanted = self._reset_wanted, False
            try:
                pipeline = self._redis.pipeline(transaction=False)
                if reset:
                    seq = batch[0]["seq"] if batch else self._seq
                    pipeline.publish(CHANNEL, json.dumps({"type": "reset", "seq": seq}))
                for message in batch:
                    pipeline.publish(CHANNEL, json.dumps(message, ensure_ascii=False))
                await pipeline.execute()
                owed = False
            except (redis.exceptions.RedisError, OSError) as error:
                if not owed:
                    log.warning("redis_away", error=type(error).__name__)
                owed = self._reset_wanted = True
                await self._clock.sleep(_RETRY_S)

    async def run_counts(self) -> None:
        """Read the day's counts from PostgreSQL each second and send them when they changed."""
        while True:
            try:
                async with self._pool.acquire() as conn:
                    counts = await counts_since(conn, start_of_day(jst_date(self._clock.now())))
            except DATABASE_AWAY as error:
                unless_cancelled(error)
                log.warning("counts_postponed", error=type(error).__name__)
                counts = self._counts
            if counts != self._counts:
                self._counts = counts
                self._push({"type": "counts", "counts": counts})
            views = [campaign_view(w) for w in self._campaigns()]
            for view in views:
                if view not in self._told_campaigns:
                    self._push({"type": "campaign", "campaign": view})
            self._told_campaigns = views
            await self._clock.sleep(_COUNTS_EVERY_S)
