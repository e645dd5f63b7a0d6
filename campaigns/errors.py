"""The tree of errors that the domain raises on purpose; `code` is stable, the message is for people.

    CampaignError
    ├── CampaignInvalid     a field of a campaign is wrong; names field and reason    campaign_invalid
    ├── CampaignUnknown     no campaign has that name or id                           campaign_unknown
    ├── CalendarFault       an operating calendar is wrong or unknown (opening/)       calendar_fault
    ├── NumberRefused       what was typed can't be called (numbers.py)                number_refused
    ├── ClosingUnknown      no such closing, or reopened already (closed_candidates.py) closing_unknown
    ├── StaleState          a row is not in the state that the caller believed        stale_state
    └── DispositionRefused  an agent's result can't be taken                          disposition_refused
        ├── CallUnknown         there is no such call                                 call_unknown
        ├── NotYourCall         another agent talked on it, or nobody                 not_your_call
        ├── AlreadyDisposed     it has a different result already                     already_disposed
        ├── PromiseInvalid      promise missing, in the past, or where none can be    promise_invalid
        └── CallbackInvalid     an hour that can't be agreed (campaigns/callbacks.py) callback_invalid

Invariant: no message names a person or a telephone number.
"""

from __future__ import annotations

from typing import ClassVar


class CampaignError(Exception):
    """Root of the tree."""

    code: ClassVar[str] = "campaign_error"


class CampaignInvalid(CampaignError):
    """Args:
    field: the field as the command line and the table call it.
    reason: what is wrong with it, in one clause.
    """

    code = "campaign_invalid"

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class CampaignUnknown(CampaignError):
    code = "campaign_unknown"


class StaleState(CampaignError):
    code = "stale_state"


class DispositionRefused(CampaignError):
    """The message is Japanese: it is shown to the agent."""

    code = "disposition_refused"


class CallUnknown(DispositionRefused):
    code = "call_unknown"


class NotYourCall(DispositionRefused):
    code = "not_your_call"


class AlreadyDisposed(DispositionRefused):
    code = "already_disposed"


class PromiseInvalid(DispositionRefused):
    code = "promise_invalid"
