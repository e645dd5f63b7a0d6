"""Who picks up when, and what a call now is worth: the mathematics of "whom to call now".

Pure: arrays in, arrays out. No SQL, no clock, no randomness of its own (lots come in as a generator).

| file | decides |
|---|---|
| `evidence.py` | what is known of each line (person × number): decayed hits and misses, and its segment |
| `sorts.py` | the sorts of people that the model can tell apart, and the stated prior over them |
| `model.py` | `PickUpModel`: shares of the sorts, posterior of a line, its pick-up probabilities, JSON, why |
| `fitting.py` | `fit`: the shares from evidence, of the population and of each segment |
| `pooling.py` | what a segment's marks (debt type, age band, kind of telephone) let expect of it |
| `survival.py` | the chance that a line is still not reached after n further misses in each kind of hour |
| `horizon.py` | what is left of the month: sessions, calls, how often a line can still be called |
| `spread.py` | how often each person can still be called under the spread rule |
| `plans.py` | the best plan of calls for each line at given prices of the kinds of hour |
| `prices.py` | `find_prices`: the prices at which demand fits what is left |
| `worth.py` | `values_at`, `rank`: the value of a call now in each kind of hour |
| `grades.py` | values as whole numbers 0..1000, which an index of the database can be walked by |
| `planning.py` | `plan`: expected contacts of a month by kind of hour for a given staffing, and the price of a floor |

The way of a night's work in production: rows of evidence → `fit` → `model.posterior` → `survival.of_posterior` →
`prices.find_prices` → `worth.values_at` → `grades.of_values`. Docs: docs/learning.md.

Invariant: axis 1 of every (n, 3) array is `WINDOWS`: weekday, evening, weekend.
"""
