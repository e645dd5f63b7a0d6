"""Why somebody is called or not, why a campaign dials nobody, and who is a candidate for another way than a call.

For supervisors. Everything shown here about a person is personal data: each look is in the operation log, with how many
people it showed. The addressee number comes in the body, never in an address, so that no history keeps it.

Decides the shape of what is shown; what it says is decided in `campaigns`, its wording in ``why_words``.
"""

from __future__ import annotations

import csv
import io
from typing import Annotated, Any

import msgspec
from aiohttp import web
from msgspec import Meta

from campaigns.calendar import jst_date, to_jst
from campaigns.campaign import load_campaign
from campaigns.candidates import Candidate, Channel, read_candidates, safe_cell
from campaigns.errors import CampaignUnknown
from campaigns.model import Window
from campaigns.rules import Reason
from campaigns.standstill import Hold, read_standing
from campaigns.why import explain_person
from campaigns.why_values import CampaignWhy, Line, ListPlace, PersonWhy
from dialer.errors import EngineUnavailable
from webui import why_words
from webui.access import Principal
from webui.bodies import read_body
from webui.errors import ApiError
from webui.labels import CHANNELS, OUTCOMES
from webui.operations import Act, log_operation
from webui.people import national
from webui.services import Services, answer

PAGE = 50
_MOST_DIGITS = 18  # of an id
_CSV_HEAD = (
    "キャンペーン", "宛名番号", "氏名", "郵便番号", "住所", "言語", "SMS送信先", "区分", "平日", "平日夜間", "休日",
    "架電回数", "最終架電", "最終結果", "期限経過の未納額(円)", "理由",
)  # fmt: skip

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


async def list_candidates(request: web.Request, services: Services, me: Principal) -> web.StreamResponse:
    """``GET /api/candidates?channel=&campaign_id=&page=``: one page of the list, and how many each channel has."""
    channel, campaign_id = _filter(request)
    page = _id(request.query.get("page") or "1")
    if not 1 <= page <= 100_000:
        raise ApiError(400)
    async with services.pool.acquire() as conn:
        found = await read_candidates(
            conn, services.clock.now(), channel=channel, campaign_id=campaign_id, limit=PAGE, offset=(page - 1) * PAGE
        )
    await _log_list(services, me, "candidates", channel, campaign_id, len(found.candidates))
    rows = [_candidate(one) for one in found.candidates]
    return answer(
        {"candidates": rows, "totals": found.totals, "total_n": found.total_n, "page": page, "page_size": PAGE}
    )


async def export_candidates(request: web.Request, services: Services, me: Principal) -> web.StreamResponse:
    """``GET /api/candidates.csv?channel=&campaign_id=``: the whole list for a spreadsheet (UTF-8 with BOM)."""
    channel, campaign_id = _filter(request)
    now = services.clock.now()
    async with services.pool.acquire() as conn:
        found = await read_candidates(conn, now, channel=channel, campaign_id=campaign_id)
    await _log_list(services, me, "candidates.csv", channel, campaign_id, len(found.candidates))
    name = f"candidates-{channel or 'all'}-{jst_date(now):%Y%m%d}.csv"
    return web.Response(
        body=candidates_csv(found.candidates).encode("utf-8-sig"),
        content_type="text/csv",
        charset="utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def candidates_csv(candidates: tuple[Candidate, ...]) -> str:
    """The list as CSV with CRLF, as RFC 4180 and spreadsheets want it; text that looks like a formula is quoted."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(_CSV_HEAD)
    for one in candidates:
        last = "" if one.last_attempt_at is None else f"{to_jst(one.last_attempt_at):%Y-%m-%d %H:%M}"
        outcome = "" if one.last_outcome is None else OUTCOMES[one.last_outcome]
        texts = (one.campaign, one.addressee_no, one.name, one.postal_code, one.address, one.language)
        writer.writerow(
            [
                *(safe_cell(text) for text in texts),
                national(one.mobile) or "",
                "・".join(CHANNELS[channel] for channel in one.channels),
                *(one.tries[window] for window in Window),
                one.tries_n,
                last,
                outcome,
                one.yen,
                why_words.candidate_reason(one),
            ]
        )
    return out.getvalue()


async def _because(services: Services, campaign_id: int) -> str | None:
    """The pacing's own word; None while the engine is away."""
    try:
        live = await services.control.live()
    except EngineUnavailable:
        return None
    told = [one.get("because") for one in live.get("campaigns", []) if one.get("campaign_id") == campaign_id]
    return str(told[0] or "") if told else ""


async def _log_list(
    services: Services, me: Principal, what: str, channel: Channel | None, campaign_id: int | None, rows: int
) -> None:
    campaign = "all campaigns" if campaign_id is None else f"campaign {campaign_id}"
    await log_operation(services, me, Act.PERSON_VIEWED, f"{what} {channel or 'any'} {campaign}", rows=rows)


def _filter(request: web.Request) -> tuple[Channel | None, int | None]:
    channel, campaign_id = request.query.get("channel"), request.query.get("campaign_id")
    if channel and channel not in list(Channel):
        raise ApiError(400)
    return (Channel(channel) if channel else None), (_id(campaign_id) if campaign_id else None)


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
        "source": why_words.SOURCES.get(line.source, line.source),
        "rank": line.rank,
        "live": line.live,
        "state": why_words.line_state(line, why.now),
        "table": [{**_slots(row), "in_force": line.in_force[row.window]} for row in line.table],
    }


def _candidate(one: Candidate) -> Json:
    plain = ("debtor_id", "campaign", "addressee_no", "name", "channels", "tries", "tries_n", "last_attempt_at", "yen")
    return {
        **{name: getattr(one, name) for name in plain},
        "last_outcome": one.last_outcome,
        "mobile": national(one.mobile),
        "reason": why_words.candidate_reason(one),
    }
