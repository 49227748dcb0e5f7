"""Inputs made of good ones: bits turned, numbers made extreme, pieces cut out, repeated or put elsewhere."""

from hypothesis import strategies as st

EXTREME = [b"\0" * 4, b"\xff" * 4, b"\xff" * 8, b"\x7f\xff\xff\xff", b"\x80\0\0\0", b"\xff\xff\xff\x7f", b"\0" * 8]
# fmt: off
WORDS = [b"[" * 2000, b"{" * 500, b"-1", b"1e999", b"NaN", b"1" * 5000, b"null", b"\x1b[2J", b"\xed\xa0\x80",
         b"0x_", b"2001-99-99", b"!!int abc", b'"', b"'", b",", b"\t", b"\r\n", b"\0", b"\xef\xbb\xbf", b"\xff\xfe"]
# fmt: on


@st.composite
def changed(draw: st.DrawFn, seeds: list[bytes]) -> bytes:
    """Apply up to eight changes to a good input."""
    content = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(1, 8))):
        place = draw(st.integers(0, len(content)))
        kind = draw(st.integers(0, 6))
        length = draw(st.integers(1, 16))
        if kind == 0 and place < len(content):
            content[place] ^= 1 << draw(st.integers(0, 7))
        elif kind == 1:
            extreme = draw(st.sampled_from(EXTREME))
            content[place : place + len(extreme)] = extreme
        elif kind == 2:
            del content[place : place + length]
        elif kind == 3:
            content[place:place] = draw(st.sampled_from(WORDS))
        elif kind == 4:
            content[place:place] = content[place : place + length] * draw(st.integers(1, 50))
        elif kind == 5:
            del content[place:]
        else:
            content[place : place + length] = draw(st.binary(min_size=1, max_size=16))
    return bytes(content)
