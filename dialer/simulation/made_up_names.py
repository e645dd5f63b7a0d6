"""Parts of which names of people who don't exist are put together.

Some parts are characters that give systems trouble: 髙 and 﨑 (only in CP932's extensions), 邉, 𠮷 (outside the
basic plane), and ones with a variation selector (U+E0100 …). A file in an encoding that lacks a character gets
names without it.
"""

from __future__ import annotations

from random import Random

RARE_RATIO = 0.06  # share of surnames with a rare character

_FIRST = (
    ("青", "アオ"), ("秋", "アキ"), ("石", "イシ"), ("梅", "ウメ"), ("海", "ウミ"), ("岡", "オカ"), ("風", "カゼ"),
    ("霧", "キリ"), ("草", "クサ"), ("雲", "クモ"), ("桜", "サクラ"), ("鈴", "スズ"), ("空", "ソラ"), ("滝", "タキ"),
    ("竹", "タケ"), ("月", "ツキ"), ("虹", "ニジ"), ("浜", "ハマ"), ("春", "ハル"), ("星", "ホシ"), ("松", "マツ"),
    ("森", "モリ"), ("雪", "ユキ"), ("若", "ワカ"),
)  # fmt: skip
_SECOND = (
    ("池", "イケ"), ("浦", "ウラ"), ("江", "エ"), ("垣", "ガキ"), ("川", "カワ"), ("木", "キ"), ("倉", "クラ"),
    ("坂", "サカ"), ("里", "サト"), ("島", "シマ"), ("瀬", "セ"), ("園", "ゾノ"), ("田", "タ"), ("谷", "タニ"),
    ("塚", "ツカ"), ("戸", "ト"), ("野", "ノ"), ("橋", "ハシ"), ("原", "ハラ"), ("見", "ミ"), ("村", "ムラ"),
    ("山", "ヤマ"),
)  # fmt: skip
_RARE_FIRST = (("髙", "タカ"), ("𠮷", "ヨシ"), ("葛\U000e0100", "カツ"), ("辻\U000e0101", "ツジ"))
_RARE_SECOND = (("﨑", "サキ"), ("邉", "ベ"), ("邊", "ベ"))
_GIVEN_FIRST = (
    ("朝", "アサ"), ("彩", "アヤ"), ("一", "カズ"), ("健", "ケン"), ("幸", "サチ"), ("静", "シズ"), ("隆", "タカ"),
    ("千", "チ"), ("智", "トモ"), ("直", "ナオ"), ("信", "ノブ"), ("久", "ヒサ"), ("文", "フミ"), ("正", "マサ"),
    ("美", "ミ"), ("光", "ミツ"), ("安", "ヤス"), ("良", "ヨシ"),
)  # fmt: skip
_GIVEN_SECOND = (
    ("明", "アキ"), ("江", "エ"), ("恵", "エ"), ("夫", "オ"), ("香", "カ"), ("子", "コ"), ("代", "ヨ"), ("太", "タ"),
    ("人", "ト"), ("奈", "ナ"), ("彦", "ヒコ"), ("穂", "ホ"), ("真", "マ"), ("也", "ヤ"), ("郎", "ロウ"),
)  # fmt: skip

Name = tuple[str, str]
"""A name and its reading in katakana."""


class NameMaker:
    """Makes names that the given encoding can hold."""

    def __init__(self, random: Random, encoding: str) -> None:
        self._random = random
        self._rare_first = [part for part in _RARE_FIRST if _encodable(part[0], encoding)]
        self._rare_second = [part for part in _RARE_SECOND if _encodable(part[0], encoding)]

    def surname(self) -> Name:
        """A household's name."""
        is_rare = self._random.random() < RARE_RATIO
        first, second = self._random.choice(_FIRST), self._random.choice(_SECOND)
        if is_rare and self._rare_first and self._random.random() < 0.5:
            first = self._random.choice(self._rare_first)
        elif is_rare and self._rare_second:
            second = self._random.choice(self._rare_second)
        return first[0] + second[0], first[1] + second[1]

    def given(self) -> Name:
        """A person's own name."""
        first, second = self._random.choice(_GIVEN_FIRST), self._random.choice(_GIVEN_SECOND)
        return first[0] + second[0], first[1] + second[1]


def _encodable(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
