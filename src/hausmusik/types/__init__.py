"""The values that travel between the parts: audio, requests, events, runs.

Everything here is frozen and carries its units in the names. Requests and events are tagged msgspec structs, so that
`hausmusik.codec` can send each of them over any wire and refuse what does not fit. Knows nothing of engines, hosts,
money or files.
"""

from hausmusik.types.audio import (
    Audio,
    concatenate,
)
from hausmusik.types.chats import (
    ChatRequest,
    Message,
    ToolCall,
)
from hausmusik.types.events import (
    RECORDINGS_NAME,
    WAITING,
    Artifact,
    AudioChunk,
    Done,
    Embeddings,
    Event,
    Phase,
    Recording,
    Remark,
    Stay,
    TextDelta,
    ThinkingDelta,
    TokenScore,
    Usage,
    WordTiming,
)
from hausmusik.types.requests import (
    REQUEST_OF_TASK,
    EmbedRequest,
    JudgeRequest,
    MusicRequest,
    Request,
    SoundRequest,
    SpeakRequest,
    Task,
    TranscribeRequest,
)
from hausmusik.types.runs import (
    Run,
)
from hausmusik.types.values import (
    FloatArray,
    Length,
    Positive,
    Seed,
    Value,
)

__all__ = [
    "RECORDINGS_NAME",
    "REQUEST_OF_TASK",
    "WAITING",
    "Artifact",
    "Audio",
    "AudioChunk",
    "ChatRequest",
    "Done",
    "EmbedRequest",
    "Embeddings",
    "Event",
    "FloatArray",
    "JudgeRequest",
    "Length",
    "Message",
    "MusicRequest",
    "Phase",
    "Positive",
    "Recording",
    "Remark",
    "Request",
    "Run",
    "Seed",
    "SoundRequest",
    "SpeakRequest",
    "Stay",
    "Task",
    "TextDelta",
    "ThinkingDelta",
    "TokenScore",
    "ToolCall",
    "TranscribeRequest",
    "Usage",
    "Value",
    "WordTiming",
    "concatenate",
]
