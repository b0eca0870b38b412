"""Amounts as people write them: ``1 1/2 oz``, ``½``, ``2,5 cl``, ``juice of 1/2``, ``top up``.

:func:`parse_measure` reads the measure of an ingredient that is named elsewhere;
:func:`parse_line` reads a whole line, such as ``2 dashes orange bitters``. Both accept any text and
never fail: what they cannot read has ``understood`` False.
"""

import re
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

from api.db.normalization import normalize
from api.db.rules import LARGEST_AMOUNT
from api.db.search_names import fold
from api.db.taxonomy.units import find_unit
from api.db.taxonomy.words import descriptions

Form = Literal["juice", "peel", "garnish"]


@dataclass(frozen=True)
class Measure:
    """What a text says about an amount.

    Attributes
    ----------
    low, high
        The amount, or the ends of its range; None where no number is given.
    unit
        A name of ``taxonomy/units.csv``; None where no unit is given. A bare unit of volume or
        weight has no amount and is not understood.
    rest
        The words that are no amount: ``white`` of ``1 oz white``, the ingredient of a line.
    form
        The part that is used: ``juice of 1/2``, ``twist of``; ``garnish`` if it only decorates.
    understood
        False if the text holds nothing that is known to be an amount.
    """

    low: float | None = None
    high: float | None = None
    unit: str | None = None
    rest: str = ""
    form: Form | None = None
    understood: bool = True

    @property
    def amount(self) -> float | None:
        """The amount; the middle of a range."""
        if self.low is None or self.high is None or self.low == self.high:
            return self.low
        return (self.low + self.high) / 2


