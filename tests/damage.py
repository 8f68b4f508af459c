"""What befalls files: numbers, words, bytes and lines that are changed, doubled, moved or lost."""

import re
from random import Random

NUMBERS = b"""0 -0 1 -1 2 0.5 1e-320 1e-12 1e308 1e309 -1e309 nan inf -inf 2147483648 9223372036854775807
    9223372036854775808 18446744073709551616 0x10 1_000 007 1e5 99999999999999999999999999 3.0000000000000001""".split()
WORDS = b"""true false null "" [] {} [[ ]] {{ }} ' " , ; \t # = : > / \\ .. . * % @ $ % ( ) < & 2020-13-45 2020-01-01
    1970-01-01T00:00:00+99:00 population crowd world everyone everything none forever \xff \xfe\xff \xef\xbb\xbf \x00
    \x1b[2J \xe2\x80\xae \xe2\x80\xa8 \xed\xa0\x80 \xf0\x9f\x98\x80 \r \r\n \n\n <!DOCTYPE> &lol; ]]> __import__
    """.split(b" ")  # fmt: skip
NUMBER = re.compile(rb"-?\d+(?:\.\d+)?(?:e-?\d+)?")
WORD = re.compile(rb"[A-Za-z_][A-Za-z_0-9.]*")


def mutated(data: bytes, luck: Random, others: list[bytes]) -> bytes:
    """Return a file to which one to four things have happened."""
    for _ in range(luck.choice((1, 1, 1, 1, 2, 3))):
        at, end = sorted((luck.randrange(len(data) + 1), luck.randrange(len(data) + 1)))
        end = min(end, at + luck.choice((1, 3, 30, 300)))
        numbers, words = ([m.span() for m in kind.finditer(data)] for kind in (NUMBER, WORD))
        match luck.randrange(16):
            case 0 | 1 | 2 | 3 | 4 if numbers:
                begin, stop = luck.choice(numbers)
                data = data[:begin] + luck.choice(NUMBERS if luck.random() < 0.8 else WORDS) + data[stop:]
            case 5 | 6 | 7 | 8 if words:
                begin, stop = luck.choice(words)
                other = WORD.findall(luck.choice([data, *others])) or [b""]
                data = data[:begin] + luck.choice(luck.choice([other, other, WORDS, NUMBERS])) + data[stop:]
            case 9:
                data = data[:at] + luck.choice(NUMBERS + WORDS) + data[at:]
            case 10:
                data = data[:at] + data[end:]
            case 11:
                data = data[:end] + data[at:end] * luck.choice((1, 2, 50)) + data[end:]
            case 12 if at < len(data):
                data = data[:at] + bytes([data[at] ^ 1 << luck.randrange(8)]) + data[at + 1 :]
            case 13:
                data = data[:at]
            case 14:
                lines = data.split(b"\n")
                luck.shuffle(lines)
                data = b"\n".join(lines)
            case _:
                other = luck.choice(others)
                data = data[:at] + other[luck.randrange(len(other) + 1) :]
    return data
