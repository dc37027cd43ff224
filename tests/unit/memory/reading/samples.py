"""Small files of each form, and what is to be read of them: kind, (speaker, at, at_s) of each block that has one of these."""

from __future__ import annotations

from hausmusik.memory.documents import Document
from hausmusik.memory.reading import ReadLimits, read_bytes

LIMITS = ReadLimits(max_bytes=20_000_000)


def read(text: str | bytes, name: str = "file.txt") -> Document:
    return read_bytes(text.encode() if isinstance(text, str) else text, name, LIMITS)


def texts(document: Document) -> list[str]:
    return [document.text[block.start : block.end] for block in document.blocks]


TRANSCRIPTS = {
    "labels": (
        "Anna: Good morning, everyone.\nBen: Morning! Shall we begin with the budget?\n\nAnna: Yes, please do.\nIt is late.\n",
        "transcript",
        [("Anna", None), ("Ben", None), ("Anna", None)],
    ),
    "bold labels": (
        "**Anna:** Good morning, everyone.\n\n**Ben:** Morning! Shall we begin?\n\n**Anna:** Yes, please do.\n",
        "transcript",
        [("Anna", None), ("Ben", None), ("Anna", None)],
    ),
    "times in brackets": (
        "[00:12:30] Anna: Good morning.\n[00:12:41] Ben Meier: Morning!\n[00:13:00] Anna: So.\n",
        "transcript",
        [("Anna", 750.0), ("Ben Meier", 761.0), ("Anna", 780.0)],
    ),
    "teams": (
        "Anna Meier   0:03\nGood morning, everyone.\n\nBen Kurz   1:07\nMorning!\nShall we begin?\n",
        "transcript",
        [("Anna Meier", 3.0), ("Ben Kurz", 67.0)],
    ),
    "otter": (
        "Speaker 1  0:00\nWelcome to the show.\n\nSpeaker 2  0:12\nThank you for having me.\n",
        "transcript",
        [("Speaker 1", 0.0), ("Speaker 2", 12.0)],
    ),
    "time before name": (
        "00:12 Anna\nGood morning.\n00:20 Ben\nMorning, shall we begin?\n",
        "transcript",
        [("Anna", 12.0), ("Ben", 20.0)],
    ),
    "meet": (
        "00:00:00\n\nAnna Meier: Hello there, all.\nBen Kurz: Hello, can you hear me?\n\n00:05:00\n\nAnna Meier: Next topic, please.\n",
        "transcript",
        [("Anna Meier", 0.0), ("Ben Kurz", 0.0), ("Anna Meier", 300.0)],
    ),
    "vtt": (
        (
            "WEBVTT\n\n1\n00:00:01.000 --> 00:00:03.000\n<v Anna>Good morning,</v>\n\n2\n00:00:03.000 --> 00:00:04.000\n"
            "<v Anna>everyone.</v>\n\n3\n00:00:05.000 --> 00:00:06.000\n<v Ben>Morning!</v>\n"
        ),
        "transcript",
        [("Anna", 1.0), ("Ben", 5.0)],
    ),
    "srt": (
        (
            "1\n00:00:01,000 --> 00:00:03,000\nAnna: Good morning,\n\n2\n00:00:03,000 --> 00:00:04,000\neveryone.\n\n"
            "3\n00:00:05,000 --> 00:00:06,000\nBen: Morning!\n"
        ),
        "transcript",
        [("Anna", 1.0), ("Ben", 5.0)],
    ),
    "qmsum": (
        (
            '{"id": "M1", "meeting_transcripts": [\n {"speaker": "PhD A", "content": "So we begin ."},\n'
            ' {"speaker": "Professor B", "content": "Yes ."}], "topic_list": [{"topic": "secret"}]}'
        ),
        "transcript",
        [("PhD A", None), ("Professor B", None)],
    ),
    "whisper": (
        (
            '{"text": "Hello. Bye.", "segments": [{"id": 0, "start": 0.0, "end": 1.5, "text": " Hello."}, '
            '{"id": 1, "start": 1.5, "end": 2.0, "text": " Bye."}]}'
        ),
        "transcript",
        [("", 0.0), ("", 1.5)],
    ),
}

