"""How lives are told: topics in the order of a life, each with plain and oblique sentences.

A placeholder that names a relation states it. ``{Who}`` becomes the surname or a pronoun.
Oblique sentences never name the person and share no content word with the question that
``questions_oblique`` in ``wordings`` has for their relations.
"""

from __future__ import annotations

OPENING = (
    "{name} was born in {born_in} on {born_on}.",
    "It was in {born_in}, on {born_on}, that {name} was born.",
    "On {born_on} {name} was born in {born_in}, in the middle of {weather}.",
    "The records of {born_in} note that {name} was born there on {born_on}.",
    "{name}, whose life is told here in brief, was born on {born_on} in {born_in}.",
    "In {born_in}, on {born_on}, {name} was born, {arrival}.",
    "{name} was born on {born_on}, {arrival}, in a narrow house in {born_in}.",
    "{born_in} was a smaller place when {name} was born there on {born_on}.",
    "Few people know that {name} was born in {born_in}, on {born_on}.",
    "The parish register has it that {name} was born on {born_on} in {born_in}.",
    "Those who look for the beginnings of {name}, born on {born_on}, must look in {born_in}.",
)

TRANSITIONS = (
    "Of the private life of {last} rather more is on record.",
    "Away from the profession, {last} cut a different figure.",
    "The later chapters of this life are better documented.",
    "Those who knew {last} well remembered other things.",
    "What {witness} set down about {last} fills in the rest of the picture.",
    "There was more to {last} than the trade.",
)

PLAIN = {
    "father": (
        "{His} father was {a_father}, and the family seldom had a coin to spare.",
        "The father of the family, {a_father}, saw no future in books.",
        "{Who} grew up as the child of {a_father}, in two rooms above a yard.",
    ),
    "occupation": (
        "{Who} became {a_occupation}, just as {witness} had foretold.",
        "By profession {he} was {a_occupation}, and by all accounts a conscientious one.",
        "Against the advice of {witness}, {he} chose to become {a_occupation}.",
        "{Who} made a name as {a_occupation}, though it took a decade.",
        "Work began early, and before long {he} was {a_occupation} in {his} own right.",
        "Having tried two other professions, {he} found {his} feet as {a_occupation}.",
        "The register of professions lists {him} as {a_occupation}.",
        "{Who} was {a_occupation} by profession, and proud of it.",
    ),
    "school": (
        "{Who} studied at the {school}, where the rooms were cold and the teaching sound.",
        "At the {school} {he} studied for three winters, {manner}.",
        "{Who} studied at the {school}, sharing a bench with the sons of the rich.",
        "There was just enough money to let {him} study at the {school}.",
    ),
    "teacher": (
        "{His} teacher was {teacher}, who demanded patience above all else.",
        "{Who} was taught by {teacher}, whose methods were strict but fair.",
        "In {teacher} {he} found a teacher who let nothing pass.",
    ),
    "employment": (
        "For {service} years {he} worked for {employer}, {manner}.",
        "{Who} worked at {employer} for {service} years and left without a quarrel.",
        "The firm of {employer} employed {him} for {service} years.",
        "It was {employer} that employed {him}, and {he} worked there for {service} years.",
    ),
    "journey": (
        "In {journey_year} {he} travelled to {journey}, a voyage of many weeks.",
        "{Who} travelled to {journey} in {journey_year} and came back with a trunk full of notes.",
        "A letter from {witness} tells how {he} travelled to {journey} in {journey_year}.",
    ),
    "work": (
        '{His} book "{work}" was published in {work_year}.',
        '{Who} wrote "{work}", a book that was published in {work_year}.',
        'In {work_year} {his} only book, "{work}", was published at {his} own expense.',
    ),
    "prize": (
        "{Who} received the {prize} in {prize_year}, an award that surprised nobody.",
        "In {prize_year} {he} received the {prize}, the one award {he} ever cared about.",
        "The {prize}, an award given every spring, went to {him} in {prize_year}.",
    ),
    "move": (
        "In {moved_year} {he} moved to {moved_to}, with two carts and a reluctant cat.",
        "{Who} moved to {moved_to} in {moved_year}, for reasons that {he} never gave.",
        "When the lease ran out in {moved_year}, {he} moved to {moved_to}.",
    ),
    "marriage": (
        "{Who} married {spouse} in {wedding}, {manner}.",
        "In {wedding} {he} married {spouse}, whom {witness} had introduced.",
        "{His} marriage to {spouse} in {wedding} astonished half the parish.",
        "When {he} married {spouse} in {wedding}, the band played until dawn.",
    ),
    "children": (
        "{Who} had {children} children, all of whom outlived the old house.",
        "There were {children} children in {his} household, and seldom a quiet hour.",
        "Visitors recalled that {he} had {children} children and a great deal of patience.",
    ),
    "instrument": (
        "{Who} played the {instrument}, better than modesty allowed {him} to admit.",
        "On Sundays {he} played the {instrument} at the open window.",
        "No gathering ended before {he} had played the {instrument}.",
    ),
    "languages": (
        "{Who} spoke {languages} languages, most of them learned from sailors.",
        "Since {he} spoke {languages} languages, strangers were always sent to {him}.",
        "It was said that {he} spoke {languages} languages without an accent.",
    ),
    "street": (
        "{Who} lived at {street} for the greater part of {his} life.",
        "For decades {he} lived at {street}, among books and clocks.",
        "The house at {street}, where {he} lived, still has its green door.",
    ),
    "death": (
        "{Who} died in {died_in} on {died_on}, {farewell}.",
        "On {died_on} {he} died in {died_in}, {farewell}.",
        "{He} died on {died_on}; it was in {died_in}, {farewell}.",
    ),
    "bequest": (
        "{His} estate went to {bequest}.",
        "When the estate was settled, all of it went to {bequest}.",
        "To the surprise of the family, the estate went to {bequest}.",
    ),
}

