"""What is written for Asterisk, and what is refused, without an Asterisk."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from dialer.asterisk import render
from dialer.asterisk.addresses import addresses_of, own_addresses
from dialer.asterisk.render import TRUNK_WATCH, render_carrier, render_pbx
from dialer.asterisk.templates import PROMPTS, TEMPLATES
from dialer.errors import SettingsError, StartError
from dialer.settings import Settings
from dialer.simulation.network import SimulatedSeat, make_seats

LOADED = re.compile(r'load(?:_if_present)?\("([a-z0-9_]+)"\)')
OPTIONAL = {"codec_opus_open_source", "codec_opus", "res_format_attr_opus"}


@pytest.fixture
def rootfs(tmp_path: Path) -> Path:
    """A root file system with an empty file for each module that the templates name."""
    modules = tmp_path / "root" / "usr" / "lib" / "x86_64-linux-gnu" / "asterisk" / "modules"
    modules.mkdir(parents=True)
    for template in TEMPLATES.glob("*/modules.conf.j2"):
        for name in LOADED.findall(template.read_text()):
            (modules / f"{name}.so").touch()
    return tmp_path / "root"


def remove_module(rootfs: Path, *names: str) -> None:
    for name in names:
        (rootfs / "usr/lib/x86_64-linux-gnu/asterisk/modules" / f"{name}.so").unlink()


def pbx_files(tmp_path: Path, rootfs: Path, settings: Settings | None = None, **more: object) -> dict[str, str]:
    """The rendered files by name."""
    folder = tmp_path / "pbx"
    values: dict[str, object] = {"seats": make_seats(1, 1), "ami_secret": "s3cret", "spool": tmp_path / "spool"}
    render_pbx(settings or Settings(), folder, rootfs=rootfs, **{**values, **more})  # type: ignore[arg-type]
    return {path.name: path.read_text() for path in (folder / "etc").iterdir()}


def section(text: str, name: str, kind: str) -> list[str]:
    """Lines of ``[name]`` whose type is `kind`, templates of the file not followed."""
    for part in re.split(r"^(?=\[)", text, flags=re.MULTILINE):
        if part.startswith(f"[{name}]") and (f"type = {kind}" in part or f"({kind})" in part.split("\n", 1)[0]):
            return part.splitlines()
    raise AssertionError(f"no [{name}] of type {kind}")


def test_everything_that_asterisk_writes_lies_in_its_folder(tmp_path: Path, rootfs: Path) -> None:
    """``[directories]`` without (!), each path below the folder or the distribution's own."""
    text = pbx_files(tmp_path, rootfs)["asterisk.conf"]
    assert "[directories]\n" in text
    written = dict(re.findall(r"^ast(\w+) => (.+)$", text, re.MULTILINE))
    assert {"rundir", "logdir", "dbdir", "spooldir", "varlibdir", "keydir"} <= set(written)
    read_only = {"moddir", "datadir", "sbindir"}
    assert all(path.startswith(str(tmp_path / "pbx")) for name, path in written.items() if name not in read_only)


@pytest.mark.parametrize("value", ["a\nb", "a;b", "a\rb", "a\x00b"])
@pytest.mark.parametrize("field", ["ami_user", "trunk_user", "trunk_secret"])
def test_a_setting_that_would_break_out_of_its_line_is_refused(
    tmp_path: Path, rootfs: Path, field: str, value: str
) -> None:
    """Neither a new line nor a comment can be smuggled in; nothing is written, and the value is not shown."""
    settings = msgspec.structs.replace(Settings(trunk_user="u"), **{field: value})
    with pytest.raises(SettingsError) as caught:
        pbx_files(tmp_path, rootfs, settings)
    assert value not in str(caught.value)
    assert not (tmp_path / "pbx" / "etc" / "pjsip.conf").exists()


def test_a_seat_that_would_break_out_of_its_line_is_refused(tmp_path: Path, rootfs: Path) -> None:
    """Seats come from the database, where an administrator writes."""
    with pytest.raises(SettingsError):
        pbx_files(tmp_path, rootfs, seats=[SimulatedSeat("1001", "web", "x\n[admin]")])


@pytest.mark.parametrize("name", ["a,b", "a)b", "${SHELL(x)}", "a&b"])
def test_a_folder_that_the_dialplan_would_read_as_something_else_is_refused(
    tmp_path: Path, rootfs: Path, name: str
) -> None:
    """The spool's path stands inside MixMonitor's parentheses."""
    with pytest.raises(SettingsError, match="path"):
        pbx_files(tmp_path, rootfs, spool=tmp_path / name)


