"""Which Asterisk runs, and the box that it runs in.

The distribution's Asterisk is taken when it is version 20 or newer, else the private root file system
that ``deploy/setup.sh`` makes. Both run unprivileged. Bubblewrap gives the process a file system of its
own: ``/usr`` of that root, read only, an ``/etc`` of a few files, and the folders that it may use under the
same path inside and outside, so that a recording has one name.

Invariant: `/etc/hosts` in the box names this machine. Without it every INVITE waits seconds for the DNS
(measured: 90 of 100 calls timed out).
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path

from dialer.errors import StartError

OLDEST = (20, 0)
PRIVATE_ROOT = Path(__file__).resolve().parents[2] / "var" / "asterisk-root"
_VERSION = re.compile(r"Asterisk (\d+)\.(\d+)[\w.+~-]*")
# What libraries and Asterisk read; hosts and nsswitch.conf are ours.
_ETC = (
    "ld.so.cache",
    "alternatives",
    "ssl",
    "ca-certificates",
    "localtime",
    "passwd",
    "group",
    "resolv.conf",
    "gai.conf",
)


def find_root() -> Path | None:
    """The root file system whose Asterisk is to be run; None = the machine's own.

    Raises:
        StartError: there is none of version 20 or newer.
    """
    if shutil.which("asterisk") and version_number(version_of(None)) >= OLDEST:
        return None
    if (PRIVATE_ROOT / "usr" / "sbin" / "asterisk").is_file():
        return PRIVATE_ROOT
    raise StartError("no Asterisk of version 20 or newer is here: run deploy/setup.sh")


def version_of(root: Path | None) -> str:
    """What ``asterisk -V`` says, for example ``Asterisk 22.10.1``; empty when it can't be run.

    A root file system's own program is asked with that root's libraries, inside the box.
    """
    command = ["asterisk", "-V"] if root is None else [*boxed(root, None), "asterisk", "-V"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""
    found = _VERSION.search(said)
    return found.group(0) if found else ""


def version_number(version: str) -> tuple[int, int]:
    """``Asterisk 22.10.1`` → (22, 10); (0, 0) when it can't be read."""
    found = _VERSION.search(version)
    return (int(found.group(1)), int(found.group(2))) if found else (0, 0)


def needs_box(root: Path | None) -> bool:
    """A private root always; the machine's own Asterisk only when we are root and must not stay so."""
    return root is not None or os.geteuid() == 0


def boxed(
    root: Path | None, etc: Path | None, *, writable: Sequence[Path] = (), readable: Sequence[Path] = ()
) -> list[str]:
    """The beginning of a command line that runs what follows inside the box.

    Args:
        root: root file system whose ``/usr`` is used; None = the machine's own.
        etc: folder that holds our ``hosts`` and ``nsswitch.conf``; None = none.
        writable, readable: folders bound at their own path. They must exist.

    Raises:
        StartError: bubblewrap is not installed.
    """
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        raise StartError("Asterisk runs unprivileged in bubblewrap, which is not installed: run deploy/setup.sh")
    base = Path("/") if root is None else root
    command = [bwrap, "--die-with-parent", "--ro-bind", str(base / "usr"), "/usr", "--tmpfs", "/usr/local"]
    if os.geteuid() == 0:  # a namespace in which root is user 1000 and has no capabilities
        command += ["--unshare-user", "--uid", "1000", "--gid", "1000"]
    for name in ("bin", "sbin", "lib", "lib64"):
        if (base / name).is_symlink():
            command += ["--symlink", f"usr/{name}", f"/{name}"]
    for name in _ETC:
        command += ["--ro-bind-try", str(base / "etc" / name), f"/etc/{name}"]
    if etc is not None:
        for name in ("hosts", "nsswitch.conf"):
            command += ["--ro-bind", str(etc / name), f"/etc/{name}"]
    command += ["--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp", "--tmpfs", "/run", "--dir", "/var"]  # noqa: S108  # the box's own
    for folder in readable:
        command += ["--ro-bind", str(folder), str(folder)]
    for folder in writable:
        command += ["--bind", str(folder), str(folder)]
    return [*command, "--chdir", "/", "--setenv", "HOME", "/tmp"]  # noqa: S108  # the box's own


def write_names(etc: Path, *, resolve: bool) -> None:
    """Write ``hosts`` and ``nsswitch.conf`` for the box into `etc`.

    Args:
        resolve: names that are not in ``hosts`` are asked of the DNS; needed only when the trunk is given
            by name.
    """
    etc.mkdir(parents=True, exist_ok=True)
    host = socket.gethostname()
    (etc / "hosts").write_text(f"127.0.0.1 localhost {host}\n::1 localhost {host}\n", encoding="ascii")
    sources = "files dns" if resolve else "files"
    (etc / "nsswitch.conf").write_text(f"passwd: files\ngroup: files\nhosts: {sources}\n", encoding="ascii")
