"""The telephone line on a real Asterisk: commands by AMI, ended channels from its journal.

The contexts and variables that are named here are those of ``asterisk-conf/pbx/extensions.conf.j2``.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from campaigns.model import E164
from dialer.ami import actions
from dialer.ami.connection import AmiConnection
from dialer.ami.events import LineState
from dialer.asterisk.journal import read_endings
from dialer.line import EndedChannel, LiveChannel

LEG_RING_S = 15.0
"""A browser or a simulated telephone answers a leg by itself within moments; a desk telephone is picked up."""
LEG_HEADER = "X-Tsunagu-Leg"
"""SIP header by which the page knows that a call is its leg, and answers it by itself."""


class AsteriskLine:
    """Implements ``dialer.line.Line``."""

    def __init__(self, ami: AmiConnection, journal: Path) -> None:
        self._ami = ami
        self._journal = journal

    async def dial(
        self, attempt_id: str, number: E164, caller_id: E164, ring_timeout_s: int, *, detects: bool = False
    ) -> None:
        await actions.originate(
            self._ami,
            channel=f"PJSIP/{number}@trunk",
            channel_id=attempt_id,
            context="detecting" if detects else "answered",
            ring_timeout_s=ring_timeout_s,
            caller_id=caller_id,
        )

    async def lay_leg(self, leg_id: str, extension: str, room: str) -> None:
        await actions.originate(
            self._ami,
            channel=f"PJSIP/{extension}",
            channel_id=leg_id,
            context="agent-leg",
            ring_timeout_s=LEG_RING_S,
            caller_id=extension,
            caller_name="Tsunagu",
            variables={"ROOM": room, f"PJSIP_HEADER(add,{LEG_HEADER})": leg_id},
        )

    async def hang_up(self, channel_id: str) -> None:
        await actions.hang_up(self._ami, channel_id)

    async def apologise(self, channel_id: str, prompt: str) -> None:
        await actions.redirect(self._ami, channel_id, "sorry", prompt)

    async def fetch(self, channel_id: str, call_id: str, extension: str) -> None:
        await actions.set_variable(self._ami, channel_id, "CALL_ID", call_id)
        await actions.redirect(self._ami, channel_id, "taken", extension)

    async def channels(self) -> dict[str, LiveChannel]:
        found = await actions.channels(self._ami)
        return {c.uniqueid: LiveChannel(c.uniqueid, c.state is LineState.UP, c.room, c.context) for c in found}

    async def registered(self) -> set[str]:
        return {name for name in await actions.reachable(self._ami) if name.isdigit()}

    async def how_it_ended(self, channel_ids: set[str]) -> dict[str, EndedChannel]:
        return await asyncio.to_thread(read_endings, self._journal, channel_ids)
