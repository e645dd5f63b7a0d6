"""What a supervisor sets about pacing: mode, ratio, lines, abandonment, and how long a preview is shown.

Decides what may be set, not how many calls are placed (`dialer.pacing`).

Invariant: the target of abandonment is never above its hard limit.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import asyncpg

from campaigns.errors import CampaignInvalid, CampaignUnknown
from campaigns.model import DialMode
from campaigns.queries import queries


@dataclass(frozen=True, slots=True)
class Pacing:
    """Abandonment of one campaign, and the time of its previews.

    **Abandonment** is a ratio: live answers that weren't joined to an agent within `abandon_threshold_s` of the answer,
    over live answers. The seconds start when the callee answers (SIP 200, Asterisk's own stamp), not when a greeting
    ends: that is the stricter reading. A campaign that detects machines may count them from the verdict instead
    (`campaigns.detection.AbandonFrom`). A live answer is an answered outbound call that was joined to an agent or
    abandoned; machines don't count, whether they were detected before the join or marked by the agent (disposition
    ``voicemail``). An abandoned call is taken for a live one, as nobody heard who it was. Whoever hung up within the
    threshold is in neither number. Period: the last 24 hours, and the last 30 days.

    Args:
        abandon_target_ratio: what the predictive mode steers to, 0.001–0.05.
        abandon_limit_ratio: above it the campaign goes on 1:1, 0.001–0.05; never below the target.
        abandon_threshold_s: 0.5–10. The engine gives up after its own ABANDON_AFTER_S if that is sooner.
        preview_s: a previewed person is dialed by itself after so many seconds, 1–600; 0 = when the agent says so.

    Source: USA, 16 CFR 310.4(b)(4), as amended by 73 FR 51164 of 29 August 2008: at most 3 % of the calls answered by a
    person, over the campaign or each 30 days of it; two seconds (from the end of the greeting there). The UK's 3 % a
    campaign and 24 hours was withdrawn by Ofcom on 1 March 2017 and lives on as practice. Japan has no figure of its
    own; 1 % is our own target.
    """

    abandon_target_ratio: float = 0.01
    abandon_limit_ratio: float = 0.03
    abandon_threshold_s: float = 2.0
    preview_s: int = 0


USUAL = Pacing()


@dataclass(frozen=True, slots=True)
class Dialing:
    """All that `dialer campaign pacing` sets of a campaign; units and ranges as in `campaigns.campaign.NewCampaign`."""

    dial_mode: DialMode
    ratio: float
    max_lines: int
    pacing: Pacing


def check_pacing(pacing: Pacing) -> None:
    """Refuse what is out of range.

    Raises:
        CampaignInvalid: the first wrong field and why.
    """
    for field, low, high in (
        ("abandon_target_ratio", 0.001, 0.05),
        ("abandon_limit_ratio", 0.001, 0.05),
        ("abandon_threshold_s", 0.5, 10.0),
        ("preview_s", 0, 600),
    ):
        value = getattr(pacing, field)
        if not low <= value <= high:
            raise CampaignInvalid(field, f"{value} is not between {low} and {high}")
    if pacing.abandon_target_ratio > pacing.abandon_limit_ratio:
        reason = f"{pacing.abandon_target_ratio} is above the limit, {pacing.abandon_limit_ratio}"
        raise CampaignInvalid("abandon_target_ratio", reason)


def check_dialing(dialing: Dialing) -> None:
    """Refuse what is out of range.

    Raises:
        CampaignInvalid: the first wrong field and why.
    """
    if not 1.0 <= dialing.ratio <= 10.0:
        raise CampaignInvalid("ratio", f"{dialing.ratio} is not between 1.0 and 10.0")
    if not 1 <= dialing.max_lines <= 1000:
        raise CampaignInvalid("max_lines", f"{dialing.max_lines} is not between 1 and 1000")
    check_pacing(dialing.pacing)


async def set_dialing(conn: asyncpg.Connection, campaign_id: int, dialing: Dialing) -> None:
    """Replace how a campaign dials; a running engine takes it up with its next look.

    Raises:
        CampaignInvalid: a field is out of range.
        CampaignUnknown: there is none with that id.
    """
    check_dialing(dialing)
    changed = await queries.set_dialing(
        conn,
        campaign_id=campaign_id,
        dial_mode=dialing.dial_mode,
        ratio=dialing.ratio,
        max_lines=dialing.max_lines,
        **asdict(dialing.pacing),
    )
    if changed is None:
        raise CampaignUnknown(f"no campaign has the id {campaign_id}")
