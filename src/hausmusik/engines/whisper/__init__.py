"""Speech to text: Whisper through faster-whisper (CTranslate2), offline, with word times."""

from hausmusik.engines.whisper.engine import WhisperEngine

__all__ = ["WhisperEngine"]
