"""How firms and towns are told; the notation is that of ``person_phrases``."""

from __future__ import annotations

FIRM_OPENING = (
    "{name} was founded in {founded} by {founder} and had its seat in {seat}.",
    "In {founded} {founder} founded {name} in {seat}, with borrowed money.",
    "{founder} founded {name} in {seat} in {founded}, against the odds.",
    "The firm of {name}, seated in {seat}, was founded in {founded} by {founder}.",
    "When {founder} founded {name} in {founded}, hardly anybody in {seat} took notice.",
    "{name} of {seat} was founded by {founder} in {founded}, in the week of the cattle fair.",
    "It was {founder} who founded {name} in {founded}, choosing {seat} as its seat.",
)

FIRM_PLAIN = {
    "product": (
        "The firm made {product}, and made them well.",
        "From the start it made {product}.",
        "Travelling salesmen carried the {product} that the firm made into every valley.",
    ),
    "premises": (
        "Its first premises were in {premises}.",
        "The firm started out in {premises}, where the roof leaked.",
    ),
    "workforce": (
        "In {workforce_year} the firm employed {workforce} people.",
        "By {workforce_year} it had {workforce} workers, more than it could easily house.",
    ),
    "director": (
        "In {director_year} {director} became the manager of the firm.",
        "{director} became manager in {director_year} and put the books in order.",
    ),
    "fire": (
        "A fire destroyed the main hall in {fire}.",
        "After the fire of {fire} the workshops had to be rebuilt in brick.",
    ),
    "emblem": (
        "Its trademark was {emblem}.",
        "As a trademark it chose {emblem}, which was soon copied.",
    ),
    "export": (
        "Most of its exports went to {export}.",
        "The firm sold more to {export} than to any other country.",
    ),
    "patents": ("The firm held {patents} patents, few of which earned anything.",),
    "strike": (
        "A strike in {strike} lasted {strike_weeks} weeks.",
        "The strike of {strike} kept the machines idle for {strike_weeks} weeks.",
    ),
    "closure": (
        "The firm closed in {closed}, and the sign over the gate was sold.",
        "In {closed} the firm closed for lack of orders.",
    ),
}

FIRM_OBLIQUE = {
    "product": (
        "It turned out {product}, rain or shine.",
        "Its {product} were to be found in every household of the district.",
    ),
    "premises": ("Its beginnings lay in {premises}.",),
    "workforce": (
        "At its height, in {workforce_year}, {workforce} men and women drew wages there.",
    ),
    "director": (
        "In {director_year} {director} took the helm.",
        "From {director_year} on it was {director} who gave the orders.",
    ),
    "fire": ("Flames gutted the main building in {fire}.",),
    "emblem": (
        "Every crate that left the yard bore {emblem}.",
        "The lids were stamped with {emblem}.",
    ),
    "export": ("Its best customers lived in {export}.",),
    "closure": ("It shut its gates for good in {closed}.",),
}

FIRM_TRANSITIONS = (
    "The years that followed were not always easy ones for {name}.",
    "Much of what is known about {name} comes from a bundle of invoices.",
    "The later history of {name} can be told quickly.",
    "Old hands at {name} liked to tell how it went on.",
)

FIRM_REMARKS = (
    "The ledgers of those years are neat, if not always honest.",
    "Wages were paid on Saturdays, in small coin.",
    "Rivals came and went; the chimney stayed.",
    "A foreman later described the noise as a kind of weather.",
    "Orders were slow at first and then came faster than the carts could carry them.",
    "The yard smelled of tar, hot iron and wet rope.",
    "It was a decent place to earn a living, most agreed.",
    "The price of coal was a constant worry.",
    "Apprentices slept in the loft and complained about the draught.",
    "The account books break off here for several months.",
    "A brass plate at the gate is all that visitors get to see today.",
    "Nobody grew rich, but nobody went hungry either.",
    "The siren could be heard in three parishes.",
    "Bankers were kept waiting in a room without chairs.",
)

TOWN_OPENING = (
    "{name} lies on the {river} and was granted its charter in {charter}.",
    "The town of {name}, on the {river}, was granted its charter in {charter}.",
    "Travellers who follow the {river} come to {name}, a town granted its charter in {charter}.",
    "{name}, a quiet town on the {river}, was granted its charter in {charter}.",
    "Where the {river} bends, there is {name}, which was granted its charter in {charter}.",
    "Granted its charter in {charter}, {name} has sat on the {river} ever since.",
)

TOWN_PLAIN = {
    "census": (
        "The census of {census} gave {name} a population of {population}.",
        "In {census} the population of {name} stood at {population}.",
        "{name} had a population of {population} when it was counted in {census}.",
    ),
    "market": (
        "The market is held every {market}.",
        "Every {market} there is a market, whatever the weather.",
    ),
    "landmark": (
        "The main sight of the town is {landmark}.",
        "No sight in the town is better known than {landmark}.",
    ),
    "dish": (
        "The local speciality is {dish}.",
        "Visitors are expected to try the speciality of the place, {dish}.",
    ),
    "mayor": (
        "{mayor} became mayor in {mayor_year}.",
        "In {mayor_year} {mayor} became mayor, by a margin of nine votes.",
    ),
    "flood": (
        "In {flood} the town was flooded up to the church steps.",
        "The town was flooded in {flood}, and the mark can still be seen.",
    ),
    "elevation": ("The town lies at an altitude of {elevation} metres.",),
    "bridge": (
        "The stone bridge was built in {bridge}.",
        "A bridge was built in {bridge}, after the ferry had sunk twice.",
    ),
    "festival": (
        "The great festival takes place in {festival}.",
        "Once a year, in {festival}, a festival fills the streets.",
    ),
    "mills": ("There were {mills} mills in the town at one time.",),
}

TOWN_OBLIQUE = {
    "market": (
        "Stalls fill the square every {market}.",
        "Farmers drive their carts into the square each {market}.",
    ),
    "landmark": (
        "Strangers are first of all shown {landmark}.",
        "Painters set up their easels before {landmark}.",
    ),
    "dish": ("Every inn serves {dish}.", "No wedding feast is complete without {dish}."),
    "mayor": ("The chain of office passed to {mayor} in {mayor_year}.",),
    "flood": ("The water rose above the window sills in {flood}.",),
    "elevation": ("It stands {elevation} metres above the sea.",),
    "mills": ("At one time {mills} wheels ground corn along the stream.",),
    "bridge": ("Since {bridge} a span of stone has joined the two banks.",),
    "festival": ("Lanterns are hung across the lanes in {festival}, and there is dancing.",),
}

TOWN_TRANSITIONS = (
    "There is more to {name} than its old walls.",
    "Those who stay longer in {name} soon learn the rest.",
    "The chronicle of {name} has more to tell.",
    "Guidebooks, where they mention {name} at all, add a few things.",
)

TOWN_REMARKS = (
    "The roofs are of slate and the gardens are narrow.",
    "On clear days one sees as far as the hills.",
    "The wind comes from the west and smells of wet grass.",
    "Most of the houses date from a time when timber was cheap.",
    "The road was paved late and badly.",
    "In winter the lamps are lit before four.",
    "Swallows nest under nearly every gable.",
    "The clock on the town hall has never been right.",
    "Children still skim stones where the ferry used to land.",
    "Not much has changed since, apart from the shop signs.",
    "Dogs sleep in the middle of the street, and carts drive round them.",
    "The bakers quarrel about the height of their chimneys.",
    "Every family claims to be the oldest.",
    "The railway came late and left early.",
)
