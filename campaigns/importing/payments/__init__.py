"""Payments and promises that the city hands over: read, checked, applied whole or not at all (DATA-1, CALL-8, CALL-10).

    fields      our fields of a payment and of a promise
    mapping     a city's columns → our fields, from a TOML file in ``campaigns/mappings/payments/``
    checking    rows → payments and promises, or problems
    importer    ``import_payments``: all of it, in one transaction; who has paid is off the lists when it is committed

An instalment is paid from the payment on with which the sum reaches its principal, or of which the file says that
nothing is left (完納). Until then it is owed whole: nobody is left uncalled for a part.

Invariant: right after the commit nobody who has paid passes the second check (``claiming.still_allowed``).
"""
