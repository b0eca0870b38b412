"""Conditional requests and content negotiation, against the RFC's own examples."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.http.compression import accepts_gzip, gzip_bytes
from api.http.etags import if_match, if_none_match, strong_etag


@pytest.mark.parametrize(
    ("one", "other", "strong", "weak"),
    [  # RFC 9110, 8.8.3.2
        ('W/"1"', 'W/"1"', False, True),
        ('W/"1"', 'W/"2"', False, False),
        ('W/"1"', '"1"', False, True),
        ('"1"', '"1"', True, True),
    ],
)
def test_comparisons_are_the_rfc_s(one: str, other: str, strong: bool, weak: bool) -> None:
    assert if_none_match(other, one) is weak
    assert if_match(other, one) is strong


@given(st.lists(st.text(st.characters(min_codepoint=0x23, max_codepoint=0x7E)), max_size=5))
def test_a_tag_in_a_list_is_found_whatever_stands_beside_it(others: list[str]) -> None:
    header = ", ".join(f'"{other}"' for other in [*others, "mine"])
    assert if_none_match(header, '"mine"')
    assert if_match(header, '"mine"')
    assert if_none_match(header, '"mi"') is ("mi" in others)


@given(st.text())
def test_no_header_is_too_strange(header: str) -> None:
    if_none_match(header, '"a"')
    if_match(header, '"a"')
    accepts_gzip(header)


def test_if_match_without_the_thing() -> None:
    assert if_match(None, None)
    assert not if_match("*", None)
    assert not if_match('"a"', None)


def test_parts_do_not_run_into_each_other() -> None:
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
def test_gzip_is_sent_to_those_who_take_it(header: str | None, accepted: bool) -> None:
    assert accepts_gzip(header) is accepted


@given(st.binary())
def test_gzip_comes_back(body: bytes) -> None:
    assert gzip.decompress(gzip_bytes(body)) == body
