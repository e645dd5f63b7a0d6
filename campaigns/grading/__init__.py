"""Grades each campaign's list by what a call in each kind of hour is worth, for the claim to walk.

The only part of `campaigns` that does arithmetic on whole lists. Fitting and grading run in a process of their own
(``dialer planner``), plan and evaluation where they are asked for; nothing of it in the engine's way: the claim reads
finished grades from an index, and rules, not grades, say who may be called at all.

| file | decides |
|---|---|
| `people.py` | reads people, their lines and evidence into arrays; what the model knows of them |
| `segments.py` | to which segment a line belongs (pure) |
| `stakes.py` | what a contact with each of them is worth (pure) |
| `pace.py` | at which pace calls were placed lately, by kind of hour |
| `slots.py` | how many calls are left in each kind of hour at a pace, and how many of them to one person (pure) |
| `prices.py` | the prices of the kinds of hour for a list, from a sample of it; the last ones found |
| `grades.py` | what a grade is: worth, floor, latest moment, lot (pure) |
| `next_sessions.py` | values to grades for the next sessions: who is below the floor, drawn, left out (pure) |
| `fitting.py` | fits the pick-up model to the evidence, and stores it |
| `grading.py` | the pass over a list: whole, or only those to whom something happened |
| `planning.py` | a month ahead: reads list, calendar and pace for `staffing.py` and `expecting.py` |
| `staffing.py` | what a staffing may be, and its neighbours (pure) |
| `expecting.py` | what a staffing brings: contacts by kind of hour, the value of a session (pure) |
| `seen_hours.py` | contacts of the calls placed, by day of the week and hour; which hours that speaks for |
| `evaluating.py` | predicted against seen: as predicted at the claim, and by a back-test |
| `replaying.py` | a line's tries lived through again: what was known before each (pure) |
| `scores.py` | calibration, Brier score, log loss (pure) |

Invariant: a grade never makes a call possible; an old one only makes the order a little worse.
"""
