"""The pure parts of the web process: words, script, throttle, ages, totals, headers, passwords, queues of pages."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from campaigns.model import DialMode, Disposition, Outcome, Window
from dialer.accounts.passwords import Passwords, faults
from dialer.agents.machine import JUST_LOGGED_IN, PHONE_LOST, SHIFT_OVER, AgentState
from dialer.errors import SettingsError
from dialer.settings import Settings
from webui import labels
from webui.live.messages import View, read_message
from webui.live.page import PageQueue
from webui.people import age_on, national, subject_of, totals
from webui.security import content_security_policy, telephone_ws_url
from webui.talk.script import read_script
from webui.throttle import Failures, is_refused


def test_every_word_of_the_domain_has_a_label() -> None:
    """A new outcome, disposition, window, state or mode without its Japanese word fails here, not on a screen."""
    assert set(labels.OUTCOMES) == set(Outcome)
    assert set(labels.DISPOSITIONS) == set(Disposition)
    assert set(labels.WINDOWS) == set(Window)
    assert set(labels.AGENT_STATES) == {state.value for state in AgentState}
    assert set(labels.DIAL_MODES) == {mode.value for mode in DialMode}
    assert {JUST_LOGGED_IN, PHONE_LOST, SHIFT_OVER} == set(labels.ENGINE_REASONS)


def test_every_disposition_has_one_button_and_a_key_of_its_own() -> None:
    """Fifteen buttons, fifteen keys, none twice."""
    on_buttons = [d for _, group in labels.GROUPS for d in group]
    assert sorted(on_buttons) == sorted(Disposition)
    assert set(labels.KEYS) == set(Disposition)
    assert len(set(labels.KEYS.values())) == len(Disposition)


def test_the_script_first_names_department_and_agent() -> None:
    """CALL-12: the agent must state both."""
    steps = read_script().filled(department="納税課", agent="試験 花子", name="仮名川 架空子", subject="市税")
    assert "納税課" in steps[0].say
    assert "試験 花子" in steps[0].say
    assert "市税" not in steps[0].say + steps[1].say  # nothing of the debt before the person is known


@pytest.mark.parametrize(
    "text",
    [
        '[[step]]\ntitle = "a"\nsay = "{department}です。"',
        '[[step]]\ntitle = "a"\nsay = "{department} {agent} {unknown}"',
        '[[step]]\ntitle = "a"',
        "step = [",
        "step = []",
    ],
)
def test_a_script_that_introduces_nobody_is_refused(tmp_path: Path, text: str) -> None:
    """A broken or incomplete script stops the start, with the file's name."""
    path = tmp_path / "city.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=r"city\.toml"):
        read_script(path)


@pytest.mark.parametrize(
    ("failures", "refused"),
    [
        (Failures(4, 4, 4), False),
        (Failures(5, 5, 5), True),
        (Failures(0, 19, 0), False),
        (Failures(0, 20, 0), True),
        (Failures(0, 0, 39), False),
        (Failures(0, 0, 40), True),
    ],
)
def test_log_ins_are_refused_after_too_many_failures(failures: Failures, refused: bool) -> None:
    """Five of one login from one place, twenty of one login, forty from one place."""
    assert is_refused(failures) is refused


@pytest.mark.parametrize(
    ("born_on", "today", "age"),
    [
        (date(2000, 2, 29), date(2026, 2, 28), 25),
        (date(2000, 2, 29), date(2026, 3, 1), 26),
        (date(1979, 4, 18), date(2026, 4, 18), 47),
        (date(1979, 4, 18), date(2026, 4, 17), 46),
        (None, date(2026, 1, 1), None),
    ],
)
def test_age_in_completed_years(born_on: date | None, today: date, age: int | None) -> None:
    """The birthday itself counts."""
    assert age_on(born_on, today) == age


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("+819000001234", "090-0000-1234"),
        ("+815000001234", "050-0000-1234"),
        ("+810300000321", "00300000321"),
        ("+81300000321", "0300000321"),
        ("+12025550100", "+12025550100"),
        (None, None),
    ],
)
def test_numbers_are_shown_as_they_are_dialled(number: str | None, shown: str | None) -> None:
    """Area codes differ in length, so only mobile and IP numbers are cut into groups."""
    assert national(number) == shown


def debt(
    principal: int, late: int | None, *, department: str = "納税課", name: str = "市税", about: bool = True
) -> Any:
    return {
        "principal_yen": principal,
        "late_charge_yen": late,
        "department": department,
        "debt_type_name": name,
        "in_campaign": about,
    }


def test_totals_say_when_a_late_charge_is_still_open() -> None:
    """要す is not 0 yen: the sum is a lower bound and says so."""
    assert totals([debt(31000, 1800), debt(32000, None)]) == {
        "items": 2,
        "principal_yen": 63000,
        "late_charge_yen": 1800,
        "total_yen": 64800,
        "late_charge_open": True,
    }


