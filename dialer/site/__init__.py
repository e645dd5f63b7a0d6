"""What a site consists of: private servers, our own processes, their order of start and stop.

| file | decides |
|---|---|
| `part.py` | what anything that can be started looks like |
| `child.py`, `waiting.py` | how a process is started, waited for, ended, and never outlives us |
| `pbx.py` | the seats and the Asterisk of a site |
| `postgres.py`, `redis.py` | the private servers |
| `processes.py` | our own processes: engine, web, worker |
| `servers.py` | the order, the undoing, the restarting: `Site` |
| `preflight.py`, `lock.py` | what is refused before anything starts |
| `secrets.py` | secrets made by us |
| `interrupt.py` | what a signal does |
| `doctor.py`, `checks/` | what is wrong and how to mend it |
"""
