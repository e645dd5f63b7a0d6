"""What the action functions send, and how they read answers; no socket."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from dialer.ami import actions
from dialer.ami.messages import AmiMessage, AmiResponse, HeaderValue, Request
from dialer.errors import AmiError, AmiLost, AmiTimeout

Sent = tuple[str, dict[str, HeaderValue]]


class RecordingManager:
    """Notes what it is asked and answers with the next prepared thing."""

    def __init__(self, *, entries: list[dict[str, str]] | None = None, error: AmiError | None = None) -> None:
        self.sent: list[Sent] = []
        self._entries = entries or []
        self._error = error

    async def action(self, name: str, headers: Mapping[str, HeaderValue], *, timeout_s: float = 5.0) -> AmiResponse:
        self.sent.append((name, dict(headers)))
        if self._error is not None:
            raise self._error
        return AmiMessage({"Response": "Success"})

    async def list_action(
        self, name: str, headers: Mapping[str, HeaderValue], *, complete: str, timeout_s: float = 5.0
    ) -> list[AmiMessage]:
        self.sent.append((name, dict(headers)))
        if self._error is not None:
            raise self._error
        return [AmiMessage(entry) for entry in self._entries]


async def test_originate_names_the_channel_and_the_action_after_the_attempt() -> None:
    """Any event of the call, and the outcome of the Originate, can be matched with its row."""
    ami = RecordingManager()
    await actions.originate(
        ami,
        channel="PJSIP/0900000000@trunk",
        channel_id="a-1",
        context="answered",
        ring_timeout_s=20.5,
        caller_id="0300000000",
        caller_name="納付センター",
        variables={"ROOM": "seat-1001", "PJSIP_HEADER(add,X-Job)": "leg"},
    )
    expected = {
        "ActionID": "originate:a-1",
        "Channel": "PJSIP/0900000000@trunk",
        "ChannelId": "a-1",
        "Context": "answered",
        "Exten": "s",
        "Priority": "1",
        "Timeout": "20500",
        "Async": "true",
        "CallerID": '"納付センター" <0300000000>',
        "Variable": ["ROOM=seat-1001", "PJSIP_HEADER(add,X-Job)=leg"],
    }
    assert [("Originate", expected)] == ami.sent


@pytest.mark.parametrize(
    "variables", [{"A": "1,B=2"}, {"A": 'x"'}, {"A": "x\\"}, {"A B": "1"}, {"SHELL(ls)": "1"}, {"": "1"}, {"A=B": "1"}]
)
async def test_a_variable_that_originate_would_take_apart_is_refused(variables: dict[str, str]) -> None:
    """A comma would begin a further variable; a function may write files."""
    ami = RecordingManager()
    with pytest.raises(ValueError, match="variable"):
        await actions.originate(
            ami, channel="PJSIP/x", channel_id="a", context="c", ring_timeout_s=1, variables=variables
        )
    assert ami.sent == []


@pytest.mark.parametrize(("number", "name"), [("030>", ""), ("030", 'a"b'), ("<", "x")])
async def test_a_caller_id_that_would_break_out_is_refused(number: str, name: str) -> None:
    """The caller id can't be cut or continued by its own content."""
    with pytest.raises(ValueError, match="caller id"):
        await actions.originate(
            RecordingManager(),
            channel="PJSIP/x",
            channel_id="a",
            context="c",
            ring_timeout_s=1,
            caller_id=number,
            caller_name=name,
        )


@pytest.mark.parametrize("channel", ["/.*/", "", "all", "participants"])
async def test_a_hang_up_of_many_channels_at_once_is_refused(channel: str) -> None:
    """Asterisk takes /…/ for a pattern: one wrong value would end every call of the centre."""
    ami = RecordingManager()
    for ask in (
        actions.hang_up(ami, channel),
        actions.redirect(ami, channel, "sorry", "abandoned"),
        actions.mute(ami, "seat-1001", channel),
        actions.kick(ami, "seat-1001", channel),
    ):
        with pytest.raises(ValueError, match="one channel"):
            await ask
    assert ami.sent == []


async def test_hanging_up_or_redirecting_what_is_gone_is_no_error() -> None:
    """The callee may hang up a moment before we do."""
    assert await actions.hang_up(RecordingManager(error=AmiError("Hangup: No such channel")), "a") is False
    gone = RecordingManager(error=AmiError("Redirect: Channel does not exist: a"))
    assert await actions.redirect(gone, "a", "sorry", "abandoned") is False
    assert await actions.hang_up(RecordingManager(), "a") is True


@pytest.mark.parametrize("error", [AmiError("Hangup: Permission denied"), AmiLost("x"), AmiTimeout("y")])
async def test_any_other_failure_to_hang_up_is_raised(error: AmiError) -> None:
    """A lost connection must not pass for a channel that is gone."""
    with pytest.raises(type(error)):
        await actions.hang_up(RecordingManager(error=error), "a")


async def test_no_conference_at_all_is_an_empty_list() -> None:
    """Asterisk reports an error when there is simply nothing."""
    assert await actions.rooms(RecordingManager(error=AmiError("x: No active conferences."))) == []
    with pytest.raises(AmiTimeout):
        await actions.rooms(RecordingManager(error=AmiTimeout("x")))


async def test_only_telephones_that_can_be_reached_are_reachable() -> None:
    """UNAVAILABLE is an endpoint without a live contact; other devices are no endpoints."""
    states = {"PJSIP/1001": "NOT_INUSE", "PJSIP/1002": "UNAVAILABLE", "PJSIP/1003": "INUSE", "confbridge:x": "INUSE"}
    ami = RecordingManager(entries=[{"Device": d, "State": s} for d, s in states.items()])
    assert {"1001", "1003"} == await actions.reachable(ami)


@pytest.mark.parametrize("digits", ["", "12a", "1,2", "５"])
async def test_only_keys_of_a_telephone_are_sent_as_keys(digits: str) -> None:
    """Refused before the first key is sent."""
    ami = RecordingManager()
    with pytest.raises(ValueError, match="keys"):
        await actions.play_dtmf(ami, "a", digits)
    assert ami.sent == []


async def test_a_refusal_shows_no_telephone_number() -> None:
    """Asterisk's words repeat the channel's name."""
    request = Request("Redirect", {"Channel": "x"})
    request.add_message(
        AmiMessage({"Response": "Error", "Message": "Channel does not exist: PJSIP/+819000001234@trunk"})
    )
    with pytest.raises(AmiError, match=r"^Redirect: Channel does not exist: PJSIP/\*@trunk$"):
        await request.future


async def test_a_second_answer_to_one_request_changes_nothing() -> None:
    """The asker has gone on with the first."""
    request = Request("Ping", {})
    first = AmiMessage({"Response": "Success", "Ping": "Pong"})
    assert request.add_message(first)
    assert request.add_message(AmiMessage({"Response": "Error", "Message": "late"}))
    assert await request.future is first
