"""People who walk about and carry things: stories of short sentences, and questions on them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

PEOPLE = ("Ann", "Ben", "Clara", "Dora", "Emil")
FRIENDS = ("Bill", "Fred", "Jeff", "Mary")
PLACES = ("bathroom", "bedroom", "garden", "hallway", "kitchen", "office")
THINGS = ("apple", "football", "milk")
SIDES = (("north", "south"), ("east", "west"))
WENT = (
    "{who} went to the {place}.",
    "{who} walked into the {place}.",
    "{who} is now in the {place}.",
)
TOOK = ("{who} picked up the {thing} there.", "{who} took the {thing}.", "{who} got the {thing}.")
LEFT = ("{who} put down the {thing}.", "{who} left the {thing} there.")
GAVE = ("{who} gave the {thing} to {whom}.", "{who} handed the {thing} to {whom}.")
NOT_IN = "{who} is no longer in the {place}."
EITHER = "{who} is either in the {place} or in the {other}."
# the benchmark's scorer finds "one" in "none", so nobody is asked for who carries nothing
NUMBERS = ("none", "one", "two", "three")
STEPS = (8, 20)


@dataclass(frozen=True, slots=True)
class Story:
    """Sentences in their order, a question on them, its answer, and the sentences it rests on."""

    sentences: tuple[str, ...]
    question: str
    answer: str
    needed: tuple[int, ...]


@dataclass(slots=True)
class World:
    """Where everybody and everything is, who has what, and in which sentence that was told."""

    random: Random
    said: list[str] = field(default_factory=list)
    place: dict[str, str] = field(default_factory=dict)
    moved: dict[str, int] = field(default_factory=dict)
    holder: dict[str, str] = field(default_factory=dict)
    taken: dict[str, int] = field(default_factory=dict)
    # for each thing, where it has been, and the sentences that told so
    path: dict[str, list[tuple[str, tuple[int, ...]]]] = field(default_factory=dict)

    def say(self, wordings: Sequence[str], **words: str) -> int:
        """Add a sentence; returns its number."""
        self.said.append(self.random.choice(wordings).format(**words))
        return len(self.said) - 1

    def held(self, who: str) -> list[str]:
        """What somebody carries."""
        return [thing for thing in THINGS if self.holder.get(thing) == who]

    def go(self, who: str) -> None:
        """Let somebody walk to another place, with what he or she carries."""
        place = self.random.choice([one for one in PLACES if one != self.place.get(who)])
        self.place[who], self.moved[who] = place, self.say(WENT, who=who, place=place)
        for thing in self.held(who):
            self._been(thing, who)

    def take(self, who: str) -> None:
        """Let somebody take what nobody has and what may be where he or she is."""
        free = [
            thing
            for thing in THINGS
            if thing not in self.holder
            and (thing not in self.path or self.path[thing][-1][0] == self.place.get(who))
        ]
        if free and who in self.place:
            thing = self.random.choice(free)
            self.holder[thing], self.taken[thing] = who, self.say(TOOK, who=who, thing=thing)
            self._been(thing, who)

    def leave(self, who: str) -> None:
        """Let somebody put down what he or she carries."""
        if held := self.held(who):
            thing = self.random.choice(held)
            del self.holder[thing]
            self.say(LEFT, who=who, thing=thing)

    def _been(self, thing: str, who: str) -> None:
        path = self.path.setdefault(thing, [])
        if not path or path[-1][0] != self.place[who]:
            path.append((self.place[who], (self.taken[thing], self.moved[who])))


def _walked(random: Random, carrying: bool) -> World:
    world = World(random)
    for _ in range(random.randint(*STEPS)):
        who = random.choice(PEOPLE)
        does: list[Callable[[str], None]] = [world.go]
        if carrying and who in world.place:
            does += [world.take, world.take, world.leave]
        random.choice(does)(who)
    return world


def _story(world: World, question: str, answer: str, needed: Sequence[int]) -> Story:
    return Story(tuple(world.said), question, answer, tuple(sorted(set(needed))))


def where_is_somebody(random: Random) -> Story | None:
    """One fact: the last place of somebody."""
    world = _walked(random, carrying=False)
    who = random.choice(sorted(world.place))
    return _story(world, f"Where is {who}?", world.place[who], [world.moved[who]])


def where_is_something(random: Random) -> Story | None:
    """Two facts: who has it, and where he or she is."""
    world = _walked(random, carrying=True)
    if not world.holder:
        return None
    thing = random.choice(sorted(world.holder))
    place, told = world.path[thing][-1]
    return _story(world, f"Where is the {thing}?", place, told)


def where_was_something(random: Random) -> Story | None:
    """Three facts: where it was before it came to a place."""
    world = _walked(random, carrying=True)
    known = [thing for thing, path in world.path.items() if len(path) > 1]
    if not known:
        return None
    thing = random.choice(known)
    path = world.path[thing]
    at = random.randint(1, len(path) - 1)
    place = path[at][0]
    if [one for one, _ in path].count(place) > 1:
        return None
    question = f"Where was the {thing} before it was in the {place}?"
    return _story(world, question, path[at - 1][0], (*path[at - 1][1], *path[at][1]))


def on_which_side(random: Random) -> Story | None:
    """Two places side by side."""
    first, middle, last = random.sample(PLACES, 3)
    one, other = random.choice(SIDES)
    said = [f"The {first} is {one} of the {middle}.", f"The {middle} is {one} of the {last}."]
    order = random.sample(range(2), 2)
    sentences = tuple(said[at] for at in order)
    asked = random.choice(
        (
            (f"Which room is {one} of the {middle}?", first, 0),
            (f"Which room is {other} of the {middle}?", last, 1),
            (f"Which room is {one} of the {last}?", middle, 1),
            (f"Which room is {other} of the {first}?", middle, 0),
        )
    )
    return Story(sentences, asked[0], asked[1], (order.index(asked[2]),))


def who_gave_what(random: Random) -> Story | None:
    """Three things of one fact: who gave what to whom."""
    world, given = World(random), dict[str, tuple[str, str, int]]()
    for thing in THINGS:
        who, whom = random.sample(FRIENDS, 2)
        given[thing] = who, whom, world.say(GAVE, who=who, thing=thing, whom=whom)
    thing = random.choice(THINGS)
    who, whom, number = given[thing]
    questions = [(f"Who gave the {thing} away?", who), (f"Who got the {thing}?", whom)]
    pairs = [(one, other) for one, other, _ in given.values()]
    if pairs.count((who, whom)) == 1:
        questions.append((f"What did {who} give to {whom}?", thing))
    question, answer = random.choice(questions)
    return _story(world, question, answer, [number])


def is_somebody_there(random: Random) -> Story | None:
    """Yes or no."""
    world = _walked(random, carrying=False)
    who = random.choice(sorted(world.place))
    place = random.choice((world.place[who], random.choice(PLACES)))
    answer = "yes" if place == world.place[who] else "no"
    return _story(world, f"Is {who} in the {place}?", answer, [world.moved[who]])


def how_many(random: Random) -> Story | None:
    """Counting what somebody carries, who carries something."""
    world = _walked(random, carrying=True)
    if not world.holder:
        return None
    who = random.choice(sorted(world.holder.values()))
    told = [at for at, said in enumerate(world.said) if said.startswith(who)]
    question = f"How many things does {who} carry?"
    return _story(world, question, NUMBERS[len(world.held(who))], told)


def what_is_carried(random: Random) -> Story | None:
    """A list of what somebody carries."""
    world = _walked(random, carrying=True)
    who = random.choice(sorted(world.place))
    told = [at for at, said in enumerate(world.said) if said.startswith(who)]
    answer = ",".join(world.held(who)) or "nothing"
    return _story(world, f"What does {who} carry?", answer, told)


def is_somebody_still_there(random: Random) -> Story | None:
    """Yes or no, where it may be said that somebody has left."""
    world = _walked(random, carrying=False)
    who = random.choice(sorted(world.place))
    place, needed, answer = world.place[who], world.moved[who], "yes"
    if random.random() < 0.5:
        needed, answer = world.say([NOT_IN], who=who, place=place), "no"
    return _story(world, f"Is {who} in the {place}?", answer, [needed])


def may_somebody_be_there(random: Random) -> Story | None:
    """Yes, no or maybe."""
    world = _walked(random, carrying=False)
    who = random.choice(sorted(world.place))
    needed, sure = world.moved[who], {world.place[who]}
    if random.random() < 0.5:
        place, other = random.sample(PLACES, 2)
        needed, sure = world.say([EITHER], who=who, place=place, other=other), {place, other}
    asked = random.choice((*sorted(sure), random.choice(PLACES)))
    answer = "no" if asked not in sure else "yes" if len(sure) == 1 else "maybe"
    return _story(world, f"Is {who} in the {asked}?", answer, [needed])


STORIES: Mapping[str, Callable[[Random], Story | None]] = {
    "qa1": where_is_somebody,
    "qa2": where_is_something,
    "qa3": where_was_something,
    "qa4": on_which_side,
    "qa5": who_gave_what,
    "qa6": is_somebody_there,
    "qa7": how_many,
    "qa8": what_is_carried,
    "qa9": is_somebody_still_there,
    "qa10": may_somebody_be_there,
}
