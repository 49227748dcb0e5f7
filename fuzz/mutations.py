"""Inputs made of good ones by damage that knows their structure.

Lengths and checksums stay right where that lets more of a reader be reached, and are wrong elsewhere. All of it is a
function of the content and of a generator of random numbers, so that any engine can drive it.
"""

import copy
import json
import struct
import zlib
from collections.abc import Callable
from random import Random
from typing import Any

from crnn_seq2seq_ocr.data.formats.tfrecord import HEAD, frame

Mutation = Callable[[bytes, Random], bytes]

EXTREME = [b"\0" * 4, b"\xff" * 4, b"\xff" * 8, b"\x7f\xff\xff\xff", b"\x80\0\0\0", b"\xff\xff\xff\x7f", b"\0" * 8]
# fmt: off
WORDS = [b"[" * 2000, b"{" * 500, b"-1", b"1e999", b"NaN", b"1" * 5000, b"null", b"\x1b[2J", b"\xed\xa0\x80",
         b"0x_", b"2001-99-99", b"!!int abc", b'"', b"'", b",", b"\t", b"\r\n", b"\0", b"\xef\xbb\xbf", b"\xff\xfe",
         b"|", b"../", b"=", b"&a ", b"*a", b"<<: *a", b"?text=", b"\xe2\x80\xa8", b"\xc2\x9b", b"(a*)*", b"{1,9999}"]
VALUES: list[Any] = [None, True, -1, 0, 2**31, 2**63, 2**64, 10**30, 1e308, float("nan"), float("inf"), "", "x", "\0",
                     "\x1b[2J", "\udc80", [], {}, [[]], [0] * 300, "9" * 5000, {"": ""}, "../../x", [-1], ["a", 1]]
NUMBERS = [0, 1, 2, 127, 128, 2**16, 2**31 - 1, 2**31, 2**32 - 1, 2**62, 2**63, 2**64 - 1]
# fmt: on


def damaged(content: bytes, chance: Random) -> bytes:
    """Change bytes up to eight times: turn bits, make numbers extreme, cut pieces out, repeat or move them."""
    changed = bytearray(content)
    for _ in range(chance.randint(1, 8)):
        place, length = chance.randint(0, len(changed)), chance.randint(1, 16)
        match chance.randrange(8):
            case 0 if place < len(changed):
                changed[place] ^= 1 << chance.randrange(8)
            case 1:
                extreme = chance.choice(EXTREME)
                changed[place : place + len(extreme)] = extreme
            case 2:
                del changed[place : place + length]
            case 3:
                changed[place:place] = chance.choice(WORDS)
            case 4:
                changed[place:place] = changed[place : place + length] * chance.randint(1, 50)
            case 5:
                del changed[place:]
            case 6:
                start = chance.randint(0, len(changed))
                changed[place:place] = changed[start : start + 8 * length]
            case _:
                changed[place : place + length] = chance.randbytes(length)
    return bytes(changed)


def damaged_json(content: bytes, chance: Random) -> bytes:
    """Replace a value somewhere in JSON, leave it out or move it; change bytes where it is none."""
    try:
        whole = json.loads(content)
    except (ValueError, RecursionError):
        return damaged(content, chance)
    if chance.random() < 0.2 or not isinstance(whole, dict | list):
        return damaged(content, chance)
    for _ in range(chance.randint(1, 3)):
        _change_inside(whole, chance)
    return json.dumps(whole, ensure_ascii=chance.random() < 0.5).encode("utf-8", "surrogatepass")


def _change_inside(value: Any, chance: Random) -> None:
    """Change one value of an object or a list, or of those within."""
    places = list(value) if isinstance(value, dict) else list(range(len(value)))
    if not places:
        return
    place = chance.choice(places)
    inner = value[place]
    if isinstance(inner, dict | list) and inner and chance.random() < 0.7:
        _change_inside(inner, chance)
        return
    match chance.randrange(4):
        case 0:
            del value[place]
        case 1:
            value[place] = copy.deepcopy(value[chance.choice(places)])
        case 2 if isinstance(value, dict):
            value[str(chance.choice(VALUES))] = inner
        case _:
            value[place] = chance.choice(VALUES)


def damaged_json_lines(content: bytes, chance: Random) -> bytes:
    """Change one line of JSON as `damaged_json` does, or any bytes."""
    lines = content.split(b"\n")
    if chance.random() < 0.3:
        return damaged(content, chance)
    place = chance.randrange(len(lines))
    lines[place] = damaged_json(lines[place], chance)
    return b"\n".join(lines)


