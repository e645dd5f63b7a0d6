"""Takes an agent's result of a call: disposition, note, promise and agreed callback, in one transaction.

What it means for the next call is decided in `results`. A disposition never sets or lifts a contact
stop: that is the department's to do.

Invariant: a call has one disposition. The same one sent again (a page that retries) is accepted and
changes nothing; a different one is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import asyncpg

from campaigns.attempts import own_call
from campaigns.calendar import jst_date
from campaigns.callbacks import CallbackInvalid, NewCallback, agree, check_callback
from campaigns.errors import AlreadyDisposed, PromiseInvalid
from campaigns.model import Disposition, Window
from campaigns.queries import queries
from campaigns.results import record_disposition


@dataclass(frozen=True, slots=True)
class NewPromise:
    """A promise to pay.

    Args:
        due_on: JST date, today or later.
        amount_yen: more than 0; None = not said.
        debt_type: code; None = all of the person's debts.
    """

    due_on: date
    amount_yen: int | None = None
    debt_type: str | None = None


async def dispose(
    conn: asyncpg.Connection,
    call_id: UUID,
    agent_id: int,
    disposition: Disposition,
    *,
    note: str | None,
    promise: NewPromise | None,
    now: datetime,
    callback: NewCallback | None = None,
) -> None:
    """Write the agent's result of a call and what follows from it.

    Older open promises for the same debt type become 'replaced' (a promise for all debts replaces all).
    A wrong number is taken off this person; others who have it keep it.

    Args:
        note: as typed; empty counts as none.
        promise: required with PROMISE, possible with any other contact.
        callback: possible with CALL_BACK only, which else means a day later.

    Raises:
        CallUnknown: there is no such call.
        NotYourCall: another agent talked on it, or nobody.
        AlreadyDisposed: it has a different result already.
        PromiseInvalid: missing, in the past, not positive, of an unknown debt type, or without a talk.
        CallbackInvalid: with another result, of an unknown person, past, too far ahead, or when nobody calls.

    Source: requirements CALL-7, CALL-9, CALL-10, CALL-13.
    """
    note = (note or "").strip() or None
    async with conn.transaction():
        call = await own_call(conn, call_id, agent_id)
        if call["disposition"] is not None:
            written = (call["disposition"], call["note"], _promise_of(call), _callback_of(call))
            if written != (disposition, note, promise, callback):
                raise AlreadyDisposed("この通話の結果はすでに登録されています。")
            return
        debtor_id = call["debtor_id"]
        await _check_promise(conn, disposition, promise, debtor_id, now)
        await _check_callback(conn, disposition, callback, debtor_id, call["campaign_id"], now)
        await queries.set_disposition(conn, call_id=call_id, disposition=disposition, note=note, now=now)
        if debtor_id is None:
            return
        if promise is not None:
            await queries.replace_promises(conn, debtor_id=debtor_id, debt_type=promise.debt_type, today=jst_date(now))
            await queries.insert_promise(
                conn,
                debtor_id=debtor_id,
                debt_type=promise.debt_type,
                due_on=promise.due_on,
                amount_yen=promise.amount_yen,
                now=now,
                call_id=call_id,
            )
        if disposition is Disposition.WRONG_NUMBER:
            await queries.remove_number(conn, debtor_id=debtor_id, call_id=call_id, now=now)
        await record_disposition(
            conn,
            debtor_id,
            disposition,
            call["answered_at"],
            now,
            number=call["number"],
            window=None if call["call_window"] is None else Window(call["call_window"]),
        )
        if callback is not None:
            await agree(conn, debtor_id, callback.due_at, agent_id if callback.named else None, call_id, now)


async def undisposed(conn: asyncpg.Connection, agent_id: int) -> UUID | None:
    """The oldest call of this agent that is over and has no result yet, or None."""
    found = await queries.undisposed(conn, agent_id=agent_id)
    assert found is None or isinstance(found, UUID)
    return found


def _promise_of(call: asyncpg.Record) -> NewPromise | None:
    if call["promise_due_on"] is None:
        return None
    return NewPromise(call["promise_due_on"], call["promise_amount_yen"], call["promise_debt_type"])


def _callback_of(call: asyncpg.Record) -> NewCallback | None:
    if call["callback_due_at"] is None:
        return None
    return NewCallback(call["callback_due_at"], call["callback_agent_id"] is not None)


async def _check_callback(
    conn: asyncpg.Connection,
    disposition: Disposition,
    callback: NewCallback | None,
    debtor_id: int | None,
    campaign_id: int | None,
    now: datetime,
) -> None:
    if callback is None:
        return
    if disposition is not Disposition.CALL_BACK:
        raise CallbackInvalid("結果が「折り返し希望」のときだけ折り返しの日時を登録できます。")
    if debtor_id is None:
        raise CallbackInvalid("対象者が特定されていない通話に折り返しの日時は登録できません。")
    await check_callback(conn, callback, debtor_id, campaign_id, now)


async def _check_promise(
    conn: asyncpg.Connection, disposition: Disposition, promise: NewPromise | None, debtor_id: int | None, now: datetime
) -> None:
    if promise is None:
        if disposition is Disposition.PROMISE:
            raise PromiseInvalid("納付約束には期日が必要です。")
        return
    if not disposition.is_contact:
        raise PromiseInvalid("会話のない結果に納付約束は登録できません。")
    if debtor_id is None:
        raise PromiseInvalid("対象者が特定されていない通話に納付約束は登録できません。")
    if promise.due_on < jst_date(now):
        raise PromiseInvalid("納付約束の期日が過ぎています。")
    if promise.amount_yen is not None and promise.amount_yen <= 0:
        raise PromiseInvalid("納付約束の金額は1円以上にしてください。")
    if promise.debt_type is not None:
        async for _ in queries.unknown_debt_types(conn, debt_types=[promise.debt_type]):
            raise PromiseInvalid("納付約束の債権の種類が登録されていません。")
