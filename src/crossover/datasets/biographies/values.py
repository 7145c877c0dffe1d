"""The ordinary words that facts are filled with; names are invented elsewhere."""

from __future__ import annotations

TRADES = (
    "ropemaker", "cooper", "ferryman", "shepherd", "tanner", "saddler", "miller", "chimney sweep",
    "stonemason", "blacksmith", "charcoal burner", "fishmonger", "toll keeper", "gravedigger",
    "basket weaver", "coachman", "sailmaker", "wheelwright", "salt carrier", "farrier", "tinsmith",
    "night watchman", "peat cutter", "candle maker",
)  # fmt: skip
OCCUPATIONS = (
    "glassmaker", "clockmaker", "cartographer", "botanist", "bookbinder", "bridge engineer",
    "surveyor", "apothecary", "lens grinder", "bell founder", "shipwright", "potter", "chemist",
    "notary", "typesetter", "organ builder", "architect", "engraver", "geologist", "brewer",
    "locksmith", "printer", "schoolteacher", "instrument maker", "dyer", "judge", "librarian",
    "railway inspector", "translator", "silversmith", "harbour pilot", "actuary",
)  # fmt: skip
INSTRUMENTS = (
    "viola", "oboe", "harp", "zither", "bassoon", "accordion", "lute", "clarinet", "cello",
    "dulcimer", "trombone", "flute", "spinet", "cornet", "mandolin", "hurdy-gurdy",
)  # fmt: skip
TITLE_HEADS = (
    "A Treatise on", "Notes on", "The Art of", "Principles of", "Letters about", "In Praise of",
    "A Defence of", "Thoughts on", "The Truth about", "A Short Guide to", "The Nature of",
    "Against", "Conversations on",
)  # fmt: skip
TITLE_TAILS = (
    "Salt Roads", "Hollow Bells", "Tidal Mills", "Black Ink", "Slow Clocks", "Iron Hedges",
    "Marsh Gas", "Double Locks", "River Ice", "Honest Weights", "Blue Glass", "Crooked Maps",
    "Winter Grain", "Public Wells", "Silent Looms", "Paper Money", "Green Pigments",
    "Narrow Gauges",
    "Church Organs", "Lost Harbours", "Stone Arches", "Wild Hops", "Copper Roofs", "Soft Metals",
    "Hard Water", "Village Courts", "Small Engines", "Long Ropes", "Drowned Fields", "Fair Tolls",
)  # fmt: skip
STREETS = (
    "Tanner", "Cooper", "Lantern", "Chapel", "Orchard", "Salt", "Weaver", "Bellows", "Harbour",
    "Copper", "Needle", "Cloister", "Granary", "Anchor", "Juniper", "Saddle",
)  # fmt: skip
STREET_KINDS = ("Row", "Lane", "Street", "Steps", "Yard", "Alley", "Passage", "Rise")
HEIRS = (
    "the town orphanage", "the fire brigade", "a society for stray cats", "the cottage hospital",
    "a distant cousin", "the sailors' mission", "the choir of the parish", "the housekeeper",
    "a school for the blind", "the widows' fund", "the botanical garden", "the lifeboat station",
    "a travelling theatre", "the public library", "the union of typesetters", "a godson overseas",
)  # fmt: skip
PRODUCTS = (
    "steam valves", "enamel pots", "ship's lanterns", "sewing needles", "railway lamps",
    "barometers", "roof tiles", "church bells", "bicycle chains", "pocket watches", "fishing nets",
    "writing ink", "umbrella frames", "printing presses", "oil stoves", "brass taps",
    "wallpaper", "ceramic pipes", "wood screws", "weighing scales", "window glass", "sailcloth",
)  # fmt: skip
PREMISES = (
    "a disused tannery", "a former chapel", "an old granary", "a rented stable", "a boathouse",
    "a bankrupt brewery", "an empty barracks", "a railway shed", "a cellar under a theatre",
    "a cowshed", "a derelict windmill", "the loft of a school", "a customs house",
)  # fmt: skip
EMBLEMS = (
    "a red anchor", "a crowned hare", "three silver keys", "a black swan", "a burning lamp",
    "two crossed hammers", "a golden wheel", "a leaping trout", "a green star", "a white elephant",
    "an owl on a branch", "a blue tower", "a sleeping fox", "a ship in full sail",
)  # fmt: skip
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
FESTIVAL_MONTHS = ("February", "April", "May", "June", "August", "September", "October", "November")
LANDMARKS = (
    "a leaning bell tower", "a covered footbridge", "a fountain with four bronze geese",
    "an astronomical clock", "a staircase of two hundred steps", "a ruined abbey",
    "a statue of a blind piper", "an octagonal chapel",
    "a lime tree said to be a thousand years old",
    "a lighthouse far from any sea", "a crooked gatehouse", "a well with a marble rim",
    "a row of painted warehouses", "a sundial on the old prison",
)  # fmt: skip
DISHES = (
    "smoked eel", "plum dumplings", "nettle soup", "pickled walnuts", "barley pancakes",
    "goose with quinces", "onion tart", "chestnut bread", "sour cherry broth", "fried trout",
    "juniper sausage", "pear and bacon stew", "poppy seed rolls", "sheep's cheese in ash",
)  # fmt: skip
