"""Which errors of PostgreSQL mean "later": it is restarting, full, failing over, or broke off to let others through.

Everything else that it refuses is a defect of ours, and trying again would not help.

Invariant: after an error of this kind nobody knows whether the transaction was committed. Who tries again
looks first (``dialer.calls.ledger``), or writes what may be written twice.

Source: https://www.postgresql.org/docs/current/errcodes-appendix.html (classes 08, 25006, 25P03, 40, 53, 57, 58).
"""

from __future__ import annotations

import asyncio

import asyncpg

DATABASE_AWAY = (
    OSError,  # no connection; TimeoutError is one of its kinds
    asyncpg.InterfaceError,  # the connection was closed under us
    asyncpg.InternalClientError,  # it was closed in the middle of an answer
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # shut down, starting, recovering, the statement cancelled
    asyncpg.InsufficientResourcesError,  # disk full, too many connections
    asyncpg.PostgresSystemError,
    asyncpg.TransactionRollbackError,  # deadlock, serialization
    asyncpg.ReadOnlySQLTransactionError,  # it became a standby
    asyncpg.IdleInTransactionSessionTimeoutError,
)


def unless_cancelled(error: BaseException) -> None:
    """Raise the cancellation after all, when `error` was raised in its place: to be asked by every loop that goes on.

    A connection that is lost in the moment of a cancellation fails when it is given back, and that error is raised
    instead. A loop that takes it for "later" would forget the cancellation, and its process never end.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError from error
