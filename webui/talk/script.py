"""Reads the talk script and fills it in for one call (CALL-12).

Decides nothing about its content, except that the first step names the department and the agent: a script
without either is refused at start, because the agent must state both (seed K 9(4)イ).
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

import msgspec

from dialer.errors import SettingsError

DEFAULT = Path(__file__).parent / "default.toml"
_PROBE = {"department": "\x01", "agent": "\x02", "name": "\x03", "subject": "\x04"}


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing to say; `hint` is for the agent's eyes."""

    title: str
    say: str
    hint: str = ""


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    step: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class TalkScript:
    """A script with its placeholders."""

    steps: tuple[Step, ...]

    def filled(self, *, department: str, agent: str, name: str, subject: str) -> tuple[Step, ...]:
        """The script for one call; `subject` is what is owed, for example 市税・介護保険料."""
        words = {"department": department, "agent": agent, "name": name, "subject": subject}
        return tuple(msgspec.structs.replace(step, say=step.say.format_map(words)) for step in self.steps)


def read_script(path: Path = DEFAULT) -> TalkScript:
    """The script in the TOML file `path`.

    Raises:
        SettingsError: unreadable, an unknown placeholder, or the first step does not introduce the caller.
    """
    try:
        script = TalkScript(msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _File).step)
        first = script.filled(**_PROBE)[0].say
    except (OSError, tomllib.TOMLDecodeError, msgspec.ValidationError, KeyError, ValueError, IndexError) as error:
        raise SettingsError(f"the talk script {path.name} can't be used: {error!r}") from error
    if _PROBE["department"] not in first or _PROBE["agent"] not in first:
        raise SettingsError(f"the talk script {path.name}: the first step must name {{department}} and {{agent}}")
    return script
