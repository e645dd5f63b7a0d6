"""Operating calendars: on which days, in which hours, and counted as what, calls may be placed (CALL-4).

    hours           ``Hours``: every question about time that is asked of anything that opens and closes
    patterns        a kind of operating day: stretches of hours, each counted as a kind of hour
    day_rules       which days a rule means: days of the week, nth of the month, holidays, ranges, yearly dates
    operating       ``OperatingCalendar``: rules, single days and nationwide facts → the pattern of a day
    campaign_hours  ``CampaignHours``: a campaign's calendar together with those of its debt types
    document        the shape of a calendar as a file, and as the database gives and takes it
    reading         TOML → document; checking: what is wrong with one; writing: document → TOML
    compiling       document → ``OperatingCalendar``
    store           calendars in PostgreSQL: saved, single days set; ``load_openings`` gives the book in one query
    book            ``OpeningBook``: all calendars and who goes by which, immutable
    faults          what can be wrong

Pure but for ``store``. Japanese local time is used inside; moments go in and come out aware.

Invariant: outside every session of ``Hours.sessions_on`` nobody is dialed.
"""
