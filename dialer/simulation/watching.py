"""What a person sees in the terminal while the demo runs: agents, calls, counts, and where to look.

On a terminal the picture is redrawn in place; without one a line is printed every few seconds.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from dialer.accounts.users import Role
from dialer.clock import Clock
from dialer.control_client import ControlClient
from dialer.errors import EngineUnavailable, RequestRefused

if TYPE_CHECKING:
    from dialer.simulation.demo import Demo

_REDRAW_S = 0.5
_LINE_S = 5.0
_STATES = {
    "ready": ("待機", "green"),
    "reserved": ("接続中", "yellow"),
    "talking": ("通話", "cyan"),
    "wrap_up": ("後処理", "magenta"),
    "not_ready": ("離席", "dim"),
}
_ROLES = {Role.AGENT: "オペレーター", Role.SUPERVISOR: "管理者", Role.ADMIN: "システム管理者"}
_COUNTS = (
    ("dialed", "発信"),
    ("answered", "応答"),
    ("connected", "接続"),
    ("abandoned", "放棄"),
    ("inbound", "受電"),
    ("contacts", "接触"),
    ("busy", "話中"),
    ("no_answer", "不在"),
)


class Watcher:
    """Draws what the engine's control socket tells."""

    def __init__(self, demo: Demo, console: Console, clock: Clock) -> None:
        self._demo = demo
        self._console = console
        self._clock = clock

    def start(self) -> asyncio.Task[None]:
        """Begin to draw; the caller cancels the task."""
        return asyncio.create_task(self._draw() if self._console.is_terminal else self._print())

    async def _draw(self) -> None:
        control = ControlClient(self._demo.settings.engine_socket)
        try:
            with Live(console=self._console, auto_refresh=False, transient=True) as live:
                while True:
                    live.update(self._picture(await self._snapshot(control)), refresh=True)
                    await self._clock.sleep(_REDRAW_S)
        finally:
            await control.close()

    async def _print(self) -> None:
        self._console.print(self._where(), soft_wrap=True)
        control = ControlClient(self._demo.settings.engine_socket)
        try:
            while True:
                await self._clock.sleep(_LINE_S)
                snapshot = await self._snapshot(control)
                self._console.print(_counts_line(snapshot["counts"]), highlight=False)
        finally:
            await control.close()

    @staticmethod
    async def _snapshot(control: ControlClient) -> dict[str, Any]:
        try:
            return await control.live()
        except (EngineUnavailable, RequestRefused):
            return {"agents": [], "calls": [], "campaigns": [], "counts": {}}

    def _where(self) -> Text:
        lines = [f"画面  {self._demo.url}   (Ctrl-C で終了)"]
        lines += [f"  {_ROLES[a.role]}: {a.login} / {a.password}" for a in self._demo.accounts]
        return Text("\n".join(lines))

    def _picture(self, snapshot: dict[str, Any]) -> Group:
        agents = Table(title="オペレーター", title_justify="left", expand=False)
        for heading in ("席", "氏名", "状態"):
            agents.add_column(heading)
        for agent in snapshot["agents"]:
            label, style = _STATES.get(agent["state"], (agent["state"], ""))
            agents.add_row(agent["extension"], agent["name"], Text(label, style=style))
        calls = Counter(call["state"] for call in snapshot["calls"])
        lines = Text("回線  " + ("  ".join(f"{state} {n}" for state, n in sorted(calls.items())) or "なし"))
        because = next((c["because"] for c in snapshot["campaigns"] if c["campaign_id"] == self._demo.campaign_id), "")
        return Group(self._where(), agents, lines, Text(f"判断  {because}"), Text(_counts_line(snapshot["counts"])))


def _counts_line(counts: dict[str, int]) -> str:
    return "本日  " + "  ".join(f"{label} {counts.get(key, 0)}" for key, label in _COUNTS)
