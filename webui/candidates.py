"""Who is a candidate for another way than a call, what was done for whom, and both as files for a spreadsheet.

For supervisors. All of it is personal data: each look, file and change is in the operation log, with how many people it
was about.

Decides the shape of what is shown; what it says is decided in `campaigns`, its wording in ``why_words``.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any

import aiosql
import asyncpg
import msgspec
from aiohttp import web
from msgspec import Meta

from campaigns.calendar import jst_date, to_jst
from campaigns.candidates import Candidate, Channel, read_candidates, safe_cell
from campaigns.closed_candidates import (
    LONGEST_NOTE,
    Closed,
    ClosedAs,
    ClosingUnknown,
    checked_note,
    close_candidates,
    read_closed,
    reopen_candidate,
)
from campaigns.errors import CampaignInvalid, CampaignUnknown
from campaigns.model import Window
from webui import why_words
from webui.access import Principal
from webui.bodies import read_body
from webui.errors import ApiError
from webui.labels import CHANNELS, CLOSED_AS, OUTCOMES
from webui.operations import Act, log_operation
from webui.people import national
from webui.services import Services, answer

PAGE = 50
_MOST_DIGITS = 18  # of an id
_CSV_HEAD = (
    "キャンペーン", "宛名番号", "氏名", "郵便番号", "住所", "言語", "SMS送信先", "区分", "平日", "平日夜間", "休日",
    "架電回数", "最終架電", "最終結果", "期限経過の未納額(円)", "理由",
)  # fmt: skip
_CLOSED_HEAD = ("キャンペーン", "宛名番号", "氏名", "区分", "処理", "処理日時", "処理者", "メモ")

_sql: Any = aiosql.from_path(Path(__file__).parent / "sql" / "candidates.sql", "asyncpg")

Json = dict[str, Any]
Id = Annotated[int, Meta(ge=1, le=2**62)]


class Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One row of the list: a person of a campaign."""

    campaign_id: Id
    debtor_id: Id


