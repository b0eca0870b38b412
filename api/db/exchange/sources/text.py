"""Bytes to text, whatever program saved them."""

import codecs
import re

from charset_normalizer import from_bytes

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
#: What spreadsheets save, by region.
_CODE_PAGES = ["cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1257", "mac_roman", "cp932"]
#: With fewer letters than this beyond ASCII, a guess is worse than the commonest code page.
_ENOUGH_TO_GUESS = 40
#: In cp1252 no letters that stand between small ones: quotes, dashes, capitals. Apostrophes do.
_SIGNS_OF_WINDOWS = {bytes([code]) for code in range(0x80, 0xA0)} - {b"\x91", b"\x92", b"\x9a",
                                                                   b"\x9c", b"\x9e"}  # fmt: skip
#: What is no file is called, in errors.
STREAMS = ("body", "standard input")


def decode(data: bytes) -> str:
    """Return the text of a file in UTF-8, UTF-16 or a code page.

    Examples
    --------
    >>> decode("Café".encode("cp1252")), decode("Café".encode("utf-16"))
    ('Café', 'Café')
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    else:
        if text[:200].count("\0") * 5 < len(text[:200]):
            return text  # not UTF-16, in which half of the bytes are zero
    if b"\0" in data[:200]:
        little = data[1:200:2].count(0) >= data[0:200:2].count(0)
        return data.decode("utf-16-le" if little else "utf-16-be", "replace")
    if _is_of_a_mac(data):
        return data.decode("mac_roman")
    if _is_japanese(data):
        return data.decode("cp932")
    beyond_ascii = sum(byte > 127 for byte in data)
    if beyond_ascii >= _ENOUGH_TO_GUESS:
        found = from_bytes(data, cp_isolation=_CODE_PAGES).best()
        if found is not None:
            return str(found)
    return data.decode("cp1252", "replace")


def _is_of_a_mac(data: bytes) -> bool:
    """Return whether letters between small ones are small in Mac Roman and signs in cp1252.

    Excel on a Mac saves "CSV" in Mac Roman. Its most letters are where cp1252 has signs.
    """
    if len(re.findall(rb"[\x80-\xff]{2}", data)) * 5 > sum(byte > 127 for byte in data):
        return False  # scripts with two bytes a letter
    inner = re.findall(rb"(?<=[a-z])[\x80-\xff](?=[a-z])", data)
    signs = sum(one in _SIGNS_OF_WINDOWS for one in inner)
    return signs > 0 and 2 * signs > len(inner)


def _is_japanese(data: bytes) -> bool:
    """Return whether the text is Shift-JIS: read so, many of its letters are kana."""
    try:
        letters = [mark for mark in data.decode("cp932") if not mark.isascii()]
    except UnicodeDecodeError:
        return False
    return 3 * sum("\u3040" <= mark <= "\u30ff" for mark in letters) > len(letters)


def stem_of(name: str) -> str:
    """Return what a file or a sheet is called, for a recipe without another name; "" for a stream.

    Examples
    --------
    >>> stem_of("bar/gin-fizz.md"), stem_of("bar.xlsx, sheet Negroni")
    ('gin-fizz', 'Negroni')
    """
    if name in STREAMS:
        return ""
    _, sheet, title = name.rpartition(", sheet ")
    if sheet:
        return title
    last = name.replace("\\", "/").rpartition("/")[2]
    return last.rpartition(".")[0] or last
