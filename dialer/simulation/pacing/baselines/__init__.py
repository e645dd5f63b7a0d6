"""Other dialers' ways of pacing, written anew from their published sources and documents, to be compared with ours.

One module a dialer. Each tells where the rule was read, what had to be assumed, and keeps the arithmetic in plain
functions apart from the `Dialer` that calls them at its own rhythm. Where a dialer has a limit of abandonment it is
given the same target as ours. What a dialer counts "since midnight" begins with the run.
"""