def damaged_after_length(content: bytes, chance: Random) -> bytes:
    """Change JSON after its length in eight bytes, as safetensors and MindRecord begin; the length is put right."""
    length = int.from_bytes(content[:8], "little")
    if chance.random() < 0.3 or not 8 < length + 8 <= len(content):
        return damaged(content, chance)
    head = damaged_json(content[8 : 8 + length], chance)
    return len(head).to_bytes(8, "little") + head + content[8 + length :]


def damaged_frames(content: bytes, chance: Random) -> bytes:
    """Change records of a TFRecord file, with lengths and checksums put right."""
    records, place = [], 0
    while place + HEAD.size + 4 <= len(content):
        length = HEAD.unpack_from(content, place)[0]
        if place + HEAD.size + length + 4 > len(content):
            break
        records.append(content[place + HEAD.size : place + HEAD.size + length])
        place += HEAD.size + length + 4
    if not records or chance.random() < 0.3:
        return damaged(content, chance)
    number = chance.randrange(len(records))
    records[number] = damaged_protobuf(records[number], chance)
    return b"".join(map(frame, records)) + content[place:]


def damaged_png(content: bytes, chance: Random) -> bytes:
    """Change chunks of a PNG, leave some out or repeat them, with lengths and checksums put right."""
    chunks, place = [], 8
    while place + 12 <= len(content):
        length = int.from_bytes(content[place : place + 4], "big")
        if place + 12 + length > len(content):
            break
        chunks.append((content[place + 4 : place + 8], content[place + 8 : place + 8 + length]))
        place += 12 + length
    if not content.startswith(b"\x89PNG") or not chunks or chance.random() < 0.3:
        return damaged(content, chance)
    number = chance.randrange(len(chunks))
    kind, data = chunks[number]
    match chance.randrange(6):
        case 0:
            chunks.insert(chance.randint(0, len(chunks)), (kind, data))
        case 1:
            del chunks[number]
        case 2 if kind == b"IDAT":
            chunks[number] = kind, zlib.compress(damaged(_inflated(data), chance))
        case 3:
            new = chance.choice([b"PLTE", b"tRNS", b"iCCP", b"eXIf", b"acTL", b"fdAT", b"gAMA", b"zTXt", b"IEND"])
            chunks.insert(number, (new, chance.randbytes(chance.randint(0, 40))))
        case _:
            chunks[number] = kind, damaged(data, chance)
    packed = (struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in chunks)
    return content[:8] + b"".join(packed)


def _inflated(data: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(data, 1 << 20)
    except zlib.error:
        return data


def damaged_protobuf(content: bytes, chance: Random) -> bytes:
    """Change a field of a protocol buffer, or of a message within; the lengths around it are put right."""
    fields = _fields(content)
    if fields is None or not fields or chance.random() < 0.15:
        return damaged(content, chance)
    place = chance.randrange(len(fields))
    number, kind, value = fields[place]
    match chance.randrange(10):
        case 0:
            del fields[place]
        case 1:
            fields.insert(chance.randint(0, len(fields)), fields[place])
        case 2:
            fields[place] = chance.choice([number + 1, max(1, number - 1), chance.randint(1, 20)]), kind, value
        case 3 | 4 if kind == 0:
            fields[place] = number, kind, chance.choice(NUMBERS)
        case _ if kind == 2:
            fields[place] = number, kind, damaged_protobuf(value, chance)
        case _:
            fields[place] = number, 0, chance.choice(NUMBERS)
    return b"".join(_packed(*field) for field in fields)


def _fields(content: bytes) -> list[tuple[int, int, Any]] | None:
    """Return number, kind and value of each field; None where it is no protocol buffer."""
    fields, place = [], 0
    try:
        while place < len(content):
            key, place = _number(content, place)
            kind = key & 7
            value: Any
            if kind == 0:
                value, place = _number(content, place)
            else:
                length = {1: 8, 5: 4}.get(kind)
                if kind == 2:
                    length, place = _number(content, place)
                if length is None or place + length > len(content) or not key >> 3:
                    return None
                value, place = content[place : place + length], place + length
            fields.append((key >> 3, kind, value))
    except IndexError:
        return None
    return fields


def _number(content: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = content[place]
        value, shift, place = value | (byte & 127) << shift, shift + 7, place + 1
        if byte < 128 or shift > 63:
            return value, place


def _packed(number: int, kind: int, value: Any) -> bytes:
    head = _varint(number << 3 | kind)
    if kind == 0:
        return head + _varint(value)
    return head + (_varint(len(value)) if kind == 2 else b"") + bytes(value)


def _varint(number: int) -> bytes:
    digits = bytearray()
    while number > 127:
        digits.append(number & 127 | 128)
        number >>= 7
    return bytes(digits) + bytes([number])
