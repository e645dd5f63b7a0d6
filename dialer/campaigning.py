"""A campaign at work: what the dialing loop keeps in mind of it between two looks.

Decides nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from campaigns.calendar import to_jst
from campaigns.campaign import Campaign
from campaigns.claiming import Claim
from campaigns.model import DialMode
from dialer.pacing.abandonment import Count, Standing
from dialer.pacing.answering import STRANGER

_SOME_WAIT = "。担当者・言語の合うオペレーターを待つ人がいます"
_REMEMBERED = 12
"""Claims whose answer probabilities say what to expect of the next ones: the list is walked best first."""
_EMPTY_PAUSE_S = 2.0
_PATIENCE_S = 30.0
"""A campaign that has placed nothing for so long has the turn before those that share its agents."""
_NOBODY_S = 300.0
"""One that found nobody to call waits so long for its next turn: giving way to it is of no use."""
_TURN_S = 60.0
"""A turn without a call ends after so long; the next one comes as late as after finding nobody."""
FAULT_PAUSE_S = 1.0
_DARING = (DialMode.FIXED_RATIO, DialMode.PREDICTIVE)
"""Modes that place more calls than there are ready agents."""
_WINDOWS = {
    "day": "24時間",
    "month": "30日間",
    "all_day": "全キャンペーンの24時間",
    "all_month": "全キャンペーンの30日間",
}


@dataclass(slots=True)
class Campaigning:
    """A campaign at work.

    Args:
        because: the last decision in words, for the supervisor's page.
        pause_until_s: nobody was found to call; the list is asked again then (monotonic seconds).
        placed_at_s: when calls were placed last (monotonic seconds): who placed longest ago comes first.
        faulty_until_s: something went wrong with it; it is left alone until then (monotonic seconds).
        has_turn: it could place nothing for a while; until it does, the campaigns that share its agents give way. A
            1:1 campaign would starve otherwise beside one that has more calls ringing than agents are ready.
        turn_from_s: it has no turn before (monotonic seconds); None = it was never asked yet.
        turn_until_s: when the turn that it has ends without a call (monotonic seconds).
        wanted: whom people of the list want held who could be called now, as the last reload found it.
        standing: what was abandoned, as of `standing_at`: the last reload, or a while ago when it doesn't run.
    """

    campaign: Campaign
    because: str = ""
    next_opening_at: datetime | None = None
    pause_until_s: float = 0.0
    placed_at_s: float = 0.0
    faulty_until_s: float = 0.0
    has_turn: bool = False
    turn_from_s: float | None = None
    turn_until_s: float = 0.0
    wanted: frozenset[str] = frozenset()
    standing: Standing = field(default_factory=Standing)
    standing_at: datetime | None = None
    _told: deque[float | None] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))

    def say(self, because: str) -> None:
        """Keep the decision in words; who waits for a certain agent is told of it too."""
        self.because = because + (_SOME_WAIT if self.wanted else "")

    def placed(self, now_s: float) -> None:
        """Calls were placed, or previews shown."""
        self.placed_at_s, self.has_turn, self.turn_from_s = now_s, False, now_s + _PATIENCE_S

    def found_nobody(self, now_s: float) -> None:
        """There was room for a call, and nobody to call."""
        self.pause_until_s = now_s + _EMPTY_PAUSE_S
        self.has_turn, self.turn_from_s = False, now_s + _NOBODY_S

    def placed_nothing(self, now_s: float, *, is_full: bool) -> None:
        """There was no room for a call. `is_full`: for want of lines, not of agents; nobody else can help that."""
        if self.turn_from_s is None:
            self.turn_from_s = now_s + _PATIENCE_S
        if self.has_turn and now_s >= self.turn_until_s:
            self.turn_from_s = now_s + _NOBODY_S
        had_turn, self.has_turn = self.has_turn, not is_full and now_s >= self.turn_from_s
        if self.has_turn and not had_turn:
            self.turn_until_s = now_s + _TURN_S

    def could_not(self, now_s: float) -> None:
        """It could call nobody, whatever the others do: it is stopped, closed or faulty, or no agent of its is at work.

        Its patience begins when that is over.
        """
        self.has_turn, self.turn_from_s = False, max(self.turn_from_s or 0.0, now_s + _PATIENCE_S)

    def failed(self, now_s: float, pause_s: float = FAULT_PAUSE_S) -> None:
        """Something went wrong with it; it is asked again after `pause_s`."""
        self.could_not(now_s)
        self.faulty_until_s = now_s + pause_s
        self.say("内部エラーのため一時停止中。まもなく再開します")

    @property
    def mode(self) -> DialMode:
        """The mode that decides now: over a limit, one that places more than a call an agent goes on 1:1."""
        mode = self.campaign.dial_mode
        return DialMode.PROGRESSIVE if mode in _DARING and self.standing.over else mode

    @property
    def over_limit(self) -> str:
        """Why a campaign goes on 1:1, in words; empty when it doesn't."""
        if self.mode is self.campaign.dial_mode or self.standing.until is None:
            return ""
        counts: list[Count] = [getattr(self.standing, name) for name in self.standing.over]
        which = "・".join(f"{_WINDOWS[n]} {c.ratio:.1%}" for n, c in zip(self.standing.over, counts, strict=True))
        return f"放棄率が上限を超えたため1対1（{which}、遅くとも {to_jst(self.standing.until):%m/%d %H:%M} まで）: "

    def claimed(self, claims: Iterable[Claim]) -> None:
        """These were claimed, the best first; they say what the next ones will be like."""
        self._told.extend(claim.answer_probability for claim in claims)

    def next_probabilities(self) -> tuple[float, ...]:
        """What the next claims' probabilities of being answered are on the average; empty when nothing is known."""
        if all(told is None for told in self._told):
            return ()
        known = [STRANGER if told is None else told for told in self._told]
        return (round(sum(known) / len(known), 4),)
