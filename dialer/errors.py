"""The tree of errors that the dialer raises on purpose.

    DialerError                 everything below; `code` is stable, the message is for people
    ├── SettingsError           a setting is missing or wrong                  settings_invalid
    ├── StartError              a part could not be started                    start_failed
    │   ├── PortTaken           another program listens there                  port_taken
    │   └── SchemaError         database and release do not fit                schema_mismatch
    ├── AmiError                anything about the manager interface           ami_error
    │   ├── AmiRefused          log-in or right refused by Asterisk            ami_refused
    │   ├── AmiLost             the connection ended under the action          ami_lost
    │   │   └── AmiNotSent      there was no connection: nothing was sent      ami_not_sent
    │   ├── AmiTimeout          no answer in time                              ami_timeout
    │   └── AmiMalformed        an event lacks what we need of it              ami_malformed
    ├── IllegalTransition       an event that the state does not allow         illegal_transition
    ├── EngineUnavailable       the engine's control socket does not answer    engine_unavailable
    ├── AccountRefused          an account can't be made or changed so         account_refused
    └── RequestRefused          a request of a page that can't be met now      (given by the raiser)

Invariant: no message names a person, a telephone number or a secret.
"""

from __future__ import annotations

from typing import ClassVar


class DialerError(Exception):
    """Root of the tree."""

    code: ClassVar[str] = "dialer_error"


class SettingsError(DialerError):
    code = "settings_invalid"


class StartError(DialerError):
    code = "start_failed"


class PortTaken(StartError):
    code = "port_taken"


class SchemaError(StartError):
    code = "schema_mismatch"


class AmiError(DialerError):
    code = "ami_error"


class AmiRefused(AmiError):
    code = "ami_refused"


class AmiLost(AmiError):
    code = "ami_lost"


class AmiNotSent(AmiLost):
    code = "ami_not_sent"


class AmiTimeout(AmiError):
    code = "ami_timeout"


class AmiMalformed(AmiError):
    code = "ami_malformed"


class IllegalTransition(DialerError):
    code = "illegal_transition"


class EngineUnavailable(DialerError):
    """The engine is not running, or did not answer in time: whether it acted is not known."""

    code = "engine_unavailable"


class AccountRefused(DialerError):
    """An account can't be made or changed as asked; the message is Japanese."""

    code = "account_refused"


class RequestRefused(DialerError):
    """A request that is understood but can't be met in the present state.

    Args:
        reason: stable code for programs, for example ``seat_taken``.
        message: one sentence for the person who asked, in Japanese.
    """

    code = "request_refused"

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
