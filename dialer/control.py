"""The engine's control socket: HTTP and JSON over a Unix socket, for the pages' process.

The contract is in ARCHITECTURE.md. Whoever can open the socket may do everything: it lies in
``var/run`` with mode 600, and the web process does the log-in and the rights.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Literal, TypeVar
from uuid import UUID

import msgspec
import structlog
from aiohttp import web
from msgspec import Meta

from campaigns.callbacks import NewCallback
from campaigns.campaign import CampaignState
from campaigns.dispositions import NewPromise
from campaigns.errors import CampaignUnknown
from campaigns.model import Disposition
from dialer.agents.agent import Agent
from dialer.agents.requests import AgentRequests, DispositionRequest
from dialer.db.away import DATABASE_AWAY
from dialer.errors import AmiError, IllegalTransition, RequestRefused
from dialer.live import agent_view

log = structlog.get_logger()

T = TypeVar("T")

_STOP_S = 2.0  # for the requests that are being answered at the stop


_NO_NUL = r"^[^\x00]*$"  # PostgreSQL's text holds none
_ID = "\\d{1,18}"  # what a bigint can hold
Text = Annotated[str, Meta(max_length=40, pattern=_NO_NUL)]
Word = Annotated[str, Meta(min_length=1, max_length=40, pattern=_NO_NUL)]


class SeatBody(msgspec.Struct):
    extension: Word


class NotReadyBody(msgspec.Struct):
    reason: Word


class PromiseBody(msgspec.Struct):
    due_on: date
    amount_yen: Annotated[int, Meta(gt=0, le=10**12)] | None = None
    debt_type: Word | None = None


class CallbackBody(msgspec.Struct):
    due_at: Annotated[datetime, Meta(tz=True)]
    named: bool = False


class DispositionBody(msgspec.Struct, rename={"go": "next"}):
    agent_id: Annotated[int, Meta(ge=1, lt=10**18)]
    disposition: Disposition
    go: Literal["ready", "not_ready"] = "ready"
    note: Annotated[str, Meta(max_length=4000, pattern=_NO_NUL)] | None = None
    promise: PromiseBody | None = None
    callback: CallbackBody | None = None
    reason: Text | None = None


class StateBody(msgspec.Struct):
    state: CampaignState


class Control:
    """The socket's handlers.

    Args:
        requests: what agents ask for.
        health, snapshot: read the engine's present.
        change_campaign: writes a campaign's state.
    """

    def __init__(
        self,
        requests: AgentRequests,
        *,
        health: Callable[[], dict[str, object]],
        snapshot: Callable[[], dict[str, object]],
        change_campaign: Callable[[int, CampaignState], Awaitable[None]],
    ) -> None:
        self._requests = requests
        self._health = health
        self._snapshot = snapshot
        self._change_campaign = change_campaign

    def app(self) -> web.Application:
        app = web.Application(middlewares=[_refusals])
        app.add_routes(
            [
                web.get("/health", self._get_health),
                web.get("/live", self._get_live),
                web.post(f"/agents/{{agent_id:{_ID}}}/seat", self._take_seat),
                web.delete(f"/agents/{{agent_id:{_ID}}}/seat", self._leave_seat),
                web.post(f"/agents/{{agent_id:{_ID}}}/ready", self._ready),
                web.post(f"/agents/{{agent_id:{_ID}}}/not-ready", self._not_ready),
                web.post(f"/agents/{{agent_id:{_ID}}}/hangup", self._hang_up),
                web.post(f"/agents/{{agent_id:{_ID}}}/preview/{{choice:dial|skip}}", self._preview),
                web.post("/calls/{call_id}/disposition", self._dispose),
                web.post(f"/campaigns/{{campaign_id:{_ID}}}/state", self._campaign_state),
            ]
        )
        return app

    async def serve(self, socket: Path) -> web.AppRunner:
        """Listen on `socket`; the caller cleans the returned runner up."""
        socket.parent.mkdir(parents=True, exist_ok=True)
        socket.unlink(missing_ok=True)
        runner = web.AppRunner(self.app(), access_log=None, shutdown_timeout=_STOP_S)
        await runner.setup()
        await web.UnixSite(runner, str(socket)).start()
        socket.chmod(0o600)
        return runner

    async def _get_health(self, _: web.Request) -> web.Response:
        return web.json_response(self._health())

    async def _get_live(self, _: web.Request) -> web.Response:
        return web.json_response(self._snapshot())

    async def _take_seat(self, request: web.Request) -> web.Response:
        body = await _body(request, SeatBody)
        return _answer(await self._requests.take_seat(_agent_id(request), body.extension))

    async def _leave_seat(self, request: web.Request) -> web.Response:
        force = request.query.get("force") == "true"
        return _answer(await self._requests.leave_seat(_agent_id(request), force=force))

    async def _ready(self, request: web.Request) -> web.Response:
        return _answer(await self._requests.ready(_agent_id(request)))

    async def _not_ready(self, request: web.Request) -> web.Response:
        body = await _body(request, NotReadyBody)
        return _answer(await self._requests.not_ready(_agent_id(request), body.reason))

    async def _hang_up(self, request: web.Request) -> web.Response:
        return _answer(await self._requests.hang_up(_agent_id(request)))

    async def _preview(self, request: web.Request) -> web.Response:
        choose = self._requests.preview_dial
        if request.match_info["choice"] == "skip":
            choose = self._requests.preview_skip
        return _answer(await choose(_agent_id(request)))

    async def _dispose(self, request: web.Request) -> web.Response:
        body = await _body(request, DispositionBody)
        try:
            call_id = UUID(request.match_info["call_id"])
        except ValueError as error:
            raise RequestRefused("no_such_call", "その通話はありません。") from error
        promise = None
        if body.promise is not None:
            promise = NewPromise(
                due_on=body.promise.due_on, amount_yen=body.promise.amount_yen, debt_type=body.promise.debt_type
            )
        callback = None if body.callback is None else NewCallback(body.callback.due_at, body.callback.named)
        chosen = DispositionRequest(
            body.agent_id, body.disposition, body.note, promise, body.go == "ready", body.reason, callback
        )
        return _answer(await self._requests.dispose(call_id, chosen))

    async def _campaign_state(self, request: web.Request) -> web.Response:
        body = await _body(request, StateBody)
        try:
            await self._change_campaign(int(request.match_info["campaign_id"]), body.state)
        except CampaignUnknown as error:
            raise RequestRefused("no_such_campaign", "その業務は登録されていません。") from error
        return web.json_response({"state": str(body.state)})


def _agent_id(request: web.Request) -> int:
    return int(request.match_info["agent_id"])


def _answer(agent: Agent) -> web.Response:
    return web.json_response(agent_view(agent))


class _Malformed(Exception):
    """A body that isn't what the request takes; the message names the field."""


