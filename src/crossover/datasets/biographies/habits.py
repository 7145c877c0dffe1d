"""Peculiarities of people: each rare one may be asked for, in words that it does not share."""

from __future__ import annotations

# what the text says · how the question describes it; at most one person of a document has each
RARE = (
    ("{name} never ate meat.", "Who was a lifelong vegetarian?"),
    ("The sound of thunder terrified {name}.", "Who had a fear of storms?"),
    ("{name} could not swim a stroke.", "Who would have drowned after falling into a lake?"),
    ("A tame heron followed {name} to market.", "Whose pet was a bird?"),
    ("{name} was unable to tell red from green.", "Who was colour-blind?"),
    ("{name} had lost the left arm in a threshing machine.", "Who was an amputee?"),
    ("{name} held the pen in {his} left hand.", "Who was a southpaw?"),
    ("By twenty-five {name} had not a hair on {his} head.", "Who went bald early?"),
    ("{name} had to stoop under every door frame.", "Who was unusually tall?"),
    (
        "{name} could neither read nor write until past thirty.",
        "Who remained illiterate well into adulthood?",
    ),
    ("{name} walked in {his} sleep.", "Who was a known somnambulist?"),
    ("{name} stammered whenever strangers were present.", "Who had a speech impediment?"),
    (
        "{name} pinned beetles into cigar boxes, hundreds of them.",
        "Whose hobby was collecting insects?",
    ),
    ("{name} grew orchids under glass.", "Who cultivated exotic flowers?"),
    ("{name} was deaf in both ears from infancy.", "Who could hear nothing?"),
    ("{name} was struck by lightning and lived.", "Who survived a bolt from the sky?"),
    ("{name} gambled away two houses at cards.", "Who lost property through betting?"),
    (
        "{name} sat eleven months in gaol over an unpaid debt.",
        "Who was imprisoned for owing money?",
    ),
    ("{name} studied the stars through a telescope.", "Who was an amateur astronomer?"),
    ("{name} baked a dozen loaves every Friday.", "Who made bread once a week?"),
    ("{name} was one of a pair of identical twins.", "Who had a sibling with the same face?"),
    ("{name} carried sugar lumps for any horse.", "Who fed treats to animals in passing?"),
    ("{name} painted clouds in watercolour.", "Who made pictures of the sky?"),
    ("{name} multiplied five-digit figures in {his} head.", "Who was good at mental arithmetic?"),
    ("{name} drank nothing stronger than milk.", "Who abstained from alcohol?"),
    ("{name} hid coins under the floorboards.", "Who kept savings concealed at home?"),
    (
        "{name} pulled three boys from the ice of a frozen millpond.",
        "Who saved the lives of youngsters?",
    ),
    (
        "{name} snored so loudly that the neighbours complained.",
        "Whose sleeping noises disturbed people next door?",
    ),
    (
        "{name} fought a duel over a borrowed umbrella.",
        "Who faced an opponent with weapons because of a trivial object?",
    ),
    ("{name} mended the shoes of the poor without charge.", "Who repaired footwear for free?"),
    (
        "{name} planted four hundred apple trees along the high road.",
        "Who is to thank for fruit beside a thoroughfare?",
    ),
    (
        "{name} forecast frost from the ache in {his} knee.",
        "Who predicted the weather by a bodily pain?",
    ),
    ("{name} refused ever to be photographed.", "Who avoided having a picture taken by a camera?"),
    ("{name} juggled plates at village fairs.", "Who entertained crowds by tossing crockery?"),
    (
        "{name} was bitten by a wolf and limped ever after.",
        "Who walked unevenly because of a wild animal?",
    ),
    ("{name} wore the same grey coat for thirty winters.", "Who hardly bought new clothes?"),
    ("{name} had a glass eye of a startling blue.", "Who could see on just one side?"),
    ("{name} set every guest a riddle.", "Who greeted visitors with a puzzle?"),
    (
        "{name} knew the whole civil code by heart.",
        "Who had memorised an entire body of law?",
    ),
    ("{name} turned down a knighthood.", "Who declined to be raised to the nobility?"),
    (
        "Highwaymen robbed {name} on the way back from a funeral.",
        "Who fell victim to thieves after a burial?",
    ),
    (
        "{name} sneezed from May to July and stayed indoors.",
        "Who was allergic to pollen?",
    ),
    (
        "{name} ran eleven miles to fetch a midwife.",
        "Who covered a long distance on foot so that a baby could be delivered?",
    ),
    ("A fever took away the sense of smell from {name}.", "Who could no longer notice odours?"),
    ("{name} talked to the cattle in rhyme.", "Who spoke in verse to livestock?"),
    ("{name} carved chess pieces out of bone.", "Who whittled figures for a board game?"),
    ("{name} slept in a hammock, even in winter.", "Who did not use an ordinary bed?"),
)

COMMON = (
    "{Who} was up before the first cart rattled past.",
    "{Who} told the same three anecdotes at every supper.",
    "{Who} was known for a dry sense of humour.",
    "{His} temper was quick, and just as quickly forgotten.",
    "{Who} was a poor correspondent and knew it.",
    "{Who} never missed the autumn fair.",
    "{Who} took the same walk along the river every evening.",
    "{Who} was generous with advice and careful with praise.",
    "{His} handwriting was the despair of three printers.",
    "{Who} distrusted newspapers and read them all.",
    "{Who} preferred winter to summer, and said so often.",
    "{Who} was so punctual that shopkeepers set their clocks by {him}.",
    "{Who} argued about politics with anybody who would listen.",
    "{His} study was a jumble of string, maps and cold tea.",
    "{Who} kept a diary, of which only the bills survive.",
    "{Who} liked plain soup, strong coffee and short speeches.",
)