#: Without a number these say nothing, where 'dash', 'teaspoon' and 'slice' are one of it.
NEED_A_NUMBER = frozenset(
    ("Milliliter", "Centiliter", "Deciliter", "Liter", "Ounce", "Pound", "Gram", "Kilogram", "Cup",
     "Pint", "Quart", "Gallon", "Gill")
)  # fmt: skip
#: Unicode writes ½ as 1, this and 2.
_SLASH = "\u2044"
#: A longer text is no line of a recipe, and is not read; the cost grows with the square.
_MAX_LINE = 1_000
_NUMBER = r"\d+\s+\d+\s*/\s*\d+|\d+\s*/\s*\d+|\d+(?:[.,]\d+)*|[.,]\d+"
_QUANTITY = re.compile(
    rf"(?<![\w.,])(?P<low>{_NUMBER})"
    rf"(?:\s*(?P<link>-|\bto\b|\bor\b|\bbis\b|\ba\b|\bo\b|\bou\b|\boder\b)\s*(?P<high>{_NUMBER}))?"
    # Not an amount: '151 proof', '7-up', '7up', '12 year old', '40 %'.
    r"(?![\d.,/]|e[+-]?\d)(?!\s*-?\s*(?:proof|years?\b|yr|yo\b|up\b|%|°))",
    re.IGNORECASE,
)
_SIZE = re.compile(
    r'(?:\d+|one|two|three)(?:[.,]\d+|/\d+)?\s*-?\s*(?:inch|inches|in|cm|")\s+(?=\w)'
)
_ABOUT = re.compile(
    r"(?:about|approx(?:imately|\.)?|around|roughly|circa|ca\.|add|plus|another|up to|scant|"
    r"generous|heap(?:ed|ing)|rounded|level|good|big|small|large|short|long|healthy|full|fresh|"
    r"thin|thick|medium|whole|barely|extra|very|the|x|of|optional:|~|\u00d7)(?![^\W\d_])[\s.,]*",
    re.IGNORECASE,
)
_WORD_NUMBERS: dict[str, float] = {
    "a": 1, "an": 1, "one": 1, "un": 1, "une": 1, "una": 1, "uno": 1, "ein": 1, "eine": 1,
    "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "ten": 10,
    "half": 0.5, "quarter": 0.25, "deux": 2, "dos": 2, "due": 2, "zwei": 2, "trois": 3, "tres": 3,
    "tre": 3, "drei": 3, "demi": 0.5, "media": 0.5, "halb": 0.5, "halbe": 0.5, "dozen": 12,
    "einer": 1, "einem": 1, "einen": 1, "halben": 0.5, "d'un": 1, "d'une": 1, "couple": 2,
    "mezzo": 0.5, "mezza": 0.5, "medio": 0.5, "meio": 0.5, "meia": 0.5, "um": 1, "uma": 1,
}  # fmt: skip
#: Powers of ten, less than nothing, by nothing, and infinity: the unit beside them is not one unit.
_NO_AMOUNT = re.compile(r"\de[+-]?\d|^-[\d.]|\d\s*/\s*0+(?![\d.,])|\binf(?:inity)?\b|\bnan\b", re.I)
_WORD_NUMBER = re.compile(rf"({'|'.join(_WORD_NUMBERS)})\b\s*(?:a\b|an\b)?\s*", re.IGNORECASE)
#: 'a few dashes' are some three; 'a few' alone is no number.
_FEW = re.compile(r"(?:a\s+)?(?:few|several|some)\s+(?=(?P<word>[^\W\d_]+))", re.IGNORECASE)
_AND_A_HALF = re.compile(r"and\s+(?:a|one)[\s-]+half\s+", re.IGNORECASE)
#: '2 x 25 ml'.
_TIMES = re.compile(rf"(\d+)\s*[x\u00d7*]\s*(?=(?:{_NUMBER})\s*[^\W\d_])", re.IGNORECASE)
#: '1 (12-ounce) bottle'.
_PACKED = re.compile(
    rf"^(\d+)\s*\(\s*({_NUMBER})[\s-]*([^\W\d_]+)\.?\s*\)\s*"
    r"(?:bottle|can|jar|tin|carton|package|packet|box)s?\b(?:\s+of\b)?",
    re.IGNORECASE,
)
#: The mark of a list's entry: a bullet, or '1)' before the amount.
_LIST_MARK = re.compile(
    r"^(?:[\u2022\u00b7\u25aa\u25cf\u25e6\u2023*+-]\s+|\d{1,2}[.)]\s+(?=[\d.]))"
)
#: Of Japanese, where the spoon comes before its number.
_SPOON_FIRST = re.compile(r"^(\u5927\u3055\u3058|\u5c0f\u3055\u3058)\s*([\d/. ]*\d)\s*")
_SPOONS = {"\u5927\u3055\u3058": "tbsp", "\u5c0f\u3055\u3058": "tsp"}
_STRENGTH = re.compile(
    r"^(?:\u00e0|at|mit|de|al)?\s*\d+(?:[.,]\d+)?\s*%\s*(?:abv|vol\.?)?\s*", re.IGNORECASE
)
#: What comes after the ingredient: 'dark rum float', 'bitters (optional)'.
_AFTERTHOUGHT = re.compile(
    r"(?:\s+\(?|,\s*|\s*\()(?:as (?:a )?)?(?:float|floated|optional)\)?$", re.IGNORECASE
)
#: Units that may follow the ingredient without a number: 'absinthe rinse', 'lemon twist'.
_LAST_WORD = re.compile(r"(?:rinse|wedge|twist|slice|wheel|sprig|float)s?", re.IGNORECASE)
_FORMS: tuple[tuple[Form, re.Pattern[str]], ...] = (
    ("garnish", re.compile(r"\(?\b(?:for |to |as )?(?:an? )?(?:garnish|decorat)\w*\)?:?", re.I)),
    ("juice", re.compile(r"^(?:the |le |el |il |o )?(?:fresh )?"
                         r"(?:juice|jus|zumo|jugo|succo|suco|saft)\s+"
                         r"(?:(?:of|from|de|di|von)\b|(?=d'une?\b|eine[rs]\b))"
                         r"|,?\s*\bjuiced\b", re.I)),
    ("peel", re.compile(r"\b(?:twist|peel|zest|rind|spiral)s?\s+(?:of|from)\b", re.I)),
)  # fmt: skip
_KINDS = re.compile(
    "white|black|red|green|yellow|blue|dark|light|gold(?:en)?|sweet(?:ened)?|dry|hard|soft|heavy|"
    "powdered|granulated|superfine|instant|and|or"
)
_TRAILING_UNIT = re.compile(
    r"[\s,:(-]+((?:to|as|for|top|fill|q\.?s|q\.?b|al|optional|auff(?:\u00fc|ue)llen|nach)\b[^\d]*?)\)?\s*$",
    re.IGNORECASE,
)
_TRAILING_AMOUNT = re.compile(
    rf"[\s,:(=-]+((?:{_NUMBER})(?:\s*(?:-|to\b|bis\b)\s*(?:{_NUMBER}))?\s*[^\W\d_]+\.?(?:\s[^\W\d_]+)?)\)?$"
)
_OF = re.compile(
    r"^(?:of|up with|with|(?:avec|con|com)\b(?:\s+de\b)?(?:\s+l[ae']?)?|de la|de|del|di|von|mit|d')"
    r"(?:\b\s*|(?<='))",
    re.IGNORECASE,
)


