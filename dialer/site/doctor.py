"""Looks at every part of a site and says what is wrong.

Decides the order of the checks and what becomes of one that hangs; what is right, each check decides
(`checks/`). Nothing is started or changed, so it may be run at any time.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from dialer.clock import Clock
from dialer.settings import Settings
from dialer.site.checks import machine, servers, telephony
from dialer.site.checks.finding import Finding, Patient, wrong
from dialer.site.lock import is_held

Check = Callable[[Patient], Awaitable[list[Finding]]]

CHECKS: tuple[Check, ...] = (
    machine.python,
    machine.programs,
    machine.disk,
    machine.ports,
    machine.prompts,
    servers.clock,
    servers.database,
    servers.redis_server,
    servers.processes,
    servers.background,
    telephony.asterisk,
    telephony.manager,
)
_LONGEST_CHECK_S = 20.0


async def examine(settings: Settings, clock: Clock, checks: tuple[Check, ...] = CHECKS) -> AsyncIterator[Finding]:
    """Every finding, as soon as it is there, in the order of `checks`."""
    patient = Patient(settings, clock, runs=settings.var.exists() and is_held(settings.var))
    for check in checks:
        try:
            async with asyncio.timeout(_LONGEST_CHECK_S):
                findings = await check(patient)
        except TimeoutError:
            mend = "動いているプログラムの負荷を確かめて、もう一度実行してください"
            findings = [wrong(check.__name__, f"{_LONGEST_CHECK_S:.0f} 秒たっても終わりません", mend)]
        except Exception as error:  # an outer edge: a check that breaks must not hide the others
            findings = [
                wrong(
                    check.__name__, f"確認できません（{type(error).__name__}）", "記録を添えて開発者に知らせてください"
                )
            ]
        for finding in findings:
            yield finding
