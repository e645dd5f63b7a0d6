"""Asterisk's journal as it writes it, whole and cut."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from dialer.asterisk.journal import endings_in, read_endings
from dialer.line import EndedChannel

CALL = "0a6bd4d1-93f8-4b43-9a61-3a0b6f5f1c11"
OTHER = "ffffffff-93f8-4b43-9a61-3a0b6f5f1c11"


def line(kind: str, at: str, channel_id: str = CALL, extra: str = "") -> str:
    """As ``CSV_QUOTE`` of Asterisk 22 writes it (copied from a run, the ids replaced)."""
    return f'"{kind}","{at}","{channel_id}","{channel_id}","PJSIP/trunk-00000003","ConfBridge","{extra}"'


HANG_UP = line(
    "HANGUP",
    "1795210673.946678",
    extra='{""hangupcause"":17,""hangupsource"":""PJSIP/trunk-00000003"",""dialstatus"":""""}',
)
WHOLE = [
    line("CHAN_START", "1795210600.1"),
    line("ANSWER", "1795210610.5"),
    line("BRIDGE_ENTER", "1795210610.75", extra='{""bridge_id"":""x""}'),
    line("BRIDGE_EXIT", "1795210673.9"),
    HANG_UP,
]


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def test_a_call_is_read_from_answer_to_hang_up_with_its_cause() -> None:
    """The quoted JSON of CEL gives the Q.850 cause; the moments are Asterisk's own."""
    expected = EndedChannel(at(1795210610.5), at(1795210610.75), at(1795210673.946678), 17)
    assert endings_in(WHOLE, {CALL}) == {CALL: expected}


def test_only_the_first_answer_and_room_count() -> None:
    """A callee who is moved to another room was joined when the first one was entered."""
    again = [*WHOLE[:3], line("BRIDGE_ENTER", "1795210650.0"), line("ANSWER", "1795210651.0"), HANG_UP]
    ended = endings_in(again, {CALL})[CALL]
    assert (ended.answered_at, ended.joined_at) == (at(1795210610.5), at(1795210610.75))


def test_a_channel_without_hang_up_is_left_out() -> None:
    """Asterisk was killed: nothing is guessed."""
    assert endings_in(WHOLE[:4], {CALL}) == {}


def test_channels_that_nobody_asks_for_are_left_out() -> None:
    """An id that stands in another field of a line is no event of that channel."""
    linked = HANG_UP.replace(f'"{CALL}","{CALL}"', f'"{OTHER}","{CALL}"')
    assert endings_in([linked, "", "nonsense"], {CALL}) == {}


def test_a_line_cut_anywhere_hides_no_line_after_it() -> None:
    """Whatever the crash left of a line, a quote left open included, the next lines are read."""
    expected = endings_in([HANG_UP], {CALL})
    for cut in range(len(HANG_UP)):
        assert endings_in([HANG_UP[:cut], HANG_UP], {CALL}) == expected, cut
        assert endings_in([HANG_UP[cut + 1 :], HANG_UP], {CALL}) == expected, cut


def test_a_line_that_was_continued_by_the_next_start_is_passed_over() -> None:
    """A line without its end, and the next line directly behind it."""
    glued = HANG_UP[:40] + HANG_UP
    assert endings_in([glued, *WHOLE], {CALL})[CALL].ended_at == at(1795210673.946678)


def test_a_cause_that_is_missing_or_strange_is_unknown() -> None:
    """The end counts all the same."""
    for extra in ("", "{}", "[1]", '{""hangupcause"":""x""}'):
        assert endings_in([line("HANGUP", "1795210673.9", extra=extra)], {CALL})[CALL].hangup_cause is None


def test_a_journal_that_is_not_there_knows_nothing(tmp_path: Path) -> None:
    """A new Asterisk has written none yet."""
    assert read_endings(tmp_path / "calls.csv", {CALL}) == {}


def test_the_journal_is_read_from_the_disk_with_whatever_bytes_are_in_it(tmp_path: Path) -> None:
    """A byte that is no UTF-8 spoils its own line only."""
    path = tmp_path / "calls.csv"
    path.write_bytes(b"\xff\xfe\n" + "\n".join(WHOLE).encode() + b"\n")
    assert read_endings(path, {CALL})[CALL].hangup_cause == 17