def parse_measure(text: str) -> Measure:
    """Read the measure of an ingredient that is named elsewhere.

    Examples
    --------
    >>> parse_measure("1 1/2 oz white")
    Measure(low=1.5, high=1.5, unit='Ounce', rest='white', form=None, understood=True)
    >>> parse_measure("1-2 tsp").amount, parse_measure("Juice of 1/2").form
    (1.5, 'juice')
    """
    if len(text) > _MAX_LINE:
        return Measure(rest=text, understood=False)
    plain = _plain(text)
    if not plain:
        return Measure()
    if _NO_AMOUNT.search(plain):
        return Measure(rest=plain, understood=False)
    found = _parse(plain)
    if found.high is not None and found.high > LARGEST_AMOUNT:
        return Measure(rest=plain, understood=False)
    if found.low is not None or (found.understood and not _QUANTITY.search(found.rest)):
        return found
    if found.unit is not None and not _QUANTITY.search(found.rest):
        return replace(found, rest=plain)  # 'ml' and no number
    # 'mikey bottle', 'Around rim put 1 pinch': the amount follows words that are none.
    words = plain.split()
    for start in range(1, len(words)):
        later = _parse(" ".join(words[start:]))
        if later.understood and (later.low is not None or not found.understood):
            return replace(later, rest=f"{' '.join(words[:start])} {later.rest}".strip())
    # 'crushed' is an answer to 'how much ice?'; 'Claret' is not.
    known = all(word in descriptions() or _KINDS.fullmatch(word) for word in fold(plain).split())
    return Measure(rest=plain, understood=known)


def parse_line(text: str) -> Measure:
    """Read a whole line; what is left over, ``rest``, names the ingredient.

    Examples
    --------
    >>> line = parse_line("½ oz dry vermouth")
    >>> line.amount, line.unit, line.rest
    (0.5, 'Ounce', 'dry vermouth')
    >>> parse_line("Soda water, to top").unit, parse_line("Gin - 60 ml").amount
    ('to top', 60.0)
    """
    if len(text) > _MAX_LINE:
        return Measure(rest=text, understood=False)
    plain = _LIST_MARK.sub("", _plain(text))
    plain = _SPOON_FIRST.sub(lambda spoon: f"{spoon[2]} {_SPOONS[spoon[1]]} ", plain)
    found = _parse(plain)
    if (found.understood or found.unit is not None) and found.rest:
        return replace(found, rest=_AFTERTHOUGHT.sub("", found.rest) or found.rest)
    for pattern in (_TRAILING_UNIT, _TRAILING_AMOUNT):
        if (match := pattern.search(plain)) and match.start():
            last = _parse(match[1])
            if last.understood and last.unit:
                named = plain[: match.start()].strip(" ,:-(")
                return replace(last, rest=_OF.sub("", named) or named)
    before, _, last_word = plain.rpartition(" ")
    if _LAST_WORD.fullmatch(last_word) and re.fullmatch(r"\D*[^\W\d_]\D*", before):
        unit = find_unit(last_word)
        if unit is not None:
            amount = None if unit.name == "to rinse" else 1.0
            return Measure(amount, amount, unit.name, before.strip(" ,:-("))
    return Measure(rest=plain, understood=False) if plain else Measure()


def _plain(text: str) -> str:
    """Return ``text`` on one line with ASCII digits, fractions and dashes."""
    apart = "".join(
        f" {shown} " if mark != _SLASH and _SLASH in (shown := normalize("NFKC", mark)) else mark
        for mark in text
    )
    composed = normalize("NFKC", apart).replace(_SLASH, "/")
    composed = re.sub("[\u2010-\u2015\u2212]", "-", composed)
    plain = " ".join(composed.split())
    return plain[1:-1].strip() if re.fullmatch(r"\([^()]*\)", plain) else plain


