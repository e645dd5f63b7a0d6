"""The machine under the bench: how idle it was, and how much memory and processor time processes take."""

from __future__ import annotations

import contextlib
import platform
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import psutil

from bench.figures import Figure

MB = 2**20


class Use:
    """How busy the machine and some parts on it were since this was made.

    Args:
        cpu_s: processor seconds that each part has used so far, by name.
    """

    def __init__(self, cpu_s: Callable[[], Mapping[str, float]]) -> None:
        self._cpu_s = cpu_s
        self._parts = cpu_s()
        self._times = psutil.cpu_times()
        self._began_s = time.perf_counter()

    def by_part_s(self) -> dict[str, float]:
        """Processor seconds of each part that runs now; one that was started meanwhile counts from its start."""
        return {name: used_s - self._parts.get(name, 0.0) for name, used_s in self._cpu_s().items()}

    def seconds(self) -> float:
        return time.perf_counter() - self._began_s

    def idle_ratio(self) -> float:
        """Idle (waiting for disks included) ÷ all time of all processors, 0..1, whoever used the rest."""
        now = psutil.cpu_times()
        passed = {name: getattr(now, name) - getattr(self._times, name) for name in now._fields}
        whole = sum(seconds for name, seconds in passed.items() if name not in ("guest", "guest_nice"))
        return (passed["idle"] + passed.get("iowait", 0.0)) / whole if whole > 0 else 1.0

    def figures(self, section: str) -> list[Figure]:
        """Processors in use, by part, and what was left idle."""
        seconds, idle_ratio = self.seconds(), self.idle_ratio()
        parts = {name: used_s / seconds for name, used_s in self.by_part_s().items()}
        return [
            *(Figure(section, f"processors used: {name}", used) for name, used in parts.items()),
            Figure(section, "processors used by all of these", sum(parts.values())),
            Figure(section, "processors idle meanwhile", 100 * idle_ratio, "%"),
        ]


@dataclass(frozen=True, slots=True)
class Memory:
    """Of one process or several together, bytes. `pss`: pages shared with others count in part."""

    rss: int = 0
    pss: int = 0

    def __add__(self, other: Memory) -> Memory:
        return Memory(self.rss + other.rss, self.pss + other.pss)

    def or_larger(self, other: Memory) -> Memory:
        """The larger of each."""
        return Memory(max(self.rss, other.rss), max(self.pss, other.pss))

    @classmethod
    def of(cls, pid: int | None, *, children: bool = False) -> Self:
        """Now; nothing when the process is gone. With `children`: its children alone."""
        rss = pss = 0
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(pid)
            for one in process.children(recursive=True) if children else [process]:
                with contextlib.suppress(psutil.NoSuchProcess):
                    used = one.memory_full_info()
                    rss, pss = rss + used.rss, pss + used.pss
        return cls(rss, pss)


def cpu_s(pid: int | None) -> float:
    """Processor seconds that a process and its children, ended ones too, have used so far; 0 when it is gone."""
    try:
        process = psutil.Process(pid)
        used = process.cpu_times()
        children = process.children()
    except psutil.NoSuchProcess:
        return 0.0
    ended = used.children_user + used.children_system
    return float(used.user + used.system + ended) + sum(cpu_s(child.pid) for child in children)


def describe() -> dict[str, object]:
    """What a reader must know to compare figures."""
    return {
        "processors": psutil.cpu_count(),
        "model": _model(),
        "memory_mb": round(psutil.virtual_memory().total / MB),
        "system": platform.system(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load_before": round(psutil.getloadavg()[0], 2),
    }


def _model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
