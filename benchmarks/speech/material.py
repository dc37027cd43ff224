"""What is spoken: one passage as people narrate, and single sentences of several shapes for the time to first audio.

Our own words. Only the standard library, because the peers' interpreter imports this too.
"""

from __future__ import annotations

VOICE = "af_heart"
PASSAGE = (
    "In the autumn of 1869, a surveyor named Clara Whitfield walked the length of the valley with a notebook, a brass "
    "compass and a dog that would not cross bridges. She was twenty-six. The railway company had paid her $40 a month "
    "to find a way through the hills, and by the time the first snow fell, she had found three. "
    "The first was short, steep and expensive; the second, a long curve around the lake, would have drowned half the "
    "farms in the lower valley. The third followed an old cattle track that nobody had thought of, because it began "
    'behind a church. "Why should a train not start at a church?" she wrote to her brother. "Everything else here '
    'does." '
    "Her maps are still in the county archive: 112 sheets, drawn in brown ink, each of them signed in the corner. Look "
    "closely at sheet 57, and you will see the print of a paw."
)
"""About a minute."""
FIRST = {
    "short": "Good evening, and welcome back.",
    "clauses": (
        "When the rain had stopped at last, the old man went down to the harbor, untied his boat, and rowed out to the "
        "place where he had seen the light."
    ),
    "one breath": (
        "The committee that was set up last spring to examine the future of the old railway bridge over the Lune has "
        "published its findings."
    ),
    "figures": (
        "On 14 July 1789, roughly 950 people stormed the Bastille, and by nightfall the old fortress had fallen to a "
        "crowd that had come for gunpowder."
    ),
    "dialogue": (
        '"Did you lock the gate?" asked Tom, and when nobody answered he took the lantern from its hook and went out '
        "into the snow to see for himself."
    ),
    "passage": PASSAGE,
}