CHATS = {
    "whatsapp android": (
        (
            "12/03/2026, 09:30 - Messages are end-to-end encrypted.\n12/03/2026, 09:30 - Anna: Hello\nsecond line\n"
            "13/03/2026, 10:00 - +49 170 1234567: Hi: all\n"
        ),
        [("", "2026-03-12T09:30"), ("Anna", "2026-03-12T09:30"), ("+49 170 1234567", "2026-03-13T10:00")],
    ),
    "whatsapp ios": (
        "[12.03.26, 09:30:12] Anna: Hello\n[12.03.26, 09:31:00] Ben Kurz: \u200eimage omitted\n",
        [("Anna", "2026-03-12T09:30:12"), ("Ben Kurz", "2026-03-12T09:31:00")],
    ),
    "american": (
        "3/4/26, 9:30 PM - Anna: Hello\n3/14/26, 12:05 AM - Ben: Hi\n",
        [("Anna", "2026-03-04T21:30"), ("Ben", "2026-03-14T00:05")],
    ),
    "irc": (
        "2026-03-01 09:30:12 <anna> hello there\n2026-03-01 09:30:40 <ben> hi\n",
        [("anna", "2026-03-01T09:30:12"), ("ben", "2026-03-01T09:30:40")],
    ),
    "lihua": (
        "Time: 20260924_20:00\nLiHua: Shall we cook?\nAdamSmith: Yes!\n1. **Dinner:\nRice\nLi Hua：Good.\n",
        [
            ("", "2026-09-24T20:00"),
            ("LiHua", "2026-09-24T20:00"),
            ("AdamSmith", "2026-09-24T20:00"),
            ("Li Hua", "2026-09-24T20:00"),
        ],
    ),
    "slack": (
        (
            '[{"type": "message", "user": "U1", "user_profile": {"real_name": "Anna Meier"}, "text": "Hi <@U2> &amp; all", '
            '"ts": "1772357400.000100"},\n {"type": "message", "user": "U2", "text": "see <https://a.example|this>", '
            '"ts": "1772357460.000100"}]'
        ),
        [("Anna Meier", "2026-03-01T09:30:00Z"), ("U2", "2026-03-01T09:31:00Z")],
    ),
    "completions": (
        '{"messages": [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": [{"type": "text", "text": "Hi"}]}]}',
        [("user", ""), ("assistant", "")],
    ),
}

LOGS = {
    "iso": "2026-03-01T09:30:00.123Z INFO server started\n2026-03-01T09:30:01Z WARN slow\n2026-03-01T09:30:02Z ERROR failed\n",
    "log4j": "2026-03-01 09:30:00,123 [main] INFO com.foo.Bar - up\n2026-03-01 09:30:01,123 [main] WARN com.foo.Bar - slow\n"
    "2026-03-01 09:30:02,123 [main] ERROR com.foo.Bar - failed\n",
    "brackets": "[2026-03-01 09:30:00] app.INFO: up\n[2026-03-01 09:30:01] app.WARNING: slow\n[2026-03-01 09:30:02] app.ERROR: no\n",
    "level first": "INFO 2026-03-01 09:30:00 up\nWARNING 2026-03-01 09:30:01 slow\nERROR 2026-03-01 09:30:02 failed\n",
    "nginx": "2026/03/01 09:30:00 [notice] 1#1: up\n2026/03/01 09:30:01 [warn] 1#1: slow\n2026/03/01 09:30:02 [error] 1#1: no\n",
}

LOOKALIKES = {
    "prose with notes": (
        (
            "The recipe is old.\n\nNote: it needs butter.\n\nIt was written by hand, and nobody knows when.\n\nNote: no salt.\n\n"
            "Warning: hot.\n"
        ),
        "text",
    ),
    "yaml": ("name: thing\nversion: 1.2\nname: other\nversion: 1.3\nname: third\nversion: 2\n", "text"),
    "capital settings": ("Host: alpha\nPort: 22\nHost: beta\nPort: 22\nHost: gamma\nPort: 2222\n", "text"),
    "letter": (
        "From: Anna\nTo: Ben\nSubject: Lunch\nDate: 2026-03-01\n\nDear Ben,\n\nshall we have lunch at 12:30?\n\nAnna\n",
        "text",
    ),
    "program": (
        "def main():\n    # Note: none\n    return {'Anna': 1}\n\n\nclass A:\n    Anna: int = 1\n    Ben: int = 2\n",
        "text",
    ),
    "glossary": ("Cadence: an end of a phrase.\nChord: notes heard together.\nKey: where it is at home.\n", "text"),
    "timetable": (
        "The train leaves at 09:30.\nIt is in Bonn at 10:15, and in Mainz at 12:00.\nThen we walk.\n",
        "text",
    ),
    "dated notes": ("2026-03-01 we went home\nand slept.\n\n2026-03-02 we stayed.\n", "text"),
    "heading in a shell script": ("#!/bin/sh\n# build\n\nmake\n\n# test\n\nmake test\n\n# ship\n\nmake ship\n", "text"),
    "heads of Markdown in .txt": ("# Title\n\nSome **bold** text.\n\n## Part\n\nMore.\n", "markdown"),
    "csv": ("a,b,c\n1,2,3\n4,5,6\n", "text"),
    "braces": ("{this is not JSON}\n\nat all.\n", "text"),
    "chat of clock times is no log": ("09:30:12 Anna: hello all\n09:30:15 Ben: hi\n09:31:00 Anna: good\n", "chat"),
}
