"""Reading what Asterisk wrote, also when it was killed."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from recordings.errors import Missing
from recordings.wav import WavReader, shape_of
from tests.fixtures_recordings import asterisk_wav, lay


def test_a_closed_file_is_closed(tmp_path: Path) -> None:
    """Its length in the header is the length of its sound."""
    shape = shape_of(lay(tmp_path / "a.wav", asterisk_wav(b"\1\2" * 800)))
    assert (shape.offset, shape.frames, shape.closed) == (44, 800, True)


def test_a_killed_writer_loses_nothing_that_is_on_the_disk(tmp_path: Path) -> None:
    """The header says 0; the size is believed."""
    shape = shape_of(lay(tmp_path / "a.wav", asterisk_wav(b"\1\2" * 16384, closed=False)))
    assert (shape.frames, shape.closed) == (16384, False)


def test_half_a_sample_at_the_end_is_left_out(tmp_path: Path) -> None:
    """A file cut within a sample gives whole samples, not noise."""
    shape = shape_of(lay(tmp_path / "a.wav", asterisk_wav(b"\1\2" * 10 + b"\1", closed=False)))
    assert shape.frames == 10


def test_a_header_longer_than_the_sound_is_not_closed(tmp_path: Path) -> None:
    """A file cut by a full disk is read to its end."""
    shape = shape_of(lay(tmp_path / "a.wav", asterisk_wav(b"\1\2" * 100)[:-50]))
    assert (shape.frames, shape.closed) == (75, False)


@pytest.mark.parametrize("data", [b"", b"RIFF", asterisk_wav(b"")[:30], asterisk_wav(b"")])
def test_a_file_without_sound_is_never_taken_for_closed(tmp_path: Path, data: bytes) -> None:
    """Asterisk's open files look like this for their first two seconds."""
    shape = shape_of(lay(tmp_path / "a.wav", data))
    assert (shape.frames, shape.closed) == (0, False)


def test_other_chunks_before_the_sound_are_skipped(tmp_path: Path) -> None:
    """A WAV file may carry more than format and sound."""
    plain = asterisk_wav(b"\1\2" * 5)
    data = plain[:36] + struct.pack("<4sI", b"LIST", 3) + b"abc\0" + plain[36:]
    shape = shape_of(lay(tmp_path / "a.wav", data))
    assert (shape.offset, shape.frames, shape.closed) == (56, 5, True)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"not a sound file at all", "no WAV file"),
        (asterisk_wav(b"\0" * 9).replace(b"\x40\x1f\0\0", b"\x80\x3e\0\0"), "16000 Hz"),
    ],
)
def test_what_is_not_ours_is_refused_by_name(tmp_path: Path, data: bytes, says: str) -> None:
    """A file of another rate would be stored at the wrong speed."""
    with pytest.raises(Missing, match=says):
        shape_of(lay(tmp_path / "a.wav", data))


def test_a_file_that_is_not_there_is_missing(tmp_path: Path) -> None:
    """The row then says which file it was."""
    with pytest.raises(Missing, match=r"a\.wav is not in the spool"):
        shape_of(tmp_path / "a.wav")


def test_after_the_end_of_a_voice_comes_silence(tmp_path: Path) -> None:
    """The shorter voice is filled up to the longer."""
    with WavReader(shape_of(lay(tmp_path / "a.wav", asterisk_wav(b"\1\2" * 3)))) as reader:
        assert [reader.read(2), reader.read(2), reader.read(1)] == [b"\1\2" * 2, b"\1\2\0\0", b"\0\0"]
