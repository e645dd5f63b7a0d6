"""Fills Asterisk's templates (``asterisk-conf/``) and puts the files in place.

Decides nothing of what Asterisk does; that stands in the templates and in `render.py`.

Invariants: a value can't break out of its line; a variable that a template names but nobody gives is an
error; a folder of files is replaced file by file, each by a rename, and only after all of them could be
filled, so Asterisk never reads half a file and a refused value changes nothing.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import jinja2

from dialer.errors import SettingsError, StartError

TEMPLATES = Path(__file__).resolve().parents[2] / "asterisk-conf"
PROMPTS = TEMPLATES / "prompts"

# A line break or a semicolon ends the value in every file of Asterisk's; in the dialplan a path stands
# inside parentheses, too.
_BREAKS_LINE = re.compile(r"[\x00-\x1f\x7f;]")
_BREAKS_DIALPLAN = re.compile(r"[,()\[\]{}$\"'`|&\\<>]")


def find_modules(rootfs: Path | None) -> Path:
    """The folder of Asterisk's modules as Asterisk itself sees it.

    Args:
        rootfs: private root file system; None = the machine's own.

    Raises:
        StartError: there is none.
    """
    root = Path("/") if rootfs is None else rootfs
    for pattern in ("usr/lib/*/asterisk/modules", "usr/lib/asterisk/modules", "usr/lib64/asterisk/modules"):
        for found in sorted(root.glob(pattern)):
            return Path("/") / found.relative_to(root)
    raise StartError("Asterisk's modules are not where the distributions put them: run deploy/setup.sh")


def module_names(rootfs: Path | None) -> frozenset[str]:
    """Names (without ``.so``) of the modules that are there."""
    folder = (Path("/") if rootfs is None else rootfs) / find_modules(rootfs).relative_to("/")
    return frozenset(path.stem for path in folder.glob("*.so"))


def fill(kind: str, etc: Path, values: Mapping[str, object], modules: frozenset[str]) -> None:
    """Fill ``asterisk-conf/common`` and ``asterisk-conf/<kind>`` into `etc`.

    Args:
        kind: ``pbx`` or ``carrier``; its files come before the common ones of the same name.
        values: what the templates may name.
        modules: modules that can be loaded.

    Raises:
        SettingsError: a value holds a character that Asterisk's files can't hold.
        StartError: a module that must be there is not.
        OSError: the files can't be written.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([TEMPLATES / kind, TEMPLATES / "common"]),
        undefined=jinja2.StrictUndefined,
        finalize=_checked,
        autoescape=False,  # noqa: S701  # no HTML; `finalize` refuses what could break out
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals.update(load=_loader(modules, needed=True), load_if_present=_loader(modules, needed=False))
    filled = {
        name.removesuffix(".j2"): environment.get_template(name).render(values)
        for name in environment.list_templates(filter_func=lambda name: name.endswith(".conf.j2"))
    }
    etc.mkdir(parents=True, exist_ok=True)
    for name, text in filled.items():
        _replace(etc / name, text)


def _checked(value: object) -> object:
    text = str(value)
    if _BREAKS_LINE.search(text) or (isinstance(value, Path) and _BREAKS_DIALPLAN.search(text)):
        what = "a folder's path" if isinstance(value, Path) else "a setting, a seat or a secret"
        raise SettingsError(f"{what} holds a character that Asterisk's configuration can't hold")
    return value


def _loader(modules: frozenset[str], *, needed: bool) -> Callable[[str], str]:
    def load(name: str) -> str:
        if name in modules:
            return f"load = {name}.so"
        if needed:
            raise StartError(f"Asterisk's module {name} is not installed: run deploy/setup.sh")
        return ""

    return load


def _replace(path: Path, text: str) -> None:
    """Write by a rename. The files hold secrets: nobody but us may read them."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    fresh.replace(path)