async def _body(request: web.Request, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(await request.read(), type=kind)
    except msgspec.DecodeError as error:
        raise _Malformed(str(error)) from error


@web.middleware
async def _refusals(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """The one place where errors become answers."""
    try:
        return await handler(request)
    except RequestRefused as error:
        return _refusal(409, error.reason, error.message)
    except _Malformed as error:
        return _refusal(400, "malformed", f"入力の形式が正しくありません。({error})")
    except IllegalTransition as error:
        log.error("illegal_request", path=request.match_info.route.resource, error=str(error))
        return _refusal(409, error.code, "今の状態ではその操作はできません。")
    except AmiError as error:
        log.warning("request_failed", error=error.code)
        return _refusal(503, error.code, "電話交換機に接続できません。")
    except DATABASE_AWAY as error:
        log.error("request_failed", error=type(error).__name__)
        return _refusal(503, "database_away", "データベースに接続できません。")
    except web.HTTPException as error:
        return _refusal(error.status, "no_such_request", "その操作はありません。")
    except Exception as error:
        # An outer edge: one request must not end anything else, and its body must not get into a log.
        log.error("request_failed", error=type(error).__name__, at=_where(error))
        return _refusal(500, "internal", "処理できませんでした。管理者に連絡してください。")


def _where(error: BaseException) -> str:
    """Module and line of the raise; no message, for it may hold a person's data."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "?" if trace is None else f"{trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}"


def _refusal(status: int, code: str, message: str) -> web.Response:
    return web.json_response({"error": {"code": code, "message": message}}, status=status)
