"""From English text to words and sounds: reading aloud, without a voice.

`reading` turns written text into spoken words and stops, `sentences` groups them, `pronunciation` gives each word its
sounds. Permissive throughout: the misaki dictionaries and g2p_en's small network are read as data, no espeak, no
phonemizer. Knows nothing of audio and nothing of the engine that will speak.
"""
