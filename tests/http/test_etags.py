"""Conditional requests and content negotiation, against the RFC's own examples."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.http.compression import accepts_gzip, gzip_bytes
from api.http.etags import if_none_match, strong_etag


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [  # RFC 9110, 8.8.3.2
        ('W/"1"', 'W/"1"', True),
        ('W/"1"', 'W/"2"', False),
        ('W/"1"', '"1"', True),
        ('"1"', '"1"', True),
    ],
)
def test_comparison_is_the_weak_one(one: str, other: str, equal: bool) -> None:
    assert if_none_match(other, one) is equal


@given(st.lists(st.text(st.characters(min_codepoint=0x23, max_codepoint=0x7E)), max_size=5))
def test_tag_is_found_among_others(others: list[str]) -> None:
    header = ", ".join(f'"{other}"' for other in [*others, "mine"])
    assert if_none_match(header, '"mine"')
    assert if_none_match(header, '"mi"') is ("mi" in others)


@given(st.text())
def test_any_header_is_parsed(header: str) -> None:
    if_none_match(header, '"a"')
    accepts_gzip(header)


def test_etag_keeps_parts_apart() -> None:
    assert strong_etag(b"ab", b"c") != strong_etag(b"a", b"bc")
    assert strong_etag(b"ab") == strong_etag(b"ab")


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        (None, False), ("", False), ("gzip", True), ("GZIP", True), ("gzip;q=1.0", True),
        ("gzip; q=0", False), ("gzip;q=0.000", False), ("deflate, gzip;q=0.5", True),
        ("*", True), ("*;q=0", False), ("identity", False), ("gzip;q=0, *", False),
        ("gzipped", False), ("gzip;q=x", False),
    ],
)  # fmt: skip
def test_accept_encoding_decides_gzip(header: str | None, accepted: bool) -> None:
    assert accepts_gzip(header) is accepted


@given(st.binary())
def test_gzip_round_trips(body: bytes) -> None:
    assert gzip.decompress(gzip_bytes(body)) == body
