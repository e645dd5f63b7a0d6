"""A month of a real centre on made-up people: how many are reached by which order of calls.

| file | decides |
|---|---|
| `population_file.py`, `populations/` | how people behave on the telephone, as parameters |
| `town.py` | a made-up town of them: people, numbers, segments, and the hidden truth |
| `centre.py` | days, hours and calls of the centre |
| `month.py` | who may be called in a session, and what comes of it |
| `index.py`, `policies.py` | whom to call first: rotation, recycling, ours, the oracle … |
| `experiment.py`, `report.py` | policies compared on the same towns and the same luck |

Invariant: a scheduler under test sees a `month.View`, and nothing of the truth.
"""
