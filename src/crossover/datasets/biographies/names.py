"""Invented names, put together from syllables and unique within a document."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

FIRST_HEADS = (
    "Il", "Or", "Ve", "Mau", "Tam", "Sul", "Ny", "Kel", "Lo", "Dav", "Fen", "Hal", "Jor", "Bri",
    "Es", "Wen", "Ama", "Cor", "Lis", "Rov", "Pel", "Gos", "Ul", "Zan", "Tir",
)  # fmt: skip
FEMALE_TAILS = ("va", "lenne", "dris", "reth", "sia", "vrina", "mira", "thea", "lith", "nuve")
MALE_TAILS = ("bren", "drik", "mund", "lof", "vek", "thorn", "gar", "nolt", "wyn", "rusk")
SURNAME_HEADS = (
    "Tor", "Brask", "Vell", "Quen", "Hask", "Drov", "Pell", "Ostr", "Fenn", "Grell", "Mav",
    "Skarr", "Lund", "Wexl", "Yarr", "Zell", "Cald", "Nev", "Rusk", "Thal", "Ibr", "Jorr", "Karn",
    "Umb", "Ebb", "Sorr", "Hov", "Plim", "Stav", "Ard", "Gav", "Bolv", "Trem", "Mord", "Issk",
)  # fmt: skip
SURNAME_MIDDLES = ("a", "e", "i", "o", "u", "en", "or", "el")
SURNAME_TAILS = (
    "by", "quist", "ver", "mont", "dine", "lock", "sey", "ridge", "nell", "var", "ster", "moor",
    "kin", "gold", "thway", "brand",
)  # fmt: skip
TOWN_HEADS = (
    "Vesk", "Quorl", "Drumv", "Saelt", "Polth", "Murg", "Kestr", "Lothr", "Brinz", "Eldv", "Foskr",
    "Gravn", "Hulth", "Ivesk", "Jarrl", "Norv", "Tusk", "Ombr", "Pazz", "Rindl", "Skell", "Thurl",
    "Ulv", "Wozz", "Yest", "Zarn", "Crev", "Dask", "Fliv", "Gomb", "Hezz", "Blav",
)  # fmt: skip
TOWN_MIDDLES = ("a", "e", "o", "en", "er", "in", "u")
TOWN_TAILS = (
    "wick", "marsh", "haven", "stead", "fell", "mouth", "holm", "combe", "quay", "gate", "brook",
    "cliff",
)  # fmt: skip
RIVER_HEADS = (
    "Orv", "Vell", "Sark", "Temb", "Ull", "Ashk", "Brem", "Cald", "Drenn", "Esk", "Fovv", "Gull",
    "Hemm", "Irr", "Jass", "Kord", "Loss", "Mozz", "Nurr", "Pliv",
)  # fmt: skip
RIVER_TAILS = ("eleth", "uska", "amur", "adle", "evane", "iquin", "oth", "ense")
LAND_HEADS = (
    "Amo", "Bero", "Cyre", "Dolmi", "Esqua", "Farro", "Gindu", "Hespo", "Ixa", "Jumbi", "Kolva",
    "Lyssa", "Mavo", "Nemba", "Oxu", "Perru", "Quila", "Rhosa", "Sumbe", "Tavu",
)  # fmt: skip
LAND_TAILS = ("rath", "vanta", "lune", "sore", "miri", "dessa")
SCHOOLS = ("Academy", "College", "Lyceum", "Seminary", "Conservatory", "Grammar School")
PRIZES = ("Medal", "Cup", "Laurel", "Ribbon", "Garland", "Star")
FIRMS = ("{} & {}", "{} Brothers", "{} & Sons", "{} & Daughters", "{} & Partners")
NEAR_IDENTICAL = 0.12


class Names:
    """Draws names for one document; none twice, some of persons nearly alike on purpose."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._taken: set[str] = set()
        self._persons: list[tuple[str, str, tuple[str, str, str]]] = []

    def person(self, gender: str) -> str:
        """Draw first name and surname; now and then a look-alike of an earlier person."""
        while True:
            head, tail, surname = self._person_parts(gender)
            if self._take(name := f"{head}{tail} {''.join(surname)}"):
                self._persons.append((head, tail, surname))
                return name

    def town(self) -> str:
        """Draw the name of a town."""
        return self._draw(lambda: self._join(TOWN_HEADS, TOWN_MIDDLES, TOWN_TAILS))

    def river(self) -> str:
        """Draw the name of a river; they are few, so rivers may have several towns."""
        return self._join(RIVER_HEADS, RIVER_TAILS)

    def land(self) -> str:
        """Draw the name of a far-away country; several people may travel to one."""
        return self._join(LAND_HEADS, LAND_TAILS)

    def firm(self) -> str:
        """Draw the name of a firm."""
        return self._draw(
            lambda: self._random.choice(FIRMS).format(self._surname(), self._surname())
        )

    def school(self) -> str:
        """Draw the name of a school."""
        return self._draw(lambda: f"{self._surname()} {self._random.choice(SCHOOLS)}")

    def prize(self) -> str:
        """Draw the name of an award."""
        return self._draw(lambda: f"{self._surname()} {self._random.choice(PRIZES)}")

    def _person_parts(self, gender: str) -> tuple[str, str, tuple[str, str, str]]:
        tails = FEMALE_TAILS if gender == "female" else MALE_TAILS
        choice = self._random.choice
        if self._persons and self._random.random() < NEAR_IDENTICAL:
            head, tail, (start, middle, end) = choice(self._persons)
            if tail in tails and self._random.random() < 0.5:
                return head, tail, (start, middle, choice(SURNAME_TAILS))
            return head, choice(tails), (start, middle, end)
        surname = (choice(SURNAME_HEADS), choice(SURNAME_MIDDLES), choice(SURNAME_TAILS))
        return choice(FIRST_HEADS), choice(tails), surname

    def _surname(self) -> str:
        return self._join(SURNAME_HEADS, SURNAME_MIDDLES, SURNAME_TAILS)

    def _join(self, *syllables: tuple[str, ...]) -> str:
        return "".join(self._random.choice(options) for options in syllables)

    def _draw(self, make: Callable[[], str]) -> str:
        while not self._take(name := make()):
            pass
        return name

    def _take(self, name: str) -> bool:
        if name in self._taken:
            return False
        self._taken.add(name)
        return True
