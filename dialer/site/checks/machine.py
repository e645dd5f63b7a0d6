"""The machine: Python and packages, programs, ports, disk, sound files."""

from __future__ import annotations

import os
import re
import shutil
import sys
import wave
from importlib import metadata
from pathlib import Path

from dialer.asterisk.templates import PROMPTS
from dialer.site.checks.finding import Finding, Patient, ok, wrong
from dialer.site.preflight import ports_needed, taken

_OLDEST_PYTHON = (3, 11)
_LOCK = Path(__file__).resolve().parents[3] / "requirements.lock"
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)", re.MULTILINE)
_NAME = re.compile(r"^[A-Za-z0-9._-]+")
_SPOKEN = ("abandoned", "interrupted", "closed", "busy_desk")
_SETUP = "deploy/setup.sh を実行してください"
_MB, _GB = 1_000_000, 1_000_000_000


async def python(patient: Patient) -> list[Finding]:
    """Version of Python, and whether every package has the version of the lock file."""
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] < _OLDEST_PYTHON:
        return [wrong("Python", f"{version} は古すぎます（3.11 以上が必要）", _SETUP)]
    locked: dict[str, set[str]] = {}  # some packages have a version for each version of Python
    for name, pin in _PIN.findall(_LOCK.read_text(encoding="utf-8")) if _LOCK.exists() else ():
        locked.setdefault(_plain(name), set()).add(pin)
    differing = []
    for name in _direct_dependencies():
        try:
            installed = metadata.version(name)
        except metadata.PackageNotFoundError:
            differing.append(f"{name} がありません")
            continue
        pins = locked.get(_plain(name), {installed})
        if installed not in pins:
            differing.append(f"{name} は {installed}（指定は {'・'.join(sorted(pins))}）")
    if differing:
        return [wrong("Python", f"{version}、パッケージが違います: {'、'.join(differing)}", _SETUP)]
    return [ok("Python", f"{version}、パッケージは指定どおりです")]


async def programs(patient: Patient) -> list[Finding]:
    """Programs of the distribution that are called."""
    needed = [("ffmpeg", "ffmpeg")]
    if not patient.settings.redis_url and not shutil.which("valkey-server"):
        needed.append(("redis-server", "redis-server"))
    if os.geteuid() == 0 or shutil.which("asterisk") is None:
        needed.append(("bwrap", "bubblewrap"))
    missing = [package for program, package in needed if shutil.which(program) is None]
    if missing:
        return [wrong("プログラム", f"ありません: {'、'.join(missing)}", _SETUP)]
    return [ok("プログラム", f"そろっています: {'、'.join(program for program, _ in needed)}")]


async def ports(patient: Patient) -> list[Finding]:
    """While the site rests, every port must be free; while it runs, the other checks see who listens."""
    needed = ports_needed(patient.settings)
    if patient.runs:
        return [ok("ポート", "使用中です（動いているこのシステムが使っています）")]
    findings = [
        wrong(
            "ポート",
            f"{one.setting}={one.port}（{one.kind}）は使えません",
            f".env の {one.setting} を別の番号にするか、その番号を使っているプログラムを止めてください",
        )
        for one in needed
        if taken(one)
    ]
    return findings or [ok("ポート", f"{len(needed)} 個とも空いています")]


async def disk(patient: Patient) -> list[Finding]:
    """Room below ``var/``, and the right to write there."""
    var = patient.settings.var
    there = next(folder for folder in (var, *var.parents) if folder.exists())
    free, least_mb = shutil.disk_usage(there).free, patient.settings.min_free_disk_mb
    if not os.access(there, os.W_OK | os.X_OK):
        return [wrong("ディスク", f"{there} に書き込めません", "持ち主を直すか、VAR_DIR を変えてください")]
    if free // _MB < least_mb:
        what = f"空きが {free // _MB} MB しかありません（{least_mb} MB 必要）"
        return [wrong("ディスク", what, "不要なファイルを消すか、VAR_DIR を広いディスクに移してください")]
    return [ok("ディスク", f"空き {free // _GB} GB")]


async def prompts(patient: Patient) -> list[Finding]:
    """Every sentence that a caller may hear is there, in the form that Asterisk plays without converting."""
    faults = [fault for name in _SPOKEN if (fault := _fault_of(PROMPTS / f"{name}.wav"))]
    if faults:
        return [
            wrong("音声ガイダンス", "、".join(faults), "asterisk-conf/prompts の README に従って作り直してください")
        ]
    return [ok("音声ガイダンス", f"{len(_SPOKEN)} 個とも 8 kHz モノラル 16 ビットです")]


def _fault_of(path: Path) -> str:
    try:
        with wave.open(str(path), "rb") as sound:
            form = (sound.getframerate(), sound.getnchannels(), sound.getsampwidth())
            frames = sound.getnframes()
    except FileNotFoundError:
        return f"{path.name} がありません"
    except (OSError, EOFError, wave.Error):
        return f"{path.name} が読めません"
    if form != (8000, 1, 2):
        return f"{path.name} の形式が違います（{form[0]} Hz・{form[1]} ch・{8 * form[2]} ビット）"
    return "" if frames else f"{path.name} が空です"


def _direct_dependencies() -> list[str]:
    """Names of what this project itself names, without its extras and other platforms' needs."""
    declared = metadata.requires("tsunagu") or []
    return [found.group(0) for line in declared if ";" not in line and (found := _NAME.match(line))]


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
