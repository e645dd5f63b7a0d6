"""A population's file: TOML that names the kind of behaviour, its parameters and a seed.

Decides what such a file may say and refuses everything else, naming the key; ``town.py`` makes the people. The shipped
ones are in ``populations/``.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

FOLDER = Path(__file__).parent / "populations"

Share = Annotated[float, Meta(ge=0, le=1)]
Probability = Annotated[float, Meta(gt=0, lt=1)]
PickUp = tuple[Probability, Probability, Probability]


class PopulationError(ValueError):
    """A population's file can't be used; names the file, the key and the reason."""


class Type(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One type of behaviour.

    Args:
        share: share of it among people of middle age, before the leans.
        pick_up: mean pick-up probability on weekdays, in evenings, at weekends.
        concentration: a + b of the Beta distributions around them; 0 = all alike.
        age_lean: by how much the log share grows from the middle to the youngest age (× 1.5), and falls to the oldest.
        mobile_lean: by how much it is higher with a mobile telephone and lower with a fixed one.
        note: for people.
    """

    share: Annotated[float, Meta(gt=0, le=1)]
    pick_up: PickUp
    concentration: Annotated[float, Meta(ge=0)] = 0.0
    age_lean: float = 0.0
    mobile_lean: float = 0.0
    note: str = ""


class Types(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="types"):
    """People of a few types.

    Args:
        name: short name for tables.
        seed: of the people; the same seed makes the same town.
        types: at least one.
        drift: share of the lines that become another type from one month to the next.
        two_numbers: share of the people who have a second number, of its own type.
        shared_lines: share of the people who have the number of somebody else.
        note: for people.
    """

    name: str
    seed: int
    types: Annotated[tuple[Type, ...], Meta(min_length=1)]
    drift: Share = 0.0
    two_numbers: Share = 0.0
    shared_lines: Share = 0.0
    note: str = ""


class Smooth(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="smooth"):
    """People who differ smoothly: normal in the logits of the pick-up probabilities.

    Args:
        pick_up: the median person's.
        spread: standard deviation in logits.
        correlation: between the kinds of hour.
        age_lean: by how much the logits grow from the middle to the youngest (× 1.5), by kind of hour.
        name, seed, drift, two_numbers, shared_lines, note: as in `Types`.
    """

    name: str
    seed: int
    pick_up: PickUp
    spread: Annotated[float, Meta(ge=0, le=5)]
    correlation: Share
    age_lean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    drift: Share = 0.0
    two_numbers: Share = 0.0
    shared_lines: Share = 0.0
    note: str = ""


Population = Types | Smooth


def shipped() -> tuple[Path, ...]:
    """The files that come with the release, by name."""
    return tuple(sorted(FOLDER.glob("*.toml")))


def read(path: Path) -> Population:
    """Read a population's file.

    Raises:
        PopulationError: it is no TOML, or a key is missing, unknown or out of its range.
        OSError: it can't be read.
    """
    try:
        told: Population = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Population)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise PopulationError(f"{path.name}: {error}") from error
    return told
