"""Letters of other scripts that look like Latin ones.

A name that mixes them within a word is refused (:func:`mixed_word`); one written in them alone, as
many Cyrillic and Greek words are, is the same name as its Latin look-alike (:func:`skeleton`).

The pairs are from https://www.unicode.org/reports/tr39/#Confusable_Detection; mixing follows its
restriction levels, for the alphabets whose letters resemble Latin. Python's library has no scripts,
but the first word of a letter's name is one.
"""

import re
import unicodedata
from collections.abc import Iterator

from api.db.normalization import normalize

# ruff: noqa: RUF001 - this is about such letters

_ALPHABETS = {
    "CYRILLIC": (
        "АВЕЅІЈКМНОРСТУХԚԜаеорсухѕіјԛԝһӏԁ",
        "ABESIJKMHOPCTYXQWaeopcyxsijqwhld",
    ),
    "GREEK": ("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧαικνορυϲϳ", "ABEZHIKMNOPTYXaikvopucj"),
    "ARMENIAN": ("ՕՍՏոհսօցզ", "OUSnhuogq"),
    "CHEROKEE": ("ᎪᏴᏟᎠᎬᏀᎻᎫᏦᏞᎷᏢᎡᏚᎢᏙᎳᏃᎩ", "ABCDEGHJKLMPRSTVWZY"),
}
_SCRIPTS = frozenset(("LATIN", "COPTIC", *_ALPHABETS))
_LATIN = {
    ord(letter): latin
    for letters, shown in _ALPHABETS.values()
    for letter, latin in zip(letters, shown, strict=True)
}
_OTHERS = [
    {latin: letter for letter, latin in zip(letters, shown, strict=True)}
    for letters, shown in _ALPHABETS.values()
]
_WORD = re.compile(r"[^\W\d_]{2,}")


def _script(letter: str) -> str:
    return unicodedata.name(letter, "").partition(" ")[0]


def mixed_word(text: str) -> str | None:
    """Return the first word with letters of two alphabets that resemble each other.

    Examples
    --------
    >>> mixed_word("Dry G\\u0456n"), mixed_word("Мохито Fresh"), mixed_word("梅酒 Spritz")
    ('Gіn', None, None)
    """
    if text.isascii():
        return None
    for word in _WORD.findall(normalize("NFC", text)):
        if not word.isascii() and len(_SCRIPTS & {_script(letter) for letter in word}) > 1:
            return str(word)
    return None


def unmixed(text: str) -> str:
    """Return a text with each word that mixes such alphabets in the one of most of its letters.

    A word with letters that have no look-alike there stays as it is.

    Examples
    --------
    >>> unmixed("Dry G\\u0456n").isascii(), mixed_word(unmixed("М\\u006fхито")) is None
    (True, True)
    """

    def repaired(match: re.Match[str]) -> str:
        word = match[0]
        if mixed_word(word) is None:
            return word
        latin = sum(letter.isascii() for letter in word)
        readings = [word.translate(_LATIN)]
        for letters in _OTHERS:
            readings.insert(0 if 2 * latin < len(word) else 1,
                            "".join(letters.get(letter, letter) for letter in word))  # fmt: skip
        return next((one for one in readings if mixed_word(one) is None), word)

    return _WORD.sub(repaired, normalize("NFC", text))


def skeleton(text: str) -> str:
    """Return the Latin look-alike of a text; the text itself if a letter of it has none.

    Examples
    --------
    >>> skeleton("\\u0421\\u043e\\u0441\\u0430"), skeleton("Сок")
    ('Coca', 'Сок')
    """
    if text.isascii():
        return text
    shown = text.translate(_LATIN)
    plain = all(letter.isascii() for letter in shown if letter.isalpha())
    return shown if plain else text


def look_alikes(text: str) -> Iterator[str]:
    """Yield the look-alikes of a text in Latin and in each other alphabet that has its letters.

    Examples
    --------
    >>> len(set(look_alikes("Coca"))), list(look_alikes("Gin"))
    (2, [])
    """
    latin = skeleton(text)
    if latin != text:
        yield latin
    for letters in _OTHERS:
        # A name may have the other case there: ВАМ is bam, though b has no small look-alike.
        for first, second in ((str.lower, str.upper), (str.upper, str.lower)):
            made = [
                letters.get(mark) or letters.get(first(mark)) or letters.get(second(mark))
                if mark.isalpha()
                else mark
                for mark in latin
            ]
            if any(mark.isalpha() for mark in latin) and None not in made:
                yield "".join(str(mark) for mark in made)