def test_the_files_hold_secrets_and_are_ours_alone(tmp_path: Path, rootfs: Path) -> None:
    """Mode 600."""
    pbx_files(tmp_path, rootfs)
    for name in ("pjsip.conf", "manager.conf"):
        assert (tmp_path / "pbx" / "etc" / name).stat().st_mode & 0o777 == 0o600


def test_a_second_rendering_replaces_the_first_whole(tmp_path: Path, rootfs: Path) -> None:
    """A seat that is gone is gone from the file, and no half-written file is left."""
    assert "[1001]" in pbx_files(tmp_path, rootfs)["pjsip.conf"]
    files = pbx_files(tmp_path, rootfs, seats=[])
    assert "[1001]" not in files["pjsip.conf"]
    assert not [name for name in files if name.endswith(".new")]


def test_browser_seats_speak_webrtc_and_telephones_plain_sip(tmp_path: Path, rootfs: Path) -> None:
    """Each kind from its own template, one contact a seat, each with its secret."""
    web, sip = make_seats(1, 1)
    text = pbx_files(tmp_path, rootfs, seats=[web, sip])["pjsip.conf"]
    assert section(text, web.extension, "web-seat")
    assert section(text, sip.extension, "sip-seat")
    for seat in (web, sip):
        assert f"password = {seat.secret}" in section(text, seat.extension, "seat-auth")
    (aor,) = re.findall(r"\[seat-aor\]\(!\)\n(.*?)\n\n", text, re.DOTALL)
    assert {"max_contacts = 1", "remove_existing = yes", "qualify_frequency = 10"} <= set(aor.splitlines())
    (seat_template,) = re.findall(r"\[seat\]\(!\)\n(.*?)\n\n", text, re.DOTALL)
    assert "rtp_timeout = 20" in seat_template.splitlines()


def test_opus_is_offered_only_when_asterisk_has_it(tmp_path: Path, rootfs: Path) -> None:
    """A distribution without the codec still serves browsers, with ulaw."""
    assert "allow = opus,ulaw" in pbx_files(tmp_path, rootfs)["pjsip.conf"]
    remove_module(rootfs, *OPTIONAL)
    files = pbx_files(tmp_path, rootfs)
    assert "opus" not in files["pjsip.conf"]
    assert "opus" not in files["modules.conf"]


def test_a_module_that_is_needed_and_missing_is_named(tmp_path: Path, rootfs: Path) -> None:
    """One clear sentence instead of an Asterisk without conferences."""
    remove_module(rootfs, "app_confbridge")
    with pytest.raises(StartError, match="app_confbridge"):
        pbx_files(tmp_path, rootfs)


def test_without_a_trunk_host_the_trunk_is_the_simulated_carrier(tmp_path: Path, rootfs: Path) -> None:
    """And with one it is that host, known by its address."""
    text = pbx_files(tmp_path, rootfs)["pjsip.conf"]
    assert f"contact = sip:127.0.0.1:{Settings().carrier_sip_port}" in section(text, "trunk", "aor")
    text = pbx_files(tmp_path, rootfs, Settings(trunk_host="192.0.2.7", trunk_port=5070))["pjsip.conf"]
    assert "contact = sip:192.0.2.7:5070" in section(text, "trunk", "aor")
    assert "contact = sip:192.0.2.7:5070" in section(text, TRUNK_WATCH, "aor")
    assert "match = 192.0.2.7" in section(text, "trunk", "identify")
    assert "type = registration" not in text


def test_calls_do_not_depend_on_the_trunks_answer_to_options(tmp_path: Path, rootfs: Path) -> None:
    """A contact that is asked and stays silent gets no calls; only the endpoint that carries none is asked."""
    text = pbx_files(tmp_path, rootfs)["pjsip.conf"]
    assert not any(line.startswith("qualify") for line in section(text, "trunk", "aor"))
    assert "qualify_frequency = 10" in section(text, TRUNK_WATCH, "aor")


def test_a_trunk_with_a_user_registers(tmp_path: Path, rootfs: Path) -> None:
    """TRUNK_USER makes the registration and signs our calls."""
    settings = Settings(trunk_host="192.0.2.7", trunk_user="tsunagu", trunk_secret="pw")
    text = pbx_files(tmp_path, rootfs, settings)["pjsip.conf"]
    assert "outbound_auth = trunk" in section(text, "trunk", "registration")
    assert "outbound_auth = trunk" in section(text, "trunk", "endpoint")
    assert "password = pw" in section(text, "trunk", "auth")


