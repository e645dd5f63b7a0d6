"""Whether the telephone network takes us: the state of our registration at the trunk.

Decides when a start must not go on: a network that refuses the registration would refuse every call.
A trunk without registration (``TRUNK_USER`` empty) is not asked; some never answer anything but calls.
"""

from __future__ import annotations

import re
from pathlib import Path

from dialer.asterisk import console
from dialer.clock import Clock
from dialer.errors import StartError
from dialer.settings import Settings

_ASK_S = 3.0
_WITHIN_S = 15.0
_POLL_S = 0.2
_REGISTRATION = re.compile(r"^\s*trunk/\S+\s+\S+\s+(\w+)", re.MULTILINE)


async def registration(settings: Settings) -> str:
    """Asterisk's word for it: Registered, Unregistered, Rejected, Stopped; empty when it can't be asked."""
    socket: Path = settings.var / "asterisk" / "run" / "asterisk.ctl"
    try:
        said = await console.ask(socket, "pjsip show registrations", timeout_s=_ASK_S)
    except (OSError, TimeoutError):
        return ""
    found = _REGISTRATION.search(said)
    return found.group(1) if found else ""


async def until_registered(settings: Settings, clock: Clock) -> None:
    """Return when the trunk has taken our registration; at once when there is none to make.

    Raises:
        StartError: it refused, or did not answer within 15 s.
    """
    if not settings.trunk_user:
        return
    deadline_s = clock.monotonic_s() + _WITHIN_S
    while (status := await registration(settings)) != "Registered":
        # Asterisk says "Rejected" of a refusal and of a time-out alike.
        if status in ("Rejected", "Stopped") or clock.monotonic_s() >= deadline_s:
            raise StartError(
                f"the trunk {settings.trunk_host}:{settings.trunk_port} does not take our registration:"
                " check TRUNK_HOST, TRUNK_PORT, TRUNK_USER and TRUNK_SECRET"
            )
        await clock.sleep(_POLL_S)
