"""Words to make keys and lists of, and words that nobody knows where these run out."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

ADJECTIVES = tuple(
    """
    able absent ample ancient angry arid august austere average awake awkward bald bare beige
    bitter blank bleak blind blithe blond blunt bold brave breezy brief bright brisk brittle broad
    broken bronze burly busy calm candid careful caring cheap cheerful chief chilly civil clean
    clear clever close cloudy clumsy coarse common cool costly crafty crimson crisp crooked cruel
    curious curly daily damp daring dark dear decent deep dense dim direct distant docile double
    dreary dry dull dusty eager early earnest eastern easy elder elegant empty endless equal even
    exact faint fair faithful famous fancy fast fearless feeble fertile fierce final fine firm fit
    flat fluent foggy fond formal fragile frank free fresh frosty frozen full funny gallant gaudy
    gentle giant gifted glad gloomy glossy golden graceful grand grateful grave green grey grim
    guilty handsome handy happy hardy harsh hasty hazy heavy helpful hidden high hollow honest
    hopeful huge humble hungry icy idle immense inner jolly jovial keen kind large lasting late
    lavish lawful lazy lean legal level light likely little lively lofty lonely long loose loud
    loyal lucky lunar mature meagre mellow merry mighty mild misty modern modest muddy murky muted
    narrow native neat nervous nimble noble noisy northern novel obvious odd open oval pale patient
    perfect placid plain pleasant plump polite poor precise pretty prim private prompt proud prudent
    purple quaint quick quiet rapid rare ready regal remote rich rigid ripe robust rosy rough round
    royal rude rugged rural rustic sacred salty scarce scarlet secret sedate serene severe shallow
    sharp shiny short shy silent silky simple sincere sleepy slender slim slow small smart smooth
    sober soft solemn solid sour southern spare sparse steady steep stern stiff stout strange
    strict strong stubborn sturdy subtle sudden sunny superb supple sweet swift tall tame tender
    tense thick thin thirsty tidy timid tiny tough tranquil trim true upper urban useful vague vain
    valid vast velvet vivid warm wary weak wealthy weary western wet white whole wide wild willing
    windy wise witty wooden worthy yellow young zealous
    """.split()
)
NOUNS = tuple(
    """
    acorn actor album alley almond altar anchor angle ankle anthem anvil apple apron arch arrow
    artist atlas attic autumn badge baker ballad bamboo banana banner barley barn barrel basin
    basket beacon beaker beard beaver bell bench berry bicycle blanket blossom boat bonnet border
    bottle boulder bracket branch bread bridge broom bucket buckle bugle butter button cabbage
    cabin cable cactus camel canal candle canoe canvas canyon captain caravan carpet carrot castle
    cedar cellar cement chalk chapel chariot cherry chess chimney cider circle cistern citadel clay
    cliff cloak clock clover coast cobbler cocoa coffee collar comet compass copper coral corner
    cottage cotton cousin cradle crane crater crayon cricket crown crystal cupboard curtain cushion
    cymbal dagger daisy dancer delta desert diary dinner dolphin donkey door dragon drawer drum
    eagle earring easel echo elbow elm ember engine envelope estuary evening fabric falcon farmer
    feather fence fern ferry fiddle field fig fisher flag flannel flask flint flower flute forest
    forge fork fountain fox frame freight frigate fruit furnace gallery garden garlic garment
    garnet gate geyser ginger giraffe glacier glass globe glove goblet goose granite grape gravel
    grocer grove guitar gully hammer hamper harbour harp harvest hatch hawk hazel hedge helmet
    herald heron hill hinge hive honey hook horizon horn hostel hotel hunter inkwell inlet island
    ivory ivy jacket jar jasmine jewel journal juggler jungle juniper kennel kettle kitchen kite
    knight ladder ladle lagoon lake lamp lantern lark lattice laurel lawn leaf ledger lemon lentil
    letter lever library lighthouse lily linen lizard locket lodge loom lotus lute magnet mango
    mantle maple marble market marsh mason meadow medal melon mermaid meteor mill mimosa mirror
    mitten monk moon morning mortar mosaic moss mountain mulberry museum mushroom mustard napkin
    necklace needle nest nettle nutmeg oak oasis oboe ocean olive onion opal orchard orchid organ
    otter oven owl oyster paddle palace palm panther paper parcel parrot pasture pavilion peach
    peacock pearl pebble pelican pencil pepper piano pickle pigeon pillow pine pirate plank planet
    plateau plum pocket poem pond poplar porch potter prairie prism puddle pumpkin puppet quarry
    quartz quill quilt rabbit raft rainbow ranch raven reef ribbon ridge river robin rocket rope
    rose rudder ruler saddle saffron sailor salmon sandal sapphire satchel saucer scarf school
    scissors sculptor seagull shelf shelter shepherd shield ship shore shovel shutter signal silver
    siren sketch sledge slipper smith soldier spade sparrow spice spider spindle spoon spring
    spruce squirrel stable stadium stairway statue steeple stone stork storm strait straw stream
    street sugar summer swallow swan sword table tailor tambourine tapestry teapot temple tent
    theatre thimble thistle thorn throne thunder ticket tiger timber torch tower tractor trellis
    trumpet tulip tunnel turnip turret turtle umbrella valley vase vault veil velour vessel village
    vine violet violin volcano voyage wagon walnut walrus waterfall weaver well whale wheat wheel
    whistle willow window winter wizard wolf wood wool wren zebra zephyr zinc
    """.split()
)
STARTS = "b br c cl d dr f fl g gr h j k kl l m n p pr qu r s st t tr v w z".split()
VOWELS = "a e i o u ai ea io ou".split()
ENDS = ("", "n", "r", "l", "st", "nd", "m", "sk")


def keys(random: Random) -> Iterator[str]:
    """Yield names such as ``sunny-anchor``, none twice; with made-up words when these run out."""
    taken: set[str] = set()
    while True:
        known = len(taken) < len(ADJECTIVES) * len(NOUNS) / 2
        noun = random.choice(NOUNS) if known else coined(random)
        key = f"{random.choice(ADJECTIVES)}-{noun}"
        if key not in taken:
            taken.add(key)
            yield key


def different(random: Random) -> Iterator[str]:
    """Yield words, none twice; made-up ones when the known ones run out."""
    known = [*ADJECTIVES, *NOUNS]
    random.shuffle(known)
    yield from known
    taken = set(known)
    while True:
        if (word := coined(random)) not in taken:
            taken.add(word)
            yield word


def coined(random: Random) -> str:
    """Make up a word of three syllables."""
    syllables = (random.choice(STARTS) + random.choice(VOWELS) for _ in range(3))
    return "".join(syllables) + random.choice(ENDS)
