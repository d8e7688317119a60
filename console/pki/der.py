"""Just enough DER to cut a value out of hostile bytes. Everything else is cryptography's and OpenSSL's work."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Element:
    """One tag-length-value; `end` is the offset after it in the bytes it was read from."""

    tag: int
    content: bytes
    whole: bytes
    end: int


def read_header(data: bytes, offset: int, limit: int) -> tuple[int, int, int]:
    """Tag of the element at `offset`, where its content begins, and where it ends: at `limit` at the latest.

    Raises ValueError where length or tag don't make sense (indefinite forms included).
    """
    start = offset + 2
    if offset < 0 or start > limit:
        raise ValueError("DER ends too early")
    tag, length = data[offset], data[offset + 1]
    if tag & 0x1F == 0x1F:
        raise ValueError("a DER tag of more than one byte")
    if length >= 0x80:
        octets = length & 0x7F
        if not 1 <= octets <= 4:
            raise ValueError("a DER length that can't be")
        if start + octets > limit:
            raise ValueError("DER ends too early")
        length = int.from_bytes(data[start : start + octets], "big")
        start += octets
    end = start + length
    if end > limit:
        raise ValueError("DER ends too early")
    return tag, start, end


def read_element(data: bytes, offset: int = 0) -> Element:
    """The element at `offset`. Raises ValueError."""
    tag, start, end = read_header(data, offset, len(data))
    return Element(tag, data[start:end], data[offset:end], end)


def read_sequence(data: bytes) -> tuple[Element, ...]:
    """The elements that lie one after another in `data`. Raises ValueError."""
    elements: list[Element] = []
    offset = 0
    while offset < len(data):
        element = read_element(data, offset)
        elements.append(element)
        offset = element.end
    return tuple(elements)


def dotted_oid(content: bytes) -> str:
    """The content of an OBJECT IDENTIFIER as `1.3.6…`. Raises ValueError."""
    if not content or content[-1] & 0x80 or len(content) > 64:
        raise ValueError("an object identifier that can't be")
    numbers: list[int] = []
    value = 0
    for octet in content:
        value = value << 7 | octet & 0x7F
        if not octet & 0x80:
            numbers.append(value)
            value = 0
    first = min(numbers[0] // 40, 2)
    return ".".join(str(number) for number in (first, numbers[0] - 40 * first, *numbers[1:]))