def test_the_call_is_about_the_campaigns_debts_first() -> None:
    """The department named is that of the campaign's largest debt, even where another debt is larger."""
    care = debt(90000, 0, department="介護保険課", name="介護保険料", about=False)
    assert subject_of([care, debt(100, 0)]) == ("納税課", "市税")
    assert subject_of([care]) == ("介護保険課", "介護保険料")
    assert subject_of([]) == ("市役所", "お知らせ")


def test_the_content_security_policy_allows_nothing_inline() -> None:
    """No unsafe-anything; the only address besides our own is the telephone's."""
    policy = content_security_policy(Settings(media_host="10.0.0.5", asterisk_http_port=28088))
    assert "unsafe" not in policy
    assert "connect-src 'self' ws://10.0.0.5:28088;" in policy
    same_origin = Settings(web_origin="https://dialer.example", sip_ws_url="/ws")
    assert telephone_ws_url(same_origin) == "/ws"
    assert "connect-src 'self';" in content_security_policy(same_origin)


@pytest.mark.parametrize(
    ("password", "good"),
    [
        ("Correct-Horse-9", True),
        ("correct-horse-9", False),
        ("Correct Horse 99", False),
        ("Ab-1", False),
        ("Agent1-Password!", False),
        ("Correct-Horse-x", False),
    ],
)
def test_passwords_are_long_and_mixed(password: str, good: bool) -> None:
    """SEC-1: length, both cases, digits, symbols, not the login."""
    assert (faults(password, "agent1") == []) is good


async def test_a_password_matches_however_it_was_composed() -> None:
    """が typed as one character or as two is the same password (NFC); no account never matches."""
    passwords = Passwords()
    kept = await passwords.hash("か\u3099-Secret-1234")
    assert await passwords.matches("が-Secret-1234", kept)
    assert not await passwords.matches("か-Secret-1234", kept)
    assert not await passwords.matches("no account has this password", None)


def message(seq: int, agent_id: int | None, kind: str = "agent") -> tuple[Any, str]:
    raw = json.dumps({"type": kind, "seq": seq, "agent": {"agent_id": agent_id}})
    return read_message(raw.encode()), raw


SNAPSHOT = {
    "seq": 5,
    "agents": [{"agent_id": 1}, {"agent_id": 2}],
    "calls": [{"call_id": "a", "agent_id": 2}, {"call_id": "b", "agent_id": None}],
    "campaigns": [{"campaign_id": 1}],
    "counts": {"dialed": 3},
}


async def texts(page: PageQueue) -> list[Any]:
    got = []
    while (text := await page.next(0.01)) is not None:
        got.append(json.loads(text))
    return got


async def test_a_page_drops_what_its_snapshot_already_holds() -> None:
    """What came before the snapshot and is not newer is dropped, the rest follows in order."""
    page = PageQueue(View(agent_id=1, everything=True))
    for seq in (4, 5, 6):
        page.offer(*message(seq, 1))
    page.begin(SNAPSHOT, "2026-11-20T00:00:00+00:00")
    page.offer(*message(6, 1))
    page.offer(*message(7, 1))
    got = await texts(page)
    assert [m["type"] for m in got] == ["snapshot", "agent", "agent"]
    assert [m["seq"] for m in got] == [5, 6, 7]


async def test_a_new_engines_lower_numbers_are_not_lost() -> None:
    """After a reset, numbers start anew: what arrives while the new snapshot is on its way is kept."""
    page = PageQueue(View(agent_id=1, everything=True))
    page.begin({**SNAPSHOT, "seq": 900}, "")
    page.expect_snapshot()
    page.offer(*message(2, 1))
    page.offer(*message(3, 1))
    page.begin({**SNAPSHOT, "seq": 2}, "")
    assert [m["seq"] for m in await texts(page)] == [900, 2, 3]


async def test_an_agents_page_hears_of_nobody_else() -> None:
    """Only her own agent and calls, and the counts."""
    page = PageQueue(View(agent_id=1, everything=False))
    page.begin(SNAPSHOT, "")
    page.offer(*message(6, 2))
    page.offer(*message(7, None))
    page.offer(*message(8, 1))
    page.offer(*message(9, None, "counts"))
    snapshot, *rest = await texts(page)
    assert snapshot["agents"] == [{"agent_id": 1}]
    assert snapshot["calls"] == []
    assert snapshot["campaigns"] == []
    assert snapshot["counts"] == {"dialed": 3}
    assert [m["seq"] for m in rest] == [8, 9]


async def test_a_page_that_does_not_read_is_cut() -> None:
    """Its queue is bounded; it will come back and take a fresh snapshot."""
    page = PageQueue(View(agent_id=1, everything=True))
    page.begin(SNAPSHOT, "")
    for seq in range(6, 2000):
        page.offer(*message(seq, 1))
    assert page.closed
    assert await page.next(0.01) is None


@pytest.mark.parametrize("raw", [b"", b"[]", b'{"seq": 1}', b"\xff", b'{"type": "agent", "agent": 3}'])
def test_what_is_no_message_is_none(raw: bytes) -> None:
    """Foreign or broken bytes on the channel stop nothing."""
    assert read_message(raw) is None