class Close(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was done for whom."""

    channel: Channel
    closed_as: ClosedAs
    people: Annotated[list[Place], Meta(min_length=1, max_length=PAGE)]
    note: Annotated[str, Meta(max_length=LONGEST_NOTE)] | None = None


async def list_candidates(request: web.Request, services: Services, me: Principal) -> web.StreamResponse:
    """``GET /api/candidates?channel=&campaign_id=&page=``: one page of the list, and how many each channel has."""
    channel, campaign_id = _filter(request)
    page = _page(request)
    async with services.pool.acquire() as conn:
        found = await read_candidates(
            conn, services.clock.now(), channel=channel, campaign_id=campaign_id, limit=PAGE, offset=(page - 1) * PAGE
        )
    await _log_look(services, me, "candidates", channel, campaign_id, len(found.candidates))
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
    await _log_look(services, me, "candidates.csv", channel, campaign_id, len(found.candidates))
    return _file(f"candidates-{channel or 'all'}-{jst_date(now):%Y%m%d}.csv", _CSV_HEAD, map(_row, found.candidates))


async def close(request: web.Request, services: Services, me: Principal) -> web.StreamResponse:
    """``POST /api/candidates/closed``: people leave the list of this way; all of them or none."""
    body = await read_body(request, Close)
    try:
        note = checked_note(body.note)
    except CampaignInvalid as error:
        raise ApiError(400, "note_invalid", "メモは改行のない200文字までにしてください。") from error
    of_campaign: dict[int, list[int]] = {}
    for place in body.people:
        of_campaign.setdefault(place.campaign_id, []).append(place.debtor_id)
    closed_n, now = 0, services.clock.now()
    try:
        async with services.pool.acquire() as conn, conn.transaction():
            for campaign_id, people in sorted(of_campaign.items()):
                closed_n += await close_candidates(
                    conn, campaign_id, people, body.channel, body.closed_as, by=me.login, now=now, note=note
                )
    except (CampaignUnknown, CampaignInvalid) as error:
        raise ApiError(404, "candidate_unknown", "登録のない対象者またはキャンペーンがあります。") from error
    people_said = f"campaigns {' '.join(map(str, sorted(of_campaign)))}"
    await log_operation(
        services, me, Act.CANDIDATES_CLOSED, f"{body.channel} {body.closed_as} {people_said}", rows=closed_n
    )
    return answer({"closed_n": closed_n})


async def list_closed(request: web.Request, services: Services, me: Principal) -> web.StreamResponse:
    """``GET /api/candidates/closed?channel=&campaign_id=&page=``: what was done for whom, newest first."""
    channel, campaign_id = _filter(request)
    page = _page(request)
    async with services.pool.acquire() as conn:
        found = await read_closed(
            conn, channel=channel, campaign_id=campaign_id, limit=PAGE, offset=(page - 1) * PAGE
        )  # fmt: skip
        names = await _names(conn, found.closed)
    await _log_look(services, me, "candidates closed", channel, campaign_id, len(found.closed))
    rows = [{**_slots(one), "closed_by": names[one.closed_by], "label": _label(one)} for one in found.closed]
    return answer({"closed": rows, "totals": found.totals, "total_n": found.total_n, "page": page, "page_size": PAGE})


async def export_closed(request: web.Request, services: Services, me: Principal) -> web.StreamResponse:
    """``GET /api/candidates/closed.csv?channel=&campaign_id=``: the same, whole, for a spreadsheet."""
    channel, campaign_id = _filter(request)
    async with services.pool.acquire() as conn:
        found = await read_closed(conn, channel=channel, campaign_id=campaign_id)
        names = await _names(conn, found.closed)
    await _log_look(services, me, "candidates closed.csv", channel, campaign_id, len(found.closed))
    rows = (_closed_row(one, names[one.closed_by]) for one in found.closed)
    return _file(f"closed-{channel or 'all'}-{jst_date(services.clock.now()):%Y%m%d}.csv", _CLOSED_HEAD, rows)


async def reopen(request: web.Request, services: Services, me: Principal) -> web.StreamResponse:
    """``POST /api/candidates/closed/{closing_id}/reopen``: it was closed by mistake."""
    closing_id = _id(request.match_info["closing_id"])
    try:
        async with services.pool.acquire() as conn:
            await reopen_candidate(conn, closing_id, by=me.login, now=services.clock.now())
    except ClosingUnknown as error:
        raise ApiError(409, ClosingUnknown.code, "すでに元に戻されています。一覧を開き直してください。") from error
    await log_operation(services, me, Act.CANDIDATE_REOPENED, f"closing {closing_id}")
    return answer({})


def _file(name: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> web.Response:
    """CSV with CRLF, as RFC 4180 and spreadsheets want it, in UTF-8 with a byte order mark."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(head)
    writer.writerows(rows)
    return web.Response(
        body=out.getvalue().encode("utf-8-sig"),
        content_type="text/csv",
        charset="utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _row(one: Candidate) -> list[object]:
    """Text that looks like a formula is quoted."""
    texts = (one.campaign, one.addressee_no, one.name, one.postal_code, one.address, one.language)
    return [
        *(safe_cell(text) for text in texts),
        national(one.mobile) or "",
        "・".join(CHANNELS[channel] for channel in one.channels),
        *(one.tries[window] for window in Window),
        one.tries_n,
        "" if one.last_attempt_at is None else f"{to_jst(one.last_attempt_at):%Y-%m-%d %H:%M}",
        "" if one.last_outcome is None else OUTCOMES[one.last_outcome],
        one.yen,
        why_words.candidate_reason(one),
    ]


def _closed_row(one: Closed, by: str) -> list[object]:
    at = f"{to_jst(one.closed_at):%Y-%m-%d %H:%M}"
    who = (one.campaign, one.addressee_no, one.name)
    return [*map(safe_cell, who), CHANNELS[one.channel], _label(one), at, safe_cell(by), safe_cell(one.note)]


def _label(one: Closed) -> str:
    return CLOSED_AS[one.channel][one.closed_as]


def _candidate(one: Candidate) -> Json:
    plain = ("campaign_id", "debtor_id", "campaign", "addressee_no", "name", "channels", "tries", "tries_n",
             "last_attempt_at", "last_outcome", "yen")  # fmt: skip
    return {
        **{name: getattr(one, name) for name in plain},
        "mobile": national(one.mobile),
        "reason": why_words.candidate_reason(one),
    }


def _slots(value: Any) -> Json:
    return {name: getattr(value, name) for name in value.__slots__}


async def _names(conn: asyncpg.Connection, closed: Sequence[Closed]) -> dict[str, str]:
    """Who closed them, as people know them; whose account has another login now keeps the one of that day."""
    logins = sorted({one.closed_by for one in closed})
    found = {row["login"]: row["display_name"] async for row in _sql.names_of(conn, logins=logins)}
    return {login: found.get(login, login) for login in logins}


async def _log_look(
    services: Services, me: Principal, what: str, channel: Channel | None, campaign_id: int | None, rows: int
) -> None:
    campaign = "all campaigns" if campaign_id is None else f"campaign {campaign_id}"
    await log_operation(services, me, Act.PERSON_VIEWED, f"{what} {channel or 'any'} {campaign}", rows=rows)


def _filter(request: web.Request) -> tuple[Channel | None, int | None]:
    channel, campaign_id = request.query.get("channel"), request.query.get("campaign_id")
    if channel and channel not in list(Channel):
        raise ApiError(400)
    return (Channel(channel) if channel else None), (_id(campaign_id) if campaign_id else None)


def _page(request: web.Request) -> int:
    page = _id(request.query.get("page") or "1")
    if not 1 <= page <= 100_000:
        raise ApiError(400)
    return page


def _id(given: str) -> int:
    if not given.isascii() or not given.isdigit() or len(given) > _MOST_DIGITS:
        raise ApiError(404)
    return int(given)
