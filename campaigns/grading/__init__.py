"""Grades each campaign's list by what a call in each kind of hour is worth, for the claim to walk.

The only part of `campaigns` that does arithmetic on whole lists; it runs in a process of its own (``dialer planner``)
and never in the engine's way: the claim reads finished grades from an index, and rules, not grades, say who may be
called at all.

| file | decides |
|---|---|
| `people.py` | reads people, their lines and evidence into arrays |
| `stakes.py` | what a contact with each of them is worth (pure) |
| `slots.py` | how many calls are left in each kind of hour (pure), and how quickly we call |
| `grades.py` | values to grades: floor first, then lots, then worth; who is left out of a kind of hour (pure) |
| `fitting.py` | fits the pick-up model to the evidence, and stores it |
| `grading.py` | the pass over a list: whole, or only those to whom something happened |
| `planning.py` | a month ahead: contacts by kind of hour, and with another staffing |
| `evaluating.py` | predicted against seen |

Invariant: a grade never makes a call possible; an old one only makes the order a little worse.
"""