def _parse(text: str) -> Measure:
    """Read a text that begins with an amount; ``understood`` is False if it does not."""
    form: Form | None = None
    for name, pattern in _FORMS:
        if match := pattern.search(text):
            form = name
            text = f"{text[: match.start()]} {text[match.end() :]}".strip(" ,:")
            break
    text = _PACKED.sub(r"\1 x \2 \3", _skip_about(text))
    times = 1
    if few := _FEW.match(text):
        # Of what can be counted; 'some sugar' and 'a few nuts' are an amount of their own.
        counted = find_unit(few["word"])
        if counted is not None and counted.name != "to taste":
            text = f"3 {text[few.end() :]}"
    if repeated := _TIMES.match(text):
        times, text = int(repeated[1]), text[repeated.end() :]
    low, high, text = _quantity(text)
    if low is not None and high is not None:
        low, high = times * low, times * high
    text = _SIZE.sub("", text, count=1) if low is not None else text
    unit, text = _unit(_skip_about(text) if low is not None else text, given=low is not None)
    if unit in ("to top", "to rinse", "to taste"):
        low = high = None
    elif unit is not None and low is None and (unit not in NEED_A_NUMBER or form is not None):
        low = high = 1.0
    if form == "peel" and unit is None:
        low, high, unit = low or 1.0, high or 1.0, "Twist"
    if unit is not None:
        text = _STRENGTH.sub("", _without_second_amount(text.strip()))
    bare = low is None and unit in NEED_A_NUMBER
    understood = not bare and (low is not None or unit is not None or form is not None)
    return Measure(low, high, unit, _OF.sub("", text.strip(" ,;:-.")), form, understood)


def _without_second_amount(text: str) -> str:
    """Return what follows the same amount in another unit: ``(2 parts) gin``, ``/ 1 oz gin``."""
    match = re.match(r"(\()\s*|[/=|]\s*|or\b\s*", text)
    if match is None:
        return text
    after = _skip_about(text[match.end() :])
    low, _, after = _quantity(after)
    if low is None:
        return text
    if match[1]:
        return after.partition(")")[2].strip()
    unit, after = _unit(after, given=True)
    return text if unit is None else after


def _skip_about(text: str) -> str:
    while (match := _ABOUT.match(text)) and match.end() < len(text):
        text = text[match.end() :]
    return text


def _quantity(text: str) -> tuple[float | None, float | None, str]:
    match = _QUANTITY.match(text)
    if match is None:
        word = _WORD_NUMBER.match(text)
        if word is None:
            return None, None, text
        value = _WORD_NUMBERS[word[1].casefold()]
        rest = text[word.end() :]
        # 'half a dozen', 'two and a half' are rare; 'one half oz' is not.
        second = _WORD_NUMBER.match(rest)
        if second is not None and value == 1 and _WORD_NUMBERS[second[1].casefold()] < 1:
            value, rest = _WORD_NUMBERS[second[1].casefold()], rest[second.end() :]
        elif second is not None and second[1].casefold() == "couple":
            value, rest = 2, _OF.sub("", rest[second.end() :])
        elif value >= 1 and (half := _AND_A_HALF.match(rest)):
            value, rest = value + 0.5, rest[half.end() :]
        return value, value, rest
    low = _number(match["low"])
    high = _number(match["high"]) if match["high"] else low
    if low is None or high is None:
        return None, None, text
    if match["link"] == "-" and "/" in match["high"] and high < 1 <= low and low.is_integer():
        low = high = low + high  # '1-1/2 oz' is one and a half
    return min(low, high), max(low, high), text[match.end() :].lstrip(" x\u00d7*")


def _number(text: str) -> float | None:
    """Return the value of '1 1/2', '2,5' or '1,000'; None if it has none."""
    if "/" in text:
        *whole, above, below = (int(digits) for digits in re.findall(r"\d+", text))
        try:
            return float(sum(whole) + Fraction(above, below)) if below else None
        except OverflowError:
            return None
    # A comma before exactly three digits separates thousands, unless a zero leads: '0,125'.
    digits = re.sub(r"(?<=[1-9]),(?=\d{3}(?:\D|$))|(?<=[1-9]\d),(?=\d{3}(?:\D|$))", "", text)
    whole_part, _, decimals = digits.replace(",", ".").rpartition(".")
    return float(
        f"{whole_part.replace('.', '') or 0}.{decimals}"
        if "." in digits or "," in digits
        else digits
    )


def _unit(text: str, *, given: bool) -> tuple[str | None, str]:
    """Return the unit at the beginning of ``text`` and what follows it."""
    words = list(re.finditer(r"[^\W\d_]+(?:['.](?=[^\W\d_]))?[^\W\d_]*\.?", text))
    for count in range(min(4, len(words)), 0, -1):
        end = words[count - 1].end()
        phrase = text[:end]
        if len(phrase.split()) > count or (not given and len(phrase.strip(" .")) < 2):
            continue
        unit = find_unit(phrase.strip(" ,"))
        if unit is not None and (given or unit.name not in ("Each",)):
            return unit.name, text[end:].strip()
    return None, text
