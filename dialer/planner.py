"""The planner: keeps what the claim walks along up to date, in a process of its own.

Every few seconds it grades those to whom something happened; each minute it settles promises and agreed callbacks
whose time is over; now and then, and at the start of a day, it grades whole lists; once a day, and after past records
came in, it fits the pick-up model. It decides nothing about single calls: `campaigns.grading` says what a call is
worth, `campaigns.rules` whether it is allowed. Without it people are called in a slightly worse order, never wrongly.

Invariant: it holds no lock for longer than one batch, so the engine never waits for it.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime, timedelta

import asyncpg
import structlog

from campaigns.calendar import jst_date
from campaigns.campaign import Campaign, CampaignState, load_campaigns
from campaigns.grading.fitting import FittedModel, fit_model, load_model, past_records_since
from campaigns.grading.grading import grade_list
from campaigns.opening.store import load_openings
from campaigns.promises import Settled, settle
from dialer.clock import Clock
from dialer.db.away import DATABASE_AWAY, unless_cancelled
from dialer.db.pool import open_pool
from dialer.settings import Settings
from dialer.site.servers import database_url

log = structlog.get_logger()

TICK_S = 3.0
SETTLE_EVERY = timedelta(minutes=1)
WHOLE_EVERY = timedelta(minutes=30)
FIT_EVERY = timedelta(hours=20)
_FAULT_PAUSE_S = 5.0
_COMMAND_TIMEOUT_S = 120.0  # a whole list of 300,000 people is relisted in one statement
_NICENESS = 10
_APPLICATION = "tsunagu-planner"


class Planner:
    """The planner's work; `tick` does what is due."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock
        self._fitted: FittedModel | None = None
        self._settled_at: datetime | None = None
        self._whole_at: dict[int, datetime] = {}

    async def run(self) -> None:
        """Work until cancelled; a database that is away is waited for."""
        while True:
            try:
                await self.tick()
                pause_s = TICK_S
            except DATABASE_AWAY as error:
                unless_cancelled(error)
                log.warning("planner_database_away", error=type(error).__name__)
                pause_s = _FAULT_PAUSE_S
            except Exception as error:  # an outer edge: tomorrow's list must not hang on one bad row
                unless_cancelled(error)
                log.exception("planner_fault", error=type(error).__name__)
                pause_s = _FAULT_PAUSE_S
            await self._clock.sleep(pause_s)

    async def tick(self) -> None:
        """Settle, fit when the model is old, then grade every campaign's list, as far as each is due."""
        now = self._clock.now()
        async with self._pool.acquire() as conn:
            if self._settled_at is None or now - self._settled_at >= SETTLE_EVERY:
                settled = await settle(conn, now)
                self._settled_at = now
                if settled != Settled():
                    log.info("settled", **asdict(settled))
            fitted = await self._model(conn, now)
            openings = await load_openings(conn)
            for campaign in await load_campaigns(conn):
                whole = self._whole_is_due(campaign, now)
                done = await grade_list(conn, campaign, openings.hours_of(campaign), fitted, now, whole=whole)
                if whole:
                    self._whole_at[campaign.campaign_id] = now
                    log.info(
                        "list_graded",
                        campaign_id=campaign.campaign_id,
                        people=done.seen,
                        written=done.written,
                        overtaken=done.overtaken,
                        prices=[round(p, 4) for p in done.prices.prices],
                        took_s=round((self._clock.now() - now).total_seconds(), 2),
                    )

    async def _model(self, conn: asyncpg.Connection, now: datetime) -> FittedModel:
        if self._fitted is None:
            try:
                self._fitted = await load_model(conn)
            except ValueError as error:  # written by another version: fitted anew from the evidence
                log.warning("model_unreadable", error=str(error))
                self._fitted = await fit_model(conn, now)
        fitted_at = self._fitted.fitted_at
        if fitted_at is None or now - fitted_at >= FIT_EVERY or await past_records_since(conn, fitted_at):
            self._fitted = await fit_model(conn, now)
            self._whole_at.clear()
            log.info("model_fitted", lines=self._fitted.model.lines, tries=round(self._fitted.model.tries))
        return self._fitted

    def _whole_is_due(self, campaign: Campaign, now: datetime) -> bool:
        """The first time, after a change of the weights, on a new day, and while it runs every half hour."""
        last = self._whole_at.get(campaign.campaign_id)
        if last is None or campaign.graded_at is None or jst_date(last) != jst_date(now):
            return True
        return campaign.state is CampaignState.RUNNING and now - last >= WHOLE_EVERY


async def run(settings: Settings, clock: Clock, *, once: bool = False) -> None:
    """Plan until cancelled.

    Args:
        once: do what is due now, then return.

    Raises:
        StartError: PostgreSQL is not there.
    """
    with suppress(OSError):
        os.nice(_NICENESS)
    pool = await open_pool(
        database_url(settings), size=2, application=_APPLICATION, command_timeout_s=_COMMAND_TIMEOUT_S
    )
    try:
        planner = Planner(pool, clock)
        await (planner.tick() if once else planner.run())
    finally:
        pool.terminate()
