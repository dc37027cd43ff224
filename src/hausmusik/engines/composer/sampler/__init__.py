"""Turns notes into stereo float32: a General MIDI bank, its samples, a room, a mix. Knows nothing of composing.

Why a sampler of our own (measured 2026-11-24, one thread of a shared 2-core x86-64 machine, MuseScore General Lite):

- `midirenderer` 0.1.3 (rustysynth) refuses SF3; over a subset of the bank written as SF2 it renders at 0.01 of real
  time, plus 0.02 for decoding every sample of the presets (100 MB of PCM for piano and strings). But it ignores the
  bank's modulators: against FluidSynth the grand piano's level is off by up to 20 dB from note to note and a third too
  dark. It renders 16-bit wav at 48 kHz, whole pieces only.
- `tinysoundfont` 0.3.7 needs `pyaudio`, which has no Linux wheel, and decodes the whole bank to 552 MB. `symusic` 0.6.0
  cannot render under numpy 2.4.
- This one needs numpy, soxr and PyAV, which are here anyway. Against FluidSynth 2.3.1, ten programs at three keys and
  velocities each: level within 0.8 dB (after one constant), brightness within 3 %. It decodes only the samples that are
  played, takes 0.02 to 0.05 of real time, cold caches and mastering included, stays below 250 MB for pieces of any
  length, and has a room by convolution instead of a comb-filter reverb.
"""
