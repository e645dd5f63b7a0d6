"""``dialer why``: why a person is called now, later or never; or why a campaign dials nobody.

Reads the database, and asks a running engine what its pacing says. Names are left out and numbers are masked unless
``--show-personal`` is given. The operation log knows the users of the pages only, so a look through this command is
not in it: whoever may run it administers the machine.
"""

from __future__ import annotations

from datetime import datetime

import asyncpg
import click

from campaigns.calendar import JST
from campaigns.standstill import read_standing
from campaigns.why import explain_person
from dialer.clock import SystemClock
from dialer.control_client import ControlClient
from dialer.errors import EngineUnavailable, RequestRefused
from dialer.on_database import campaign_named, run_on_database
from dialer.settings import read_settings
from dialer.why_words import campaign_lines, person_lines

_clock = SystemClock()


class MomentType(click.ParamType[datetime]):
    """ISO 8601; without an offset Japanese time is meant."""

    name = "ISO"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is no moment like 2026-12-01T18:30", param, ctx)
        return moment.replace(tzinfo=JST) if moment.tzinfo is None else moment


@click.command()
@click.argument("addressee_no", required=False)
@click.option("--campaign", "campaign_name", help="Only this campaign; without ADDRESSEE_NO: the campaign as a whole.")
@click.option("--at", type=MomentType(), help="As if it were this moment (the facts stay those of now).")
@click.option("--show-personal", is_flag=True, help="Show the name and whole numbers.")
def command(addressee_no: str | None, campaign_name: str | None, at: datetime | None, show_personal: bool) -> None:
    """Why the person ADDRESSEE_NO is called now, later or never, or why --campaign dials nobody."""
    now = at or _clock.now()
    if addressee_no is None and campaign_name is None:
        raise click.UsageError("give an addressee number, --campaign, or both")

    async def act(conn: asyncpg.Connection) -> list[str]:
        campaign = None if campaign_name is None else await campaign_named(conn, campaign_name)
        if addressee_no is None:
            assert campaign is not None
            standing = await read_standing(conn, campaign, now)
            return campaign_lines(standing, await _because(campaign.campaign_id))
        campaign_id = None if campaign is None else campaign.campaign_id
        why = await explain_person(conn, now, addressee_no=addressee_no, campaign_id=campaign_id)
        if why is None:
            raise click.ClickException("nobody has this addressee number")
        return person_lines(why, personal=show_personal)

    for line in run_on_database(act, _clock, "tsunagu why"):
        click.echo(line)


async def _because(campaign_id: int) -> str | None:
    """What the engine's pacing says about the campaign; None when there is no engine."""
    control = ControlClient(read_settings().engine_socket)
    try:
        live = await control.live()
    except (EngineUnavailable, RequestRefused):
        return None
    finally:
        await control.close()
    told = [one.get("because") for one in live.get("campaigns", []) if one.get("campaign_id") == campaign_id]
    return str(told[0] or "") if told else ""
