"""One file of the trace: gzip, one line a decision; also the uncompressed files of earlier releases, for reading.

Decides nothing. What is written can be read at once, by `zcat` too, and after a crash: a file may lack its end, so a
new engine begins a new one instead of going on in it.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterable, Iterator
from os import SEEK_END
from pathlib import Path
from typing import BinaryIO

import msgspec

from dialer.pacing.traced import LineReader, LineWriter, TracedDecision

_AS_GZIP = 31
"""zlib's window of 32 KB with a gzip header and sum around it."""


class TraceUnreadable(Exception):
    """A trace, or a line of it, can't be read; the message names file, line, field and reason."""


class TraceFile:
    """A new file. One in which the disk refused to write must not be written any more.

    Args:
        path: made with the first write; must not exist, its folder must.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._gzip = zlib.compressobj(wbits=_AS_GZIP)
        self._lines = LineWriter()
        self.size = 0

    def write(self, decisions: Iterable[TracedDecision]) -> None:
        """Append `decisions`. They are handed to the system whole: a crash afterwards loses none of them.

        Raises:
            OSError: the disk refused, or the file is gone.
        """
        said = b"".join(self._gzip.compress(self._lines.line(one)) for one in decisions)
        self._append(said + self._gzip.flush(zlib.Z_SYNC_FLUSH))

    def close(self) -> None:
        """End the file.

        Raises:
            OSError: as for `write`.
        """
        self._append(self._gzip.flush(zlib.Z_FINISH))

    def _append(self, said: bytes) -> None:
        with self._path.open("r+b" if self.size else "xb") as file:
            file.seek(0, SEEK_END)
            file.write(said)
        self.size += len(said)


def read_trace(path: Path) -> Iterator[TracedDecision]:
    """The decisions of a file, in their order. A file whose end is missing ends with its last whole line.

    Raises:
        TraceUnreadable: the line, the field and what is wrong with it; also when the file can't be read.
    """
    packed = path.suffix == ".gz"
    read: Callable[[bytes], TracedDecision]
    read = LineReader().read if packed else msgspec.json.Decoder(TracedDecision).decode
    number = 0
    try:
        with _opened(path, packed) as file:
            for line in _whole(file) if packed else file:
                number += 1
                yield read(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise TraceUnreadable(f"{path.name}, line {number}: {error}") from error
    except LookupError as error:
        raise TraceUnreadable(f"{path.name}, line {number}: it goes on from a line that is missing") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise TraceUnreadable(f"{path.name}, after line {number}: {error}") from error
    except OSError as error:
        raise TraceUnreadable(f"{path.name}: {error.strerror}") from error


def _opened(path: Path, packed: bool) -> BinaryIO | gzip.GzipFile:
    return gzip.open(path, "rb") if packed else path.open("rb")


def _whole(file: Iterable[bytes]) -> Iterator[bytes]:
    """The lines up to where a crash cut the file."""
    lines = iter(file)
    while True:
        try:
            line = next(lines, None)
        except EOFError:
            return
        if line is None or not line.endswith(b"\n"):
            return
        yield line
