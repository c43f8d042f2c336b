"""Thrift's compact protocol, read field by field: Parquet's footer is written in it."""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum


class Kind(IntEnum):
    """Of a value, as the bytes before it say."""

    TRUE = 1
    FALSE = 2
    BYTE = 3
    INT16 = 4
    INT32 = 5
    INT64 = 6
    DOUBLE = 7
    BINARY = 8
    LIST = 9
    SET = 10
    MAP = 11
    STRUCT = 12


_INTEGERS = (Kind.INT16, Kind.INT32, Kind.INT64)
_LONGEST_VARINT = 10


class CompactReader:
    """Goes through `data` once. Nothing is made of what is skipped.

    Every method raises IndexError at the end of the data and ValueError for what the protocol does not know, and
    RecursionError where structs lie too deep in each other.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def fields(self) -> Iterator[tuple[int, int]]:
        """The id and the kind of each field of a struct; its value must be read or skipped before the next."""
        number = 0
        while head := self._byte():
            delta, kind = head >> 4, head & 15
            number = number + delta if delta else self.integer()
            yield number, kind

    def elements(self) -> Iterator[int]:
        """The kind of each element of a list; it must be read or skipped before the next."""
        head = self._byte()
        for _ in range(self._counted(head >> 4 if head >> 4 < 15 else self._varint())):
            yield head & 15

    def integer(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)

    def text(self) -> str:
        length = self._varint()
        start = self.at
        self.at += length
        return self.data[start : self.at].decode("utf-8", "replace")

    def skip(self, kind: int, in_list: bool = False) -> None:
        """in_list: a truth is a byte there, where a field has it in its kind."""
        if kind in _INTEGERS:
            self._varint()
        elif kind == Kind.BINARY:
            length = self._varint()
            self.at += length
        elif kind == Kind.STRUCT:
            for _, inner in self.fields():
                self.skip(inner)
        elif kind in (Kind.LIST, Kind.SET):
            for inner in self.elements():
                self.skip(inner, in_list=True)
        elif kind == Kind.MAP:
            self._skip_map()
        elif kind in (Kind.BYTE, Kind.DOUBLE, Kind.TRUE, Kind.FALSE):
            self.at += 8 if kind == Kind.DOUBLE else kind == Kind.BYTE or in_list
        else:
            raise ValueError(f"there is no kind {kind} of value")

    def _skip_map(self) -> None:
        count = self._counted(self._varint())
        kinds = self._byte() if count else 0
        for _ in range(count):
            self.skip(kinds >> 4, in_list=True)
            self.skip(kinds & 15, in_list=True)

    def _counted(self, count: int) -> int:
        """Each element takes a byte at least: a count that lies must not have us go on for years."""
        if count > len(self.data) - self.at:
            raise ValueError(f"{count} elements do not fit into it")
        return count

    def _byte(self) -> int:
        byte = self.data[self.at]
        self.at += 1
        return byte

    def _varint(self) -> int:
        value = 0
        for place in range(_LONGEST_VARINT):
            byte = self._byte()
            value |= (byte & 0x7F) << (7 * place)
            if byte < 0x80:
                return value
        raise ValueError("a number goes on for too long")