def test_browsers_are_offered_the_address_that_asterisk_listens_on(
    tmp_path: Path, rootfs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each own address is mapped to MEDIA_HOST, which itself is not."""
    monkeypatch.setattr(render, "own_addresses", lambda: ["192.0.2.2", "198.51.100.3"])
    text = pbx_files(tmp_path, rootfs)["rtp.conf"]
    assert "192.0.2.2 => 127.0.0.1\n198.51.100.3 => 127.0.0.1\n" in text
    text = pbx_files(tmp_path, rootfs, Settings(media_host="198.51.100.3"))["rtp.conf"]
    assert "192.0.2.2 => 198.51.100.3\n" in text
    assert "198.51.100.3 =>" not in text


def test_an_address_that_is_not_ours_is_announced_but_not_bound(
    tmp_path: Path, rootfs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind address translation MEDIA_HOST is the outside address."""
    monkeypatch.setattr(render, "own_addresses", lambda: ["192.0.2.2"])
    text = pbx_files(tmp_path, rootfs, Settings(media_host="203.0.113.9"))["pjsip.conf"]
    transport = section(text, "udp", "transport")
    assert "bind = 0.0.0.0:25060" in transport
    assert "external_media_address = 203.0.113.9" in transport
    assert "bind_rtp_to_media_address" not in text


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        (Settings(media_host="pbx.example"), "MEDIA_HOST"),
        (Settings(rtp_start=22999, rtp_end=22000), "RTP_END"),
        (Settings(trunk_host="no-such-host.invalid"), "TRUNK_HOST"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, rootfs: Path, settings: Settings, name: str) -> None:
    """The person who mends it reads the name of the line in ``.env``."""
    with pytest.raises(SettingsError, match=name):
        pbx_files(tmp_path, rootfs, settings)


@pytest.mark.parametrize(("abandon_after_s", "question_s"), [(2.0, 5), (2.5, 6), (8.0, 11)])
def test_the_dialplan_waits_longer_than_the_engine(
    tmp_path: Path, rootfs: Path, abandon_after_s: float, question_s: int
) -> None:
    """It must not apologise while the engine still looks for an agent."""
    text = pbx_files(tmp_path, rootfs, Settings(abandon_after_s=abandon_after_s))["extensions.conf"]
    assert f"QUESTION_S = {question_s}\n" in text


def test_the_carrier_plays_the_telephones_of_sip_seats_only(tmp_path: Path, rootfs: Path) -> None:
    """Browsers register by themselves."""
    web, sip = make_seats(1, 1)
    folder = tmp_path / "carrier"
    render_carrier(Settings(), folder, phones=[web, sip], ami_secret="x", rootfs=rootfs)
    text = (folder / "etc" / "pjsip.conf").read_text()
    assert f"[phone-{sip.extension}]" in text
    assert f"phone-{web.extension}" not in text
    assert f"exten => phone-{sip.extension},1," in (folder / "etc" / "extensions.conf").read_text()


def test_every_prompt_of_the_dialplan_is_there() -> None:
    """A sentence that nobody recorded would be silence."""
    pbx = (TEMPLATES / "pbx" / "extensions.conf.j2").read_text()
    named = re.search(r"for prompt in \[(.+?)\]", pbx)
    assert named is not None
    prompts = set(re.findall(r'"(\w+)"', named.group(1))) | set(re.findall(r"\$\{PROMPTS\}/(\w+)", pbx))
    carrier = (TEMPLATES / "carrier" / "extensions.conf.j2").read_text()
    prompts |= set(re.findall(r"\$\{PROMPTS\}/(\w+)", carrier))
    assert prompts >= {"abandoned", "interrupted", "closed", "busy_desk", "callee_hello", "voicemail_greeting"}
    assert {path.stem for path in PROMPTS.glob("*.wav")} == prompts


def test_own_addresses_leave_out_the_loopback(tmp_path: Path) -> None:
    """Read from the kernel's table, each address once although two tables name it."""
    entry = "           |-- {address}\n              /32 host LOCAL\n"
    table = "Main:\n" + "".join(entry.format(address=a) for a in ("127.0.0.1", "192.0.2.20", "192.0.2.3"))
    file = tmp_path / "fib_trie"
    file.write_text(table + "Local:\n" + entry.format(address="192.0.2.3") + "           |-- 192.0.2.255\n")
    assert own_addresses(file) == ["192.0.2.3", "192.0.2.20"]
    assert own_addresses(tmp_path / "missing") == []


def test_an_address_stands_for_itself() -> None:
    """No DNS is asked for a literal."""
    assert addresses_of("192.0.2.9", "TRUNK_HOST") == ["192.0.2.9"]
