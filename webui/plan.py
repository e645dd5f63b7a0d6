"""A month ahead, and what supervisors set about the choice: plan, other staffings, hours seen, weights and floor.

No person is in any of it, only counts. What is read for a plan is kept for a minute, so that moving a session costs
arithmetic only; one request reckons at a time, in a thread, and the others go on.

Decides the shape of what is shown; what it says is decided in ``campaigns/grading``, its wording in ``plan_words``.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import date, datetime, timedelta
from typing import Annotated, Any

import msgspec
from aiohttp import web
from msgspec import Meta

from campaigns.calendar import jst_date
from campaigns.campaign import Campaign, Choosing, load_campaign, load_campaigns, set_choosing
from campaigns.errors import CampaignInvalid, CampaignUnknown
from campaigns.grading.expecting import Expected
from campaigns.grading.fitting import FittedModel, load_model
from campaigns.grading.pace import PACE_DAYS
from campaigns.grading.planning import FARTHEST_MONTHS, Month, Outlook, as_told, look_ahead
from campaigns.grading.seen_hours import LEAST_ATTEMPTS, SEEN_DAYS, best_cells
from campaigns.grading.staffing import MOST_AGENTS, MOST_CALLS, MOST_SESSIONS, Staffing
from campaigns.model import Rotation
from campaigns.opening.store import load_openings
from campaigns.queries import queries
from webui import plan_words
from webui.access import Principal
from webui.bodies import read_body
from webui.errors import ApiError
from webui.operations import Act, log_operation
from webui.services import Services, answer

KEPT = timedelta(seconds=60)
_MOST_KEPT = 8  # outlooks of some megabytes each
_MOST_DIGITS = 18  # of an id

Sessions = Annotated[int, Meta(ge=0, le=MOST_SESSIONS)]
Agents = Annotated[int, Meta(ge=0, le=MOST_AGENTS)]
Calls = Annotated[float, Meta(ge=0.1, le=MOST_CALLS)]
Json = dict[str, Any]


class Moved(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A staffing as the supervisor has moved it; by kind of hour."""

    sessions: tuple[Sessions, Sessions, Sessions]
    agents: tuple[Agents, Agents, Agents]
    calls: tuple[Calls, Calls, Calls]


class AskedPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which plan; without a month the next one, without a staffing the calendar's."""

    campaign_id: Annotated[int, Meta(ge=1, le=2**62)]
    month: Annotated[str, Meta(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$")] | None = None
    staffing: Moved | None = None


class SetChoosing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a supervisor sets; ranges are the domain's to check."""

    rotation: Rotation
    lot_ratio: float
    floor_attempts: int
    floor_each_window: bool
    weight_new: float
    weight_broken: float
    weight_amount: float
    weight_age: float


class Outlooks:
    """What was read for the plans that were asked for last."""

    def __init__(self) -> None:
        self._kept: dict[tuple[int, Month], tuple[datetime, Outlook, Expected]] = {}
        self._turn = asyncio.Lock()

    async def ask(
        self, services: Services, body: AskedPlan, reckon: Callable[[Outlook, Expected, Staffing], Json]
    ) -> Json:
        """What `reckon` makes of the outlook, what its usual staffing brings, and the staffing that is meant."""
        now = services.clock.now()
        month = Month.ahead(now, None if body.month is None else date.fromisoformat(f"{body.month}-01"))
        async with self._turn:
            outlook, usual = await self._outlook(services, body.campaign_id, month, now)
            staffing = outlook.usual
            if (moved := body.staffing) is not None:
                staffing = replace(staffing, sessions=moved.sessions, agents=moved.agents, calls=moved.calls)
            return await asyncio.to_thread(reckon, outlook, usual, staffing)

    def forget(self, campaign_id: int) -> None:
        """What was read of a campaign that was changed."""
        self._kept = {key: held for key, held in self._kept.items() if key[0] != campaign_id}

    async def _outlook(
        self, services: Services, campaign_id: int, month: Month, now: datetime
    ) -> tuple[Outlook, Expected]:
        held = self._kept.get((campaign_id, month))
        if held is None or now - held[0] > KEPT:
            async with services.pool.acquire() as conn:
                campaign = await load_campaign(conn, campaign_id)
                hours = (await load_openings(conn, campaign_id=campaign_id)).hours_of(campaign)
                outlook = await look_ahead(conn, campaign, hours, await _model(conn), now, month)
            held = (now, outlook, await asyncio.to_thread(outlook.expect))
            fresh = {key: one for key, one in self._kept.items() if now - one[0] <= KEPT}
            self._kept = dict(list(fresh.items())[1 - _MOST_KEPT :]) | {(campaign_id, month): held}
        return held[1], held[2]


OUTLOOKS = web.AppKey("outlooks", Outlooks)


async def show_settings(_: web.Request, services: Services, __: Principal) -> web.StreamResponse:
    """``GET /api/plan``: the campaigns with what is set for each, the months that can be planned, fields and ranges."""
    async with services.pool.acquire() as conn:
        campaigns = [await _campaign(conn, one) for one in await load_campaigns(conn)]
    first_on = jst_date(services.clock.now()).replace(day=1)
    months = [
        f"{first_on.year + (first_on.month - 1 + n) // 12}-{(first_on.month - 1 + n) % 12 + 1:02}"
        for n in range(FARTHEST_MONTHS + 1)
    ]
    return answer({"campaigns": campaigns, "months": months, "month": months[1], "fields": plan_words.FIELDS})


async def show_plan(request: web.Request, services: Services, _: Principal) -> web.StreamResponse:
    """``POST /api/plan``: what a month brings as the calendar has it, and as it was moved. Nothing is changed by it."""
    return answer(await _asked(request, services, _plan))


async def show_others(request: web.Request, services: Services, _: Principal) -> web.StreamResponse:
    """``POST /api/plan/others``: what a session more, or one moved, would change."""
    return answer(await _asked(request, services, _others))


async def show_floor(request: web.Request, services: Services, _: Principal) -> web.StreamResponse:
    """``POST /api/plan/floor``: what the floor of equal treatment costs."""
    return answer(await _asked(request, services, _floor))


async def change_choosing(request: web.Request, services: Services, me: Principal) -> web.StreamResponse:
    """``POST /api/campaigns/{campaign_id}/choosing``: rotation, lots, floor, weights. The list is graded anew."""
    body = await read_body(request, SetChoosing)
    given = request.match_info["campaign_id"]
    if not given.isascii() or not given.isdigit() or len(given) > _MOST_DIGITS:
        raise ApiError(404)
    campaign_id = int(given)
    try:
        async with services.pool.acquire() as conn:
            await set_choosing(conn, campaign_id, Choosing(**msgspec.structs.asdict(body)))
            campaign = await _campaign(conn, await load_campaign(conn, campaign_id))
    except CampaignUnknown as error:
        raise ApiError(404) from error
    except CampaignInvalid as error:
        raise ApiError(400, error.code, plan_words.out_of_range(error.field)) from error
    request.app[OUTLOOKS].forget(campaign_id)
    set_to = " ".join(f"{name}={value}" for name, value in msgspec.structs.asdict(body).items())
    await log_operation(services, me, Act.CHOOSING_SET, f"campaign {campaign_id} {set_to}")
    return answer(campaign)


async def _model(conn: Any) -> FittedModel:
    try:
        return await load_model(conn)
    except ValueError as error:  # written by another version: the planner will fit it anew
        message = "見込みのモデルを読み込めません。次の順位付けで作り直されるまでお待ちください。"
        raise ApiError(503, "model_unreadable", message) from error


async def _asked(
    request: web.Request, services: Services, reckon: Callable[[Outlook, Expected, Staffing], Json]
) -> Json:
    body = await read_body(request, AskedPlan)
    try:
        return await request.app[OUTLOOKS].ask(services, body, reckon)
    except CampaignUnknown as error:
        raise ApiError(404) from error
    except CampaignInvalid as error:
        raise ApiError(400, error.code, plan_words.plan_invalid(error.field)) from error


def _plan(outlook: Outlook, usual: Expected, staffing: Staffing) -> Json:
    chosen = usual if staffing == outlook.usual else outlook.expect(staffing)
    return {
        "first_on": outlook.month.first_on,
        "last_on": outlook.month.last_on,
        "people": outlook.people.total,
        "sampled": len(outlook.people),
        "contact_share": outlook.contact_share,
        "attempts_seen": outlook.attempts_seen,
        "pace_days": PACE_DAYS,
        "fitted_at": outlook.fitted_at,
        "usual": as_told(outlook.usual, usual),
        "chosen": as_told(staffing, chosen),
        "moved": staffing != outlook.usual,
        "spare": outlook.spare(staffing, chosen),
        "cells": [asdict(cell) | {"contact_ratio": cell.contact_ratio} for cell in outlook.cells],
        "best": [asdict(cell) | {"contact_ratio": cell.contact_ratio} for cell in best_cells(outlook.cells)],
        "seen_days": SEEN_DAYS,
        "least_attempts": LEAST_ATTEMPTS,
    }


def _others(outlook: Outlook, usual: Expected, staffing: Staffing) -> Json:
    chosen = usual if staffing == outlook.usual else outlook.expect(staffing)
    return {
        "others": [
            {
                "label": plan_words.moved(one.moved),
                "gain": one.gain,
                "agent_hours": one.agent_hours,
                "contact_ratio": (sum(chosen.contacts) + one.gain) / max(chosen.people, 1),
            }
            for one in sorted(outlook.alternatives(staffing), key=lambda one: -one.gain)
        ]
    }


def _floor(outlook: Outlook, usual: Expected, staffing: Staffing) -> Json:
    chosen = usual if staffing == outlook.usual else outlook.expect(staffing)
    return {
        "floor": {"attempts": outlook.floor.attempts, "each_window": outlook.floor.each_window},
        "floor_price": outlook.price_of_floor(staffing, chosen),
    }


async def _campaign(conn: Any, campaign: Campaign) -> Json:
    row = await queries.last_grading(conn, campaign_id=campaign.campaign_id)
    told = None if row is None or row["grading"] is None else json.loads(row["grading"])
    return {
        "campaign_id": campaign.campaign_id,
        "name": campaign.name,
        "choosing": asdict(campaign.choosing),
        "graded_at": campaign.graded_at,
        "graded": [] if told is None else plan_words.grading(told),
    }
