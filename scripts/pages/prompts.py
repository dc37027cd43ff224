"""The words that music and sounds are made from, from the vocabularies of their instruments."""

from __future__ import annotations

from hausmusik.engines.composer.tables import load_tables
from hausmusik.instruments.sound_vocabulary import clip_words, texture_words
from pages.markdown import code, listed, paragraphs, table


def page() -> str:
    said = paragraphs(
        """Music and sounds are made from words, and these are the words. They may stand in any order. Words that are not
        among them are passed over, which music tells as a note; a sound of which no word is understood is an error that
        lists what there is."""
    )
    return f"# What prompts understand\n\n{said}\n{_music()}\n{_sounds()}"


def _music() -> str:
    tables = load_tables()
    words = tables.vocabulary
    styles = [
        (each.title, f"{each.tempo[0]:g} to {each.tempo[1]:g}", listed(words.style.get(name, ())))
        for name, each in tables.styles.items()
    ]
    metres_and_modes = {**words.metre, **words.mode}
    said = paragraphs(
        """The instrument [composer](instruments.md#composer). Without a word for the style, the mood and the instruments
        suggest one. A tempo may be a number (`84 bpm`), a key a name (`D minor`, `F# dorian`)."""
    )
    return "\n".join(
        [
            f"## Music\n\n{said}",
            f"### Styles\n\n{table(('style', 'beats a minute', 'words'), styles)}",
            f"### Moods\n\n{_words({name: each.words for name, each in words.mood.items()})}",
            f"### Manners\n\n{_words({name: each.words for name, each in words.flair.items()})}",
            f"### Instruments\n\n{listed(each.title for each in tables.instruments.values())}.\n",
            f"### Tempos\n\n{listed(f'{name} ({bpm:g})' for name, bpm in words.tempo.items())}.\n",
            f"### Metres and modes\n\n{_words(metres_and_modes)}",
        ]
    )


def _sounds() -> str:
    known = texture_words()
    textures = [(code(each.id), each.known_as, listed((*each.names, *each.weak_names))) for each in known.texture]
    scenes = [(listed(each.names), listed(layer.texture for layer in each.layers)) for each in known.scene]
    clips = [
        (code(each.id), each.caption, f"{each.duration_s:.1f} s{', may loop' if each.loops else ''}", each.credit)
        for each in clip_words().clip
    ]
    computed = paragraphs(
        """The instrument [procedural](instruments.md#procedural): of any length, and without a seam when looped. Words
        such as *light*, *heavy*, *distant*, *slow* shape most of them."""
    )
    return "\n".join(
        [
            "## Sounds\n\nThe name `sound` asks whichever of the two instruments understands more of a prompt.\n",
            f"### Computed\n\n{computed}\n{table(('sound', 'what it is', 'words'), textures)}",
            f"Several at once:\n\n{table(('words', 'sounds'), scenes)}",
            "### Recorded\n\nThe instrument [clips](instruments.md#clips): all CC0, found by words or by name.\n",
            table(("name", "what is heard", "length", "recorded by"), clips),
        ]
    )


def _words(groups: dict[str, tuple[str, ...]]) -> str:
    return table(("meaning", "words"), [(name, listed(each)) for name, each in groups.items()])