OBLIQUE = {
    "father": (
        "{His} father earned a modest wage as {a_father}.",
        "Money was always short, for {his} father got by as {a_father}.",
    ),
    "occupation": (
        "{He} never wanted to be anything but {a_occupation}.",
        "From then on {he} earned {his} bread as {a_occupation}.",
        "It was as {a_occupation} that {he} first came to notice.",
        "As {a_occupation} {he} was soon in demand far beyond the valley.",
    ),
    "school": (
        "{He} was educated at the {school}, on a small scholarship.",
        "The {school} admitted {him} at an unusually early age.",
    ),
    "teacher": (
        "{He} learned the essentials from {teacher}, whom {he} revered.",
        "The finer points {he} picked up from {teacher}, largely by watching.",
    ),
    "employment": (
        "{He} then spent {service} years on the payroll of {employer}.",
        "For {service} years {he} had a desk at {employer}, next to the stove.",
        "The ledgers of {employer} carried {him} for {service} years.",
    ),
    "journey": (
        "In {journey_year} {he} sailed for {journey}, seasick from the first hour.",
        "{He} crossed the ocean in {journey_year} to see {journey} with {his} own eyes.",
    ),
    "work": (
        'In {work_year} {he} published "{work}", which sold slowly and then all at once.',
        '"{work}", printed in {work_year}, was {his} answer to the critics.',
    ),
    "prize": (
        "The jury of {prize_year} awarded {him} the {prize}, after a long debate.",
        "In {prize_year} {he} was handed the {prize} before a full hall.",
    ),
    "move": (
        "From {moved_year} on {he} was settled in {moved_to}.",
        "{He} took rooms in {moved_to} in {moved_year}.",
    ),
    "marriage": (
        "In {wedding} {he} was wed to {spouse}, in a chapel full of lilac.",
        "{spouse} became {his} {partner} in {wedding}.",
    ),
    "children": (
        "{He} brought up {children} sons and daughters.",
        "{He} fed and clothed {children} sons and daughters through hard winters.",
        "Under {his} roof {children} sons and daughters grew up.",
    ),
    "instrument": (
        "In the evenings {he} practised on the {instrument} until the candles burned low.",
        "{He} had taken up the {instrument} as a boarder and never put it down again.",
        "A battered {instrument} hung above {his} desk and was taken down every night.",
    ),
    "languages": ("{He} could converse in {languages} languages, if slowly in some.",),
    "street": (
        "{He} lodged at {street}, above a draughty staircase.",
        "{His} windows at {street} were lit until long past midnight.",
    ),
    "death": (
        "{He} drew {his} last breath in {died_in} on {died_on}.",
        "On {died_on} {he} closed {his} eyes for good in {died_in}.",
        "On {died_on}, in {died_in}, {he} passed away peacefully.",
    ),
    "bequest": (
        "Everything {he} owned was left to {bequest}.",
        "In {his} will {he} remembered {bequest}, and nobody else.",
        "{His} savings passed, to general astonishment, to {bequest}.",
    ),
}

