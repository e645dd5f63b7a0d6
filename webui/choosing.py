"""Why somebody is called or not, and why a campaign dials nobody.

For supervisors. Everything shown here about a person is personal data: each look is in the operation log. The addressee
number comes in the body, never in an address, so that no history keeps it.

Decides the shape of what is shown; what it says is decided in `campaigns`, its wording in ``why_words``.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from aiohttp import web
from msgspec import Meta

from campaigns.campaign import load_campaign
from campaigns.errors import CampaignUnknown
from campaigns.rules import Reason
from campaigns.standstill import Hold, read_standing
from campaigns.why import explain_person
from campaigns.why_values import CampaignWhy, Line, ListPlace, PersonWhy
from dialer.errors import EngineUnavailable
from webui import why_words
from webui.access import Principal
from webui.bodies import read_body
from webui.errors import ApiError
from webui.labels import PHONE_SOURCES
from webui.operations import Act, log_operation
from webui.people import national
from webui.services import Services, answer

_MOST_DIGITS = 18  # of an id

Json = dict[str, Any]


class Whose(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who is asked about: one of the two."""

    addressee_no: Annotated[str, Meta(min_length=1, max_length=40)] | None = None
    debtor_id: Annotated[int, Meta(ge=1, le=2**62)] | None = None


async def show_why(request: web.Request, services: Services, me: Principal) -> web.StreamResponse:
    """``POST /api/why``: everything about one person."""
    body = await read_body(request, Whose)
    if (body.addressee_no is None) is (body.debtor_id is None):
        raise ApiError(400, "whose_missing", "宛名番号を入力してください。")
    addressee_no = None if body.addressee_no is None else body.addressee_no.strip()
    async with services.pool.acquire() as conn:
        why = await explain_person(conn, services.clock.now(), addressee_no=addressee_no, debtor_id=body.debtor_id)
    if why is None:
        raise ApiError(404, "person_unknown", "この宛名番号の対象者は登録されていません。")
    await log_operation(services, me, Act.PERSON_VIEWED, f"debtor {why.debtor_id}")
    return answer(_person(why))


async def show_standing(request: web.Request, services: Services, _: Principal) -> web.StreamResponse:
    """``GET /api/why/campaigns/{campaign_id}``: counts per reason; no person in it."""
    campaign_id = _id(request.match_info["campaign_id"])
    try:
        async with services.pool.acquire() as conn:
            campaign = await load_campaign(conn, campaign_id)
            standing = await read_standing(conn, campaign, services.clock.now())
    except CampaignUnknown as error:
        raise ApiError(404) from error
    return answer(
        {
            "campaign": {"campaign_id": campaign_id, "name": campaign.name, "state": campaign.state},
            "because": await _because(services, campaign_id),
            "at": standing.at,
            "window": standing.window,
            "open_now": standing.open_now,
            "people_n": standing.people_n,
            "listed_n": standing.listed_n,
            "callable_n": standing.callable_n,
            "reasons": [{**_slots(one), "label": one.reason.label} for one in standing.reasons],
            "opens": standing.opens,
        }
    )


async def _because(services: Services, campaign_id: int) -> str | None:
    """The pacing's own word; None while the engine is away."""
    try:
        live = await services.control.live()
    except EngineUnavailable:
        return None
    told = [one.get("because") for one in live.get("campaigns", []) if one.get("campaign_id") == campaign_id]
    return str(told[0] or "") if told else ""


def _id(given: str) -> int:
    if not given.isascii() or not given.isdigit() or len(given) > _MOST_DIGITS:
        raise ApiError(404)
    return int(given)


def _slots(value: Any) -> Json:
    return {name: getattr(value, name) for name in value.__slots__}


def _person(why: PersonWhy) -> Json:
    return {
        "debtor_id": why.debtor_id,
        "addressee_no": why.addressee_no,
        "name": why.name,
        "now": why.now,
        "fitted_at": why.fitted_at,
        "campaigns": [_campaign(one) for one in why.campaigns],
        "lines": [_line(one, why) for one in why.lines],
        "tried": [_slots(one) for one in why.tried],
    }


def _campaign(why: CampaignWhy) -> Json:
    return {
        "campaign_id": why.campaign.campaign_id,
        "name": why.campaign.name,
        "allowed": why.allowed,
        "rules": [{**_slots(one), "label": one.reason.label, "fact": why_words.fact(one, why)} for one in why.answers],
        "next_at": why.next.at,
        "next_because": [_label(reason) for reason in why.next.because],
        "number": national(why.facts.number),
        "wants": None if why.facts.wants is None else why_words.wants(why.facts.wants),
        "callback_due_at": why.known.callback_due_at,
        "place": None if why.place is None else _place(why.place),
    }


def _label(reason: Reason | Hold) -> str:
    return reason.label


def _place(place: ListPlace) -> Json:
    return {
        **_slots(place),
        "order_labels": {window: why_words.order(order) for window, order in place.orders.items()},
        "place": None if place.window is None else place.ahead_n + 1,
    }


def _line(line: Line, why: PersonWhy) -> Json:
    return {
        "number": national(line.number),
        "kind": line.kind,
        "source": PHONE_SOURCES.get(line.source, line.source),
        "rank": line.rank,
        "live": line.live,
        "state": why_words.line_state(line, why.now),
        "table": [{**_slots(row), "in_force": line.in_force[row.window]} for row in line.table],
    }
