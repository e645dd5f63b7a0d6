"""A day of a centre in seconds: dialers compared by how busy they keep the agents and whom they abandon.

| file | decides |
|---|---|
| `scenario_file.py`, `scenarios/` | a team and how its people answer and talk, as parameters |
| `calls.py` | what becomes of the k-th call, the same for every dialer of one seed |
| `team.py`, `scene.py`, `world.py`, `played.py` | agents, the moment, the events of a run, its figures |
| `dialers.py` | what a dialer may see and do |
| `baselines/`, `clairvoyant.py` | other makers' dialers, and the bound that nobody can beat |
| `contestants.py` | the dialers by name, and what of them is chosen with hindsight |
| `experiment.py`, `report.py`, `plotting.py`, `course.py` | runs on the same seeds; tables, pictures |
| `command.py` | `dialer simulate pacing` |

Invariant: a dialer sees a `dialers.Moment`; what is the truth there is for oracles only, and says so.
"""
