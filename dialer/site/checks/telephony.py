"""The telephone side: Asterisk's version, log-in and rights at its manager interface, trunk, seats."""

from __future__ import annotations

import asyncio
from pathlib import Path

import aiosql
import asyncpg

from dialer.ami.actions import endpoints
from dialer.ami.connection import AmiConnection, Timing
from dialer.ami.events import AmiEvent
from dialer.asterisk.box import OLDEST, find_root, version_number, version_of
from dialer.asterisk.render import TRUNK_WATCH
from dialer.errors import AmiError, AmiLost, AmiRefused, StartError
from dialer.site.checks.finding import Finding, Patient, idle, ok, wrong
from dialer.site.servers import ami_secret, database_url
from dialer.site.trunk import registration

_PATIENCE = Timing(connect_s=3, answer_s=3, boot_s=5, start_within_s=2)
_CONNECT_S = 3.0
_REACHABLE = frozenset({"NOT_INUSE", "INUSE", "RINGING", "RINGINUSE", "BUSY", "ONHOLD"})

_sql = aiosql.from_path(Path(__file__).parents[1] / "sql", "asyncpg")


async def asterisk(patient: Patient) -> list[Finding]:
    """Which Asterisk is (or would be) run here."""
    if patient.settings.asterisk == "external":
        return []
    try:
        root = find_root()
    except StartError:
        return [wrong("Asterisk", "20 以上がありません", "deploy/setup.sh を実行してください")]
    version = await asyncio.to_thread(version_of, root)
    if version_number(version) < OLDEST:
        return [
            wrong("Asterisk", f"動かせません（{version or '版が分かりません'}）", "deploy/setup.sh を実行してください")
        ]
    return [ok("Asterisk", f"{version.removeprefix('Asterisk ')}（{'専用' if root else 'ディストリビューション'}）")]


async def manager(patient: Patient) -> list[Finding]:
    """The engine's user may log in at the manager interface and has its rights; then trunk and seats through it."""
    settings = patient.settings
    if settings.asterisk == "private" and not patient.runs:
        return [idle("AMI"), idle("回線"), idle("席")]
    ami = AmiConnection(
        settings.ami_host,
        settings.ami_port,
        settings.ami_user,
        ami_secret(settings),
        clock=patient.clock,
        on_event=_nothing,
        on_connected=_nothing_either,
        on_lost=lambda: None,
        timing=_PATIENCE,
    )
    try:
        await ami.start()
    except AmiRefused as refusal:
        mend = "AMI_USER・AMI_SECRET と manager.conf の権限（dialer setup が書くファイルを参照）を確かめてください"
        return [wrong("AMI", f"拒否されました: {refusal}", mend)]
    except AmiLost:
        mend = "Asterisk が動いていること、AMI_HOST と AMI_PORT を確かめてください"
        return [wrong("AMI", f"{settings.ami_host}:{settings.ami_port} に接続できません", mend)]
    try:
        states = await endpoints(ami)
    except AmiError as error:
        return [wrong("AMI", f"端末の状態を答えません: {error}", "manager.conf の権限を確かめてください")]
    finally:
        await ami.close()
    return [
        ok("AMI", f"ログインと権限は正しいです（{ami.version}）"),
        *await _trunk(patient, states),
        await _seats(patient, states),
    ]


async def _trunk(patient: Patient, states: dict[str, str]) -> list[Finding]:
    settings = patient.settings
    where = f"{settings.trunk_host}:{settings.trunk_port}" if settings.trunk_host else "模擬網"
    mend = "TRUNK_HOST・TRUNK_PORT、経路とファイアウォールを確かめてください"
    if states.get(TRUNK_WATCH) in _REACHABLE:
        findings = [ok("回線", f"{where} は応答しています")]
    else:
        findings = [wrong("回線", f"{where} が OPTIONS に応答しません", mend)]
    if settings.trunk_user and settings.asterisk == "private":
        status = await registration(settings)
        if status == "Registered":
            findings.append(ok("回線の登録", "登録されています"))
        else:
            mend = "TRUNK_USER と TRUNK_SECRET を回線事業者の通知と照らしてください"
            findings.append(wrong("回線の登録", f"登録されていません（{status or '状態が分かりません'}）", mend))
    return findings


async def _seats(patient: Patient, states: dict[str, str]) -> Finding:
    try:
        conn = await asyncpg.connect(database_url(patient.settings), timeout=_CONNECT_S, command_timeout=_CONNECT_S)
    except (OSError, ValueError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return idle("席")  # what is wrong is said by `database`
    try:
        taken = [row["extension"] async for row in _sql.taken_seats(conn)]
        count = await _sql.seat_count(conn)
    finally:
        await conn.close(timeout=_CONNECT_S)
    here = {name for name, state in states.items() if state in _REACHABLE and not name.startswith("trunk")}
    if absent := [extension for extension in taken if extension not in here]:
        what = f"着席中の席の電話が登録されていません: {'、'.join(absent)}"
        return wrong("席", what, "その席の画面を開き直すか、電話機の電源と配線を確かめてください")
    return ok("席", f"{count} 席のうち {len(here)} 席の電話が登録されています（着席中 {len(taken)}）")


def _nothing(event: AmiEvent) -> None:
    """The doctor needs no events."""


async def _nothing_either() -> None:
    """Nothing has to be rebuilt."""
