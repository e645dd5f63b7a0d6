"""What a campaign is, and the rows in which it is kept.

A campaign calls the people who owe certain debt types, in its own windows and its own dial mode. It
decides nothing about whom to call (`rules`, `claiming`) or how many (`dialer.pacing`).

Invariant: a campaign that was added has at least one debt type and one window, and no two of its
windows overlap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from itertools import pairwise

import asyncpg

from campaigns.calendar import DayKind, WindowRule
from campaigns.detection import NO_DETECTION, AbandonFrom, Detection, set_detection
from campaigns.errors import CampaignInvalid, CampaignUnknown
from campaigns.listing import refresh_progress
from campaigns.model import DialMode, Rotation, Window
from campaigns.pacing import USUAL, Dialing, Pacing, check_dialing
from campaigns.queries import queries


class CampaignState(StrEnum):
    """Whether calls are placed."""

    RUNNING = "running"
    PAUSED = "paused"  # for now; the calls that are up go on
    STOPPED = "stopped"


def _hours(window: Window, day_kind: DayKind, starts: int, ends: int) -> WindowRule:
    return WindowRule(window, day_kind, starts * 3600, ends * 3600)


DEFAULT_WINDOWS = (
    _hours(Window.WEEKDAY, DayKind.WEEKDAY, 9, 17),
    _hours(Window.EVENING, DayKind.WEEKDAY, 17, 20),
    _hours(Window.WEEKEND, DayKind.DAY_OFF, 9, 17),
)
"""Source: the hours of requirement CALL-4 that all four cities have in common."""


@dataclass(frozen=True, slots=True)
class Choosing:
    """What a supervisor sets about whom to call next.

    Args:
        rotation: what decides about the next kind of hour.
        lot_ratio: share of the attempts drawn at random, 0–0.5, so that the model doesn't repeat its own habits.
        floor_attempts: everybody gets at least so many attempts in a month, 0–30, before hours are weighed.
        floor_each_window: and at least one in each kind of hour that the campaign opens.
        weight_new, weight_broken, weight_amount, weight_age: how much more it is worth to reach somebody never
            called before, somebody who broke a promise, one who owes the most, one whose debt is oldest: 0 = not
            at all, 1 = twice as much; 0–10.
    """

    rotation: Rotation = Rotation.BY_WORTH
    lot_ratio: float = 0.03
    floor_attempts: int = 0
    floor_each_window: bool = False
    weight_new: float = 0.0
    weight_broken: float = 1.0
    weight_amount: float = 0.0
    weight_age: float = 0.0


@dataclass(frozen=True, slots=True)
class NewCampaign:
    """What a campaign is made of.

    Args:
        name: unique among campaigns, 1–80 characters.
        debt_types: codes; at least one.
        ratio: calls for each ready agent, 1.0–10.0; used by FIXED_RATIO only.
        agent_group: the group whose agents take its calls.
        max_lines: calls at one time, 1–1000.
        ring_timeout_s: how long it may ring, 5–120.
        wrap_up_s: how long a wrap-up should take; the page warns then. 0 = no aim. Nobody is sent on without a result.
    """

    name: str
    debt_types: tuple[str, ...]
    dial_mode: DialMode = DialMode.PROGRESSIVE
    ratio: float = 1.0
    agent_group: str = "all"
    max_lines: int = 30
    ring_timeout_s: int = 25
    wrap_up_s: int = 0
    windows: tuple[WindowRule, ...] = DEFAULT_WINDOWS
    choosing: Choosing = Choosing()
    pacing: Pacing = USUAL
    detection: Detection = NO_DETECTION


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign(NewCampaign):
    """A campaign as it is stored; units and ranges as in `NewCampaign`.

    Args:
        graded_at: when the planner last went through the whole list; None = never.
    """

    campaign_id: int
    state: CampaignState
    graded_at: datetime | None = None


def check(new: NewCampaign) -> None:
    """Refuse what could never work.

    Raises:
        CampaignInvalid: the first wrong field and why.
    """
    if not 1 <= len(new.name.strip()) <= 80:
        raise CampaignInvalid("name", "1 to 80 characters are needed")
    if not new.debt_types:
        raise CampaignInvalid("debt_types", "at least one is needed")
    for field, value, low, high in (
        ("ring_timeout_s", new.ring_timeout_s, 5, 120),
        ("wrap_up_s", new.wrap_up_s, 0, 3600),
    ):
        if not low <= value <= high:
            raise CampaignInvalid(field, f"{value} is not between {low} and {high}")
    check_dialing(Dialing(new.dial_mode, new.ratio, new.max_lines, new.pacing))
    check_choosing(new.choosing)
    if not new.agent_group.strip():
        raise CampaignInvalid("agent_group", "must not be empty")
    check_windows(new.windows)


def check_choosing(choosing: Choosing) -> None:
    """Refuse what is out of range.

    Raises:
        CampaignInvalid: the first wrong field and why.
    """
    for field, low, high in (
        ("lot_ratio", 0.0, 0.5),
        ("floor_attempts", 0, 30),
        ("weight_new", 0.0, 10.0),
        ("weight_broken", 0.0, 10.0),
        ("weight_amount", 0.0, 10.0),
        ("weight_age", 0.0, 10.0),
    ):
        value = getattr(choosing, field)
        if not low <= value <= high:
            raise CampaignInvalid(field, f"{value} is not between {low} and {high}")


def check_windows(windows: Sequence[WindowRule]) -> None:
    """Refuse no windows at all, and two that overlap.

    Raises:
        CampaignInvalid: field ``windows``.
    """
    if not windows:
        raise CampaignInvalid("windows", "at least one is needed, or the campaign never calls")
    for kind in (DayKind.WEEKDAY, DayKind.DAY_OFF):
        for first, second in pairwise(sorted((w for w in windows if w.day_kind is kind), key=lambda w: w.starts_s)):
            if second.starts_s < first.ends_s:
                raise CampaignInvalid("windows", f"{first.window} and {second.window} overlap on a {kind} day")


async def load_campaigns(conn: asyncpg.Connection) -> list[Campaign]:
    """Every campaign, in the order of their making."""
    return [_campaign(row) async for row in queries.campaigns(conn, campaign_id=None)]


async def load_campaign(conn: asyncpg.Connection, campaign_id: int) -> Campaign:
    """One campaign.

    Raises:
        CampaignUnknown: there is none with that id.
    """
    async for row in queries.campaigns(conn, campaign_id=campaign_id):
        return _campaign(row)
    raise CampaignUnknown(f"no campaign has the id {campaign_id}")


def _campaign(row: asyncpg.Record) -> Campaign:
    return Campaign(
        campaign_id=row["campaign_id"],
        name=row["name"],
        state=CampaignState(row["state"]),
        dial_mode=DialMode(row["dial_mode"]),
        ratio=row["ratio"],
        agent_group=row["agent_group"],
        max_lines=row["max_lines"],
        ring_timeout_s=row["ring_timeout_s"],
        wrap_up_s=row["wrap_up_s"],
        debt_types=tuple(row["debt_types"]),
        windows=tuple(
            WindowRule(Window(window), DayKind(kind), starts_s, ends_s)
            for window, kind, starts_s, ends_s in row["windows"]
        ),
        choosing=Choosing(
            **{name: row[name] for name in Choosing.__dataclass_fields__ if name != "rotation"},
            rotation=Rotation(row["rotation"]),
        ),
        pacing=Pacing(**{name: row[name] for name in Pacing.__dataclass_fields__}),
        detection=Detection(row["amd"], AbandonFrom(row["abandon_from"])),
        graded_at=row["graded_at"],
    )


async def add_campaign(conn: asyncpg.Connection, new: NewCampaign) -> int:
    """Store a campaign, stopped, with its list made; return its id.

    Raises:
        CampaignInvalid: a field is out of range, a debt type unknown, or the name taken.
    """
    check(new)
    async with conn.transaction():
        unknown = [row["code"] async for row in queries.unknown_debt_types(conn, debt_types=list(new.debt_types))]
        if unknown:
            raise CampaignInvalid("debt_types", f"not known: {', '.join(unknown)}")
        try:
            campaign_id = await queries.insert_campaign(
                conn,
                name=new.name.strip(),
                dial_mode=new.dial_mode,
                ratio=new.ratio,
                agent_group=new.agent_group.strip(),
                max_lines=new.max_lines,
                ring_timeout_s=new.ring_timeout_s,
                wrap_up_s=new.wrap_up_s,
                **asdict(new.choosing),
                **asdict(new.pacing),
            )
        except asyncpg.UniqueViolationError as error:
            raise CampaignInvalid("name", "another campaign has it") from error
        types = sorted(set(new.debt_types))
        await queries.insert_campaign_debt_types(conn, campaign_id=campaign_id, debt_types=types)
        await _insert_windows(conn, campaign_id, new.windows)
        await set_detection(conn, campaign_id, new.detection)
        await refresh_progress(conn, None)
    return int(campaign_id)


async def set_windows(conn: asyncpg.Connection, campaign_id: int, windows: Sequence[WindowRule]) -> None:
    """Replace the windows of a campaign; the next claim goes by the new ones.

    Raises:
        CampaignInvalid: none are given, or two overlap.
    """
    check_windows(windows)
    async with conn.transaction():
        await queries.delete_windows(conn, campaign_id=campaign_id)
        await _insert_windows(conn, campaign_id, windows)


async def set_choosing(conn: asyncpg.Connection, campaign_id: int, choosing: Choosing) -> None:
    """Replace what a supervisor sets about the choice; the planner grades the list anew.

    Raises:
        CampaignInvalid: a field is out of range.
        CampaignUnknown: there is none with that id.
    """
    check_choosing(choosing)
    async with conn.transaction():
        before = await queries.lock_rotation(conn, campaign_id=campaign_id)
        if before is None:
            raise CampaignUnknown(f"no campaign has the id {campaign_id}")
        await queries.set_choosing(conn, campaign_id=campaign_id, **asdict(choosing))
        if before != choosing.rotation:
            await refresh_progress(conn, None)  # whose turn it is, is part of the list


async def _insert_windows(conn: asyncpg.Connection, campaign_id: int, windows: Sequence[WindowRule]) -> None:
    await queries.insert_windows(
        conn,
        campaign_id=campaign_id,
        call_windows=[w.window for w in windows],
        day_kinds=[w.day_kind for w in windows],
        starts_s=[w.starts_s for w in windows],
        ends_s=[w.ends_s for w in windows],
    )


async def set_state(conn: asyncpg.Connection, campaign_id: int, state: CampaignState) -> None:
    """Start, pause or stop a campaign.

    Raises:
        CampaignUnknown: there is none with that id.
    """
    if await queries.set_campaign_state(conn, campaign_id=campaign_id, state=state) is None:
        raise CampaignUnknown(f"no campaign has the id {campaign_id}")
