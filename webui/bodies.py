"""The bodies of requests, as types: what does not fit is refused before a handler sees it.

Decides the shape only; whether a request can be met now is the engine's to say. Words of the domain
(dispositions) are checked against the domain's own enums.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal, TypeVar

import msgspec
from aiohttp import web
from msgspec import Meta

from campaigns.model import Disposition
from webui.errors import ApiError

Reason = Literal["break", "meal", "training", "clerical", "meeting", "away", "other"]
"""Why an agent is not ready; labels in ``webui/labels.py``."""

Extension = Annotated[str, Meta(pattern=r"^[0-9]{3,6}$")]


class Login(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    login: Annotated[str, Meta(min_length=1, max_length=40)]
    password: Annotated[str, Meta(min_length=1, max_length=200)]


class TakeSeat(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    kind: Literal["web", "sip"]
    extension: Extension | None = None


class NotReady(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    reason: Reason


class Promise(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    due_on: date
    amount_yen: Annotated[int, Meta(ge=1, le=9_999_999_999)] | None = None
    debt_type: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)] | None = None


class Callback(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A call that was agreed; `named`: by the agent who sends this."""

    due_at: Annotated[datetime, Meta(tz=True)]
    named: bool = False


class Dispose(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    disposition: Disposition
    next: Literal["ready", "not_ready"]
    note: Annotated[str, Meta(max_length=2000)] | None = None
    promise: Promise | None = None
    callback: Callback | None = None
    reason: Reason | None = None


class ToldNumber(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A telephone number as the agent typed it."""

    number: Annotated[str, Meta(min_length=1, max_length=40)]


class CampaignState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    state: Literal["running", "paused", "stopped"]


Body = TypeVar("Body", bound=msgspec.Struct)


async def read_body(request: web.Request, kind: type[Body]) -> Body:
    """The request's JSON body as `kind`.

    Raises:
        ApiError: 400, naming the field (never its value).
    """
    try:
        return msgspec.json.decode(await request.read(), type=kind)
    except msgspec.ValidationError as error:
        _, _, where = str(error).rpartition(" - at `$")
        field = where.strip("`.") if where != str(error) else ""
        raise ApiError(400, message=f"入力内容が正しくありません（{field}）。" if field else None) from error
    except msgspec.DecodeError as error:
        raise ApiError(400, message="JSON として読めません。") from error
