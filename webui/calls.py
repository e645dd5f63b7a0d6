"""The agent's call: the person on the screen, hanging up, preview, the disposition at its end, and agreed callbacks.

What is possible in which state is the engine's to say; this module checks the form of what is sent, lets agents see
their own calls only, and writes the operation log.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import msgspec
from aiohttp import web

from campaigns.calendar import jst_date
from campaigns.callbacks import agreed_with
from campaigns.errors import AlreadyDisposed, CallUnknown, NotYourCall
from campaigns.model import Disposition
from campaigns.numbers import NumberRefused, learn_number_on_call
from webui.access import Principal
from webui.bodies import Dispose, ToldNumber, read_body
from webui.errors import ApiError
from webui.operations import Act, log_operation
from webui.people import read_phones, read_screen, subject_of
from webui.services import Services, answer

_LONGEST_PROMISE = timedelta(days=366)
_CALLBACKS_SHOWN = 20


async def show_call(request: web.Request, services: Services, me: Principal) -> web.StreamResponse:
    """``GET /api/calls/{call_id}``: the person, debts, promises, history and the talk script."""
    call_id = _call_id(request)
    async with services.pool.acquire() as conn:
        found = await read_screen(conn, call_id, me.user_id, services.clock.now())
    if found is None or not (found[1] or me.supervises):
        raise ApiError(404)  # the same for both: an id of another's call tells nothing
    screen = found[0]
    if screen.debtor is not None:
        await log_operation(services, me, Act.PERSON_VIEWED, f"debtor {screen.debtor['debtor_id']}")
    department, subject = subject_of(screen.debts)
    steps = services.script.filled(
        department=department,
        agent=me.display_name,
        name=screen.debtor["name"] if screen.debtor else "○○",
        subject=subject,
    )
    return answer({**{f: getattr(screen, f) for f in screen.__slots__}, "script": steps})


async def dispose(request: web.Request, services: Services, me: Principal) -> web.StreamResponse:
    """``POST /api/calls/{call_id}/disposition``: ends wrap-up."""
    call_id = _call_id(request)
    body = await read_body(request, Dispose)
    _check_disposition(body, services.clock.now())
    given: dict[str, Any] = msgspec.to_builtins(body)
    wanted = {key: value for key, value in given.items() if value is not None}
    if body.promise is not None:
        wanted["promise"] = {key: value for key, value in given["promise"].items() if value is not None}
    if body.callback is not None:
        wanted["callback"] = {"due_at": body.callback.due_at.isoformat(), "named": body.callback.named}
    await services.control.dispose(call_id, {"agent_id": me.user_id, **wanted})
    await log_operation(services, me, Act.CALL_DISPOSED, f"call {call_id}")
    return answer({})


async def learn_number(request: web.Request, services: Services, me: Principal) -> web.StreamResponse:
    """``POST /api/calls/{call_id}/numbers``: a number that the person told; answers with all numbers, best first.

    Of the agent's own call only, and until its result is written.
    """
    call_id = _call_id(request)
    body = await read_body(request, ToldNumber)
    try:
        async with services.pool.acquire() as conn:
            await learn_number_on_call(conn, call_id, me.user_id, body.number, services.clock.now())
            debtor_id, phones = await read_phones(conn, call_id)
    except NumberRefused as error:
        raise ApiError(400, error.code, str(error)) from error
    except (CallUnknown, NotYourCall, AlreadyDisposed) as error:
        raise ApiError(409, error.code, str(error)) from error
    await log_operation(services, me, Act.NUMBER_LEARNT, f"debtor {debtor_id}")
    return answer({"phones": phones})


async def show_callbacks(_: web.Request, services: Services, me: Principal) -> web.StreamResponse:
    """``GET /api/callbacks``: the agent's own next callbacks, with the names of the people."""
    async with services.pool.acquire() as conn:
        agreed = await agreed_with(conn, me.user_id, _CALLBACKS_SHOWN)
    if agreed:
        await log_operation(services, me, Act.PERSON_VIEWED, f"callbacks of agent {me.user_id}", rows=len(agreed))
    return answer({"callbacks": [{"due_at": one.due_at, "name": one.name} for one in agreed]})


async def hang_up(_: web.Request, services: Services, me: Principal) -> web.StreamResponse:
    """``POST /api/hangup``: ends the callee's leg; the agent's own stays."""
    await services.control.hang_up(me.user_id)
    return answer({})


async def preview_dial(_: web.Request, services: Services, me: Principal) -> web.StreamResponse:
    """``POST /api/preview/dial``: call the person who is on the screen."""
    return await _preview(services, me, "dial")


async def preview_skip(_: web.Request, services: Services, me: Principal) -> web.StreamResponse:
    """``POST /api/preview/skip``: somebody else, please."""
    return await _preview(services, me, "skip")


async def _preview(services: Services, me: Principal, choice: Literal["dial", "skip"]) -> web.StreamResponse:
    await services.control.preview(me.user_id, choice)
    return answer({})


def _call_id(request: web.Request) -> UUID:
    try:
        return UUID(request.match_info["call_id"])
    except ValueError as error:
        raise ApiError(404) from error


def _check_disposition(body: Dispose, now: datetime) -> None:
    """What the types can't say.

    Raises:
        ApiError: a promise without its date, a date that no promise can have, an hour with another result, or a
            reason that is missing.
    """
    if body.disposition is Disposition.PROMISE and body.promise is None:
        raise ApiError(400, "promise_missing", "約束の日付を入力してください。")
    if body.promise is not None and body.disposition is not Disposition.PROMISE:
        raise ApiError(400, "promise_unexpected", "結果が「納付約束」のときだけ約束を登録できます。")
    if body.promise is not None:
        today = jst_date(now)
        if not today <= body.promise.due_on <= today + _LONGEST_PROMISE:
            raise ApiError(400, "promise_date", "約束の日付は今日から1年以内にしてください。")
    if body.callback is not None and body.disposition is not Disposition.CALL_BACK:
        raise ApiError(
            400, "callback_unexpected", "結果が「折り返し希望」のときだけ折り返しの日時を登録できます。"
        )  # fmt: skip
    if body.next == "not_ready" and body.reason is None:
        raise ApiError(400, "reason_missing", "離席の理由を選んでください。")