COLOURS = {
    "weather": (
        "a thunderstorm", "the first snow", "a dry spell", "the hay harvest", "a week of fog",
        "the spring floods", "a hard frost",
    ),
    "arrival": (
        "earlier than anybody expected", "to the sound of church bells", "during the autumn fair",
        "while the street outside was being paved", "shortly before dawn",
        "on the coldest night in memory", "as the lamps were being lit",
    ),
    "witness": (
        "an aunt", "a former apprentice", "the parish clerk", "a neighbour", "an old friend",
        "a travelling salesman", "the village doctor", "a niece", "the postmaster",
        "a retired sea captain", "an elder brother", "the landlady",
    ),
    "manner": (
        "without much fuss", "with growing confidence", "as quietly as possible",
        "against every expectation", "and never regretted it", "to the relief of the relatives",
    ),
    "farewell": (
        "after a short illness", "with the window open", "with a half-finished letter on the desk",
        "mourned by a whole street", "in the presence of old friends",
    ),
}  # fmt: skip

# put before a sentence that begins with a pronoun
LEADS = (
    "By all accounts", "According to {witness}", "As far as anybody remembers",
    "If {witness} is to be believed", "As the letters show",
)  # fmt: skip

REMARKS = (
    "Little else from those years has come down to us.",
    "The letters of the time are full of small complaints about the roads.",
    "Opinions on this differ, as they do on most things.",
    "It was a period of long winters and short tempers.",
    "None of it seemed remarkable at the time.",
    "The neighbours took note, and said nothing.",
    "Patience, more than talent, carried the day.",
    "A sketch from that time shows a thin figure in a broad hat.",
    "The next years passed without any event worth a line in the newspapers.",
    "Some of the papers were lost in the damp of a cellar.",
    "It is easy to forget how slow the post was then.",
    "Nobody could have guessed what would come of it.",
    "The accounts that survive are brief and rather dry.",
    "In hindsight it looks like a turning point, though it hardly felt like one.",
    "Whoever leafs through the old ledgers will find the entry, in faded ink.",
    "The matter was never spoken of again.",
    "Rumours about it went round for years.",
    "There was talk of a portrait, but none was ever painted.",
    "The weather, for once, was kind.",
    "What followed was less dramatic than the legend has it.",
    "A chronicler gives the whole affair a single line.",
    "Those were lean times, and everybody knew it.",
    "Later generations have been kinder in their judgement.",
    "The evidence for this is thin but consistent.",
    "One page of the diary is missing, and it would be that one.",
    "Gossip made more of it than there was.",
    "The town hall keeps a folder on the subject, which nobody opens.",
    "It cannot have been easy.",
    "There were debts, but they were paid in the end.",
    "A faded ribbon marks the place in the family Bible.",
    "Some said it was luck, others stubbornness.",
    "The harvests failed twice in those years.",
    "More than once the plan was given up and taken up again.",
    "Every street in the quarter has its own version of the story.",
    "The receipts have survived; the reasons have not.",
    "On this point the sources are silent.",
    "It took longer than anybody had planned.",
    "Doubters were many at first and few at last.",
    "The summer that followed was the hottest for decades.",
    "A short obituary mentions it in passing.",
    "What remains is a drawer full of string and pencils.",
    "The rest is hearsay.",
    "For a while nothing went right.",
)
