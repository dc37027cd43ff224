"""What people use today, in a virtual environment of its own. Usage: peers.py ENGINE MODEL VOICE; see `serving.py`.

kokoro-onnx          `Kokoro.create`: the whole text, then the audio; its own session options, one thread
kokoro-onnx stream   `Kokoro.create_stream`
piper                `PiperVoice.synthesize`: sentence by sentence; MODEL with its .json beside it
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable, Sequence
from importlib.metadata import version

import material
import serving


def one_thread():
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return options


def kokoro(model: str, voices: str):
    import onnxruntime
    from kokoro_onnx import Kokoro

    session = onnxruntime.InferenceSession(model, one_thread(), providers=["CPUExecutionProvider"])
    return Kokoro.from_session(session, voices)


def kokoro_whole(model: str, voices: str) -> serving.Speak:
    made = kokoro(model, voices)
    return lambda text: [made.create(text, material.VOICE, lang="en-us")]


def kokoro_stream(model: str, voices: str) -> serving.Speak:
    made = kokoro(model, voices)
    loop = asyncio.new_event_loop()

    def speak(text: str) -> Iterable[tuple[Sequence[float], int]]:
        stream = made.create_stream(text, material.VOICE, lang="en-us")
        while True:
            try:
                yield loop.run_until_complete(anext(stream))
            except StopAsyncIteration:
                return

    return speak


def piper(model: str, _voices: str) -> serving.Speak:
    import json
    from pathlib import Path

    import onnxruntime
    from piper import PiperVoice
    from piper.config import PiperConfig

    config = PiperConfig.from_dict(json.loads(Path(f"{model}.json").read_text(encoding="utf-8")))
    session = onnxruntime.InferenceSession(model, one_thread(), providers=["CPUExecutionProvider"])
    made = PiperVoice(session=session, config=config)
    return lambda text: ((part.audio_float_array, part.sample_rate) for part in made.synthesize(text))


if __name__ == "__main__":
    name, model, voices = sys.argv[1:4]
    libraries = ("piper-tts",) if name == "piper" else ("kokoro-onnx", "phonemizer", "espeakng-loader")
    kinds = {"kokoro-onnx": kokoro_whole, "kokoro-onnx stream": kokoro_stream, "piper": piper}
    versions = {library: version(library) for library in (*libraries, "onnxruntime", "numpy")}
    serving.serve(lambda: kinds[name](model, voices), versions)
