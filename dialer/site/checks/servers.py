"""The servers and our own processes: PostgreSQL and its schema, Redis, the clocks, engine, web, worker, planner."""

from __future__ import annotations

import ctypes
from pathlib import Path

import aiohttp
import aiosql
import asyncpg
import msgspec
import redis.asyncio
from redis.exceptions import RedisError

from dialer.clock import Clock
from dialer.db.migrate import schema_files
from dialer.site.checks.finding import Finding, Patient, idle, ok, wrong
from dialer.site.processes import PLANNER_SESSION, WORKER_SESSION
from dialer.site.servers import OLDEST_POSTGRES, database_url, redis_url

_CONNECT_S = 3.0
_LARGEST_DRIFT_S = 1.0
_UNSYNCHRONISED_US = 16_000_000

_sql = aiosql.from_path(Path(__file__).parents[1] / "sql", "asyncpg")


async def database(patient: Patient) -> list[Finding]:
    """PostgreSQL answers, is new enough, and has exactly this release's schema; its clock agrees with ours."""
    if not patient.settings.database_url and not patient.runs:
        return [idle("PostgreSQL")]
    try:
        conn = await asyncpg.connect(database_url(patient.settings), timeout=_CONNECT_S, command_timeout=_CONNECT_S)
    except (OSError, ValueError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        what = f"接続できません（{type(error).__name__}）"
        return [wrong("PostgreSQL", what, "DATABASE_URL と、サーバーが動いていることを確かめてください")]
    try:
        return [_version(conn), await _schema(conn), await _drift(conn, patient.clock)]
    finally:
        await conn.close(timeout=_CONNECT_S)


def _version(conn: asyncpg.Connection) -> Finding:
    version = conn.get_server_version()
    if version.major < OLDEST_POSTGRES:
        what = f"{version.major}.{version.minor} は古すぎます"
        return wrong("PostgreSQL", what, f"PostgreSQL {OLDEST_POSTGRES} 以上を使ってください")
    return ok("PostgreSQL", f"{version.major}.{version.minor} に接続できます")


async def _schema(conn: asyncpg.Connection) -> Finding:
    part = "スキーマ"
    if not await _sql.has_schema(conn):
        return wrong(part, "まだ作られていません", "dialer setup を実行してください")
    applied = {row["name"]: row["sha256"] async for row in _sql.applied_schema(conn)}
    ours = {file.name: file.sha256 for file in schema_files()}
    if unknown := sorted(set(applied) - set(ours)):
        return wrong(part, f"新しい版が作ったものです: {'、'.join(unknown)}", "プログラムを新しい版にしてください")
    if changed := sorted(name for name, digest in applied.items() if ours[name] != digest):
        what = f"適用後に変えられたファイルがあります: {'、'.join(changed)}"
        return wrong(part, what, "そのファイルを元に戻してください")
    if missing := sorted(set(ours) - set(applied)):
        return wrong(part, f"古い版です（未適用 {len(missing)} 件）", "dialer setup を実行してください")
    return ok(part, f"最新です（{len(ours)} 件）")


async def _drift(conn: asyncpg.Connection, clock: Clock) -> Finding:
    before = clock.now()
    theirs = await _sql.database_clock(conn)
    after = clock.now()
    drift_s = (theirs - (before + (after - before) / 2)).total_seconds()
    if abs(drift_s) > _LARGEST_DRIFT_S:
        what = f"データベースの時計と {drift_s:+.1f} 秒ずれています"
        return wrong("時計のずれ", what, "両方のサーバーで NTP を有効にしてください")
    return ok("時計のずれ", f"データベースの時計との差は {abs(drift_s) * 1000:.0f} ミリ秒です")


async def clock(patient: Patient) -> list[Finding]:
    """The kernel says that somebody keeps its clock right."""
    if kernel_clock_error_us() >= _UNSYNCHRONISED_US:
        mend = "chrony か systemd-timesyncd を有効にしてください"
        return [wrong("時計", "NTP で合わせられていません（通話の時刻は記録として残ります）", mend)]
    return [ok("時計", "NTP で合っています")]


class _Timex(ctypes.Structure):
    # The beginning of struct timex; the kernel writes 208 bytes on 64-bit machines.
    _fields_ = (
        ("modes", ctypes.c_int),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("rest", ctypes.c_char * 512),
    )


def kernel_clock_error_us() -> int:
    """The kernel's bound of its clock's error in µs; 16 s and more = nobody synchronises it.

    Source: adjtimex(2); the same bound is what ``timedatectl`` calls synchronised.
    """
    state = _Timex()
    ctypes.CDLL(None).adjtimex(ctypes.byref(state))
    return int(state.maxerror)


async def redis_server(patient: Patient) -> list[Finding]:
    """Redis (or Valkey) answers."""
    if not patient.settings.redis_url and not patient.runs:
        return [idle("Redis")]
    mend = "REDIS_URL と、サーバーが動いていることを確かめてください"
    try:
        client = redis.asyncio.from_url(
            redis_url(patient.settings), socket_timeout=_CONNECT_S, socket_connect_timeout=_CONNECT_S, retry=None
        )
    except ValueError:
        return [wrong("Redis", "REDIS_URL の形が正しくありません", mend)]
    try:
        about = await client.info("server")
    except (OSError, RedisError) as error:
        return [wrong("Redis", f"接続できません（{type(error).__name__}）", mend)]
    finally:
        await client.aclose()
    return [ok("Redis", f"{about.get('valkey_version', about.get('redis_version', '?'))} に接続できます")]


async def processes(patient: Patient) -> list[Finding]:
    """Engine, web and worker do their work."""
    if not patient.runs:
        return [idle("プロセス")]
    settings = patient.settings
    mend = f"{settings.var / 'log'} の記録を見てください"
    findings = []
    health = await _get(aiohttp.UnixConnector(str(settings.engine_socket)), "http://engine/health")
    if health is None:
        findings.append(wrong("エンジン", "答えません", mend))
    else:
        told = msgspec.json.decode(health, type=dict[str, object])
        if told.get("ami") is not True:
            findings.append(wrong("エンジン", "Asterisk につながっていません", "下の AMI の行を見てください"))
        elif told.get("drift"):
            findings.append(wrong("エンジン", f"Asterisk・データベースとの食い違いが {told['drift']} 件あります", mend))
        else:
            findings.append(ok("エンジン", f"動いています（通話 {told.get('calls')}、着席 {told.get('agents')}）"))
    page = await _get(None, f"http://{settings.web_host}:{settings.web_port}/login")
    findings.append(wrong("画面", "開けません", mend) if page is None else ok("画面", "開けます"))
    return findings


async def background(patient: Patient) -> list[Finding]:
    """The worker waits for recordings, and the planner grades the lists."""
    if not patient.runs:
        return []
    try:
        conn = await asyncpg.connect(database_url(patient.settings), timeout=_CONNECT_S, command_timeout=_CONNECT_S)
    except (OSError, ValueError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return []  # said by `database`
    try:
        stores = await _sql.has_session(conn, application=WORKER_SESSION)
        plans = await _sql.has_session(conn, application=PLANNER_SESSION)
    finally:
        await conn.close(timeout=_CONNECT_S)
    logs = patient.settings.var / "log"
    return [
        _at_work("録音の保存", stores, "録音は保存を待っています", logs / "worker.log"),
        _at_work("架電順の計算", plans, "架電の順番が古いままです", logs / "planner.log"),
    ]


def _at_work(what: str, works: bool, meanwhile: str, log: Path) -> Finding:
    if works:
        return ok(what, "動いています")
    return wrong(what, f"動いていません（{meanwhile}）", f"{log} の記録を見てください")


async def _get(connector: aiohttp.BaseConnector | None, url: str) -> bytes | None:
    limit = aiohttp.ClientTimeout(total=_CONNECT_S)
    try:
        async with aiohttp.ClientSession(connector=connector, timeout=limit) as session, session.get(url) as answer:
            return await answer.read() if answer.status < 500 else None
    except (aiohttp.ClientError, TimeoutError):
        return None
