"""The city's files: read, mapped, checked, applied whole or not at all (requirements DATA-1, DATA-3, CALL-9).

    reading     bytes → rows of text with line numbers (encodings, quoting)
    mapping     a city's columns → our fields, from a TOML file in ``campaigns/mappings/``
    converters  one text → one value, or the flaw that it has (dates, phones)
    checking    rows → persons, numbers and debts that agree with each other, or problems
    problems    a problem of one line and column, with its Japanese reason
    applying    what was checked → PostgreSQL, by staging tables and set-based merges
    report      the result for the clerk, as text and as CSV
    importer    ``import_file``: all of it, in one transaction

Shared by every kind of file: ``columns`` and ``rows`` (cells → values), ``times``, ``pipeline`` (batches in one
transaction), ``queries``. Payments and past records, which are staged whole and then merged, have their own packages on
top of ``intake`` and ``intake_checking``:

    payments/   ``import_payments``: who has paid or promised isn't called from then on (CALL-8, CALL-10)
    history/    ``import_history``: what a former system knew about people's hours (CALL-5, CALL-6)

Invariant: a file with one error changes nothing; the same file applied again changes nothing.
"""
