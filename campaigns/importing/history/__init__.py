"""The negotiation records of a former system: who was called when, on which number, with what result (CALL-5, CALL-6).

    results     our words for what came of a call, and what each teaches about the hour
    fields      our fields of a record
    mapping     the former system's columns and words → ours, from a TOML file in ``campaigns/mappings/history/``
    checking    rows → past calls, or problems
    importer    ``import_history``: all of it, in one transaction; the evidence is counted once

A past call is no attempt of ours: it counts in no figure, no rotation and no retry delay. It teaches at which hours
somebody answers, from the first day on; and whoever was contacted this month leaves this month's list (CALL-7).

Invariant: the same file again teaches nothing twice.
"""
