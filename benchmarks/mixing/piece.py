"""The benchmark's piece as plain numbers, shared by ours and the peers: 180 s, 12 segments x 3 layers, 36 clips.

Voice 24 kHz mono, music 32 kHz stereo with 2 s equal-power crossfades, sounds 16 kHz mono; music steps back by 10 dB
while there is voice; out 48 kHz stereo at -16 LUFS and -1 dBTP. Imports nothing.
"""

from __future__ import annotations

SEGMENTS = 12
SEGMENT_S = 15.0
DURATION_S = SEGMENTS * SEGMENT_S
CROSSFADE_S = 2.0
VOICE_AT_S, VOICE_S = 1.5, 11.0
SOUND_AT_S, SOUND_S = 8.0, 5.0
VOICE_DB, MUSIC_DB, SOUND_DB = 0.0, -10.0, -14.0
DUCK_DB, ATTACK_S, RELEASE_S = 10.0, 0.15, 0.6
RATE_HZ = 48_000
LOUDNESS_LUFS, TRUE_PEAK_DBTP = -16.0, -1.0
MUSIC_S = (DURATION_S + CROSSFADE_S * (SEGMENTS - 1)) / SEGMENTS  # 12 of them with crossfades fill the piece

VOICE_STARTS_S = [index * SEGMENT_S + VOICE_AT_S for index in range(SEGMENTS)]
SOUND_STARTS_S = [index * SEGMENT_S + SOUND_AT_S for index in range(SEGMENTS)]
MUSIC_STARTS_S = [index * (MUSIC_S - CROSSFADE_S) for index in range(SEGMENTS)]
