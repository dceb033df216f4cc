"""Rows read from the pages of an SQLite file and its log, without SQLite: for damaged files.

Every page image is looked at, wherever it is and whatever the trees above it say; a page that does
not parse gives nothing, a cell that does not parse is passed over. Old images of a page come with
newer ones, so the same row may come several times: who reads must know which is right.

Source: "Database File Format", https://sqlite.org/fileformat2.html, sections 1.3 (header), 1.6
(b-tree pages), 2.1 (records) and 4.1 (write-ahead log).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from pathlib import Path

Value = int | float | str | bytes | None
Record = tuple[Value, ...]

MAGIC = b"SQLite format 3\x00"
PAGE_SIZE = 4096  # what Luthier's files have, where the header is gone

_TABLE_LEAF, _INDEX_LEAF, _INDEX_INTERIOR = 13, 10, 2
_INTEGERS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}
_WAL_HEADER, _FRAME_HEADER = 32, 24


class Pages:
    """The page images of a database file and of its write-ahead log.

    Args:
        path: the file; its log, if there is one, lies beside it.
    """

    def __init__(self, path: Path) -> None:
        content = path.read_bytes()
        log = path.with_name(path.name + "-wal")
        self._images = list(_split(content, _page_size(content)))
        if log.exists():
            self._images += _frames(log.read_bytes())
        self._oldest: dict[int, bytes] = {}
        self._newest: dict[int, bytes] = {}
        for number, image in self._images:
            self._oldest.setdefault(number, image)
            self._newest[number] = image

    def records(self) -> Iterator[tuple[int, Record]]:
        """Rowid (0 in an index) and columns of every record that can be found."""
        for number, image in self._images:
            for kind, cell in _cells(image, len(MAGIC) + 84 if number == 1 else 0):
                # A long record goes on in other pages, of which either image may be the right one.
                for pages in (self._newest, self._oldest):
                    try:
                        rowid, payload, is_whole = _payload(image, kind, cell, pages)
                        yield rowid, _columns(payload)
                    except (IndexError, KeyError, ValueError, struct.error):
                        break
                    if is_whole:
                        break


def _page_size(content: bytes) -> int:
    size = int.from_bytes(content[16:18], "big") if content.startswith(MAGIC) else PAGE_SIZE
    size = 65536 if size == 1 else size
    return size if size >= 512 and size & (size - 1) == 0 else PAGE_SIZE


def _split(content: bytes, size: int) -> Iterator[tuple[int, bytes]]:
    for number, start in enumerate(range(0, len(content), size), start=1):
        yield number, content[start : start + size].ljust(size, b"\0")


def _frames(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Page images of a log, those of older generations included."""
    size = int.from_bytes(content[8:12], "big")
    if size < 512 or size & (size - 1) or size > 65536:
        size = PAGE_SIZE
    for start in range(_WAL_HEADER, len(content) - _FRAME_HEADER, _FRAME_HEADER + size):
        number = int.from_bytes(content[start : start + 4], "big")
        image = content[start + _FRAME_HEADER : start + _FRAME_HEADER + size]
        yield number, image.ljust(size, b"\0")


def _cells(image: bytes, header: int) -> Iterator[tuple[int, int]]:
    """Kind of the page and offset of each of its cells that hold a record."""
    kind = image[header]
    if kind not in (_TABLE_LEAF, _INDEX_LEAF, _INDEX_INTERIOR):
        return
    first = header + (12 if kind == _INDEX_INTERIOR else 8)
    count = min(int.from_bytes(image[header + 3 : header + 5], "big"), len(image) // 4)
    for position in range(first, min(first + 2 * count, len(image) - 1), 2):
        yield kind, int.from_bytes(image[position : position + 2], "big")


def _payload(
    image: bytes, kind: int, cell: int, pages: Mapping[int, bytes]
) -> tuple[int, bytes, bool]:
    """Rowid and record of a cell, and whether all of it lay in its own page."""
    position = cell + (4 if kind == _INDEX_INTERIOR else 0)
    size, position = _varint(image, position)
    rowid = 0
    if kind == _TABLE_LEAF:
        rowid, position = _varint(image, position)
    local = _local(size, kind, len(image))
    parts = [image[position : position + local]]
    if local == size:
        return rowid, parts[0], True
    following = int.from_bytes(image[position + local : position + local + 4], "big")
    missing = size - local
    while missing > 0:
        page = pages[following]
        parts.append(page[4 : 4 + missing])
        missing -= len(page) - 4
        following = int.from_bytes(page[:4], "big")
    return rowid, b"".join(parts), False


def _local(size: int, kind: int, page: int) -> int:
    """How many bytes of a record of `size` lie in its own page."""
    most = page - 35 if kind == _TABLE_LEAF else (page - 12) * 64 // 255 - 23
    if size <= most:
        return size
    least = (page - 12) * 32 // 255 - 23
    fitting = least + (size - least) % (page - 4)
    return fitting if fitting <= most else least


def _columns(payload: bytes) -> Record:
    """The values of a record."""
    end, position = _varint(payload, 0)
    start = end
    columns: list[Value] = []
    while position < end:
        kind, position = _varint(payload, position)
        size = _size(kind)
        if start + size > len(payload):
            raise ValueError("a record that is cut off")
        columns.append(_value(kind, payload[start : start + size]))
        start += size
    return tuple(columns)


def _size(kind: int) -> int:
    if kind >= 12:
        return (kind - 12) // 2
    return {0: 0, 7: 8, 8: 0, 9: 0, **_INTEGERS}[kind]


def _value(kind: int, content: bytes) -> Value:
    if kind >= 12:
        return content.decode() if kind % 2 else content
    if kind == 0:
        return None
    if kind == 7:
        return float(struct.unpack(">d", content)[0])
    return kind - 8 if kind in (8, 9) else int.from_bytes(content, "big", signed=True)


def _varint(content: bytes, position: int) -> tuple[int, int]:
    """A number of one to nine bytes, and where it ends."""
    value = 0
    for _ in range(8):
        byte = content[position]
        position += 1
        value = value << 7 | byte & 127
        if byte < 128:
            return value, position
    return value << 8 | content[position], position + 1
