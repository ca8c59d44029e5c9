"""Numbers as people write them into lists: in digits, or in Chinese numerals below a hundred (两, 三十五)."""

DIGITS = "一二三四五六七八九"
_NUMERALS = {numeral: number for number, numeral in enumerate(DIGITS, 1)} | {"两": 2}


def read_number(text: str) -> int:
    """Return the number that digits, or numerals, stand for; a leading 零 counts for nothing."""
    if text.isdecimal():
        return int(text)
    tens, ten, ones = text.rpartition("十")
    return (_NUMERALS.get(tens, 1) * 10 if ten else 0) + _NUMERALS.get(ones[-1:], 0)
