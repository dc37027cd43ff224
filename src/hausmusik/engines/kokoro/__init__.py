"""Kokoro-82M speaks English on a CPU, without torch and without espeak.

`engine` plays; `chunks` decides what is spoken in one go, `network` runs the model, `shaping` and `timing` turn its
samples into speech that can be joined and captioned, `voices` blends style vectors. The text front end is
`hausmusik.engines.english`. Model: hexgrad, https://github.com/hexgrad/kokoro (Apache-2.0), after StyleTTS 2
(Li et al. 2023, https://arxiv.org/abs/2306.07691).
"""
