"""Transcripts and chats in the forms that people and programs write: who says what, when."""

from __future__ import annotations

import pytest

from tests.unit.memory.reading.samples import CHATS, TRANSCRIPTS, read, texts


@pytest.mark.parametrize("form", TRANSCRIPTS)
def test_turns_have_their_speakers_and_times(form: str) -> None:
    text, kind, turns = TRANSCRIPTS[form]
    document = read(text)
    assert document.kind == kind
    told = [(block.speaker, block.at_s) for block in document.blocks if block.speaker or block.at_s is not None]
    assert [each for each in told if each[0] or form == "whisper"] == turns


@pytest.mark.parametrize("form", CHATS)
def test_messages_have_their_speakers_and_dates(form: str) -> None:
    text, messages = CHATS[form]
    document = read(text)
    assert document.kind == "chat"
    assert [(block.speaker, block.at) for block in document.blocks] == messages


def test_a_turn_keeps_its_paragraphs_and_lines() -> None:
    document = read(TRANSCRIPTS["labels"][0])
    assert texts(document)[-1] == "Anna: Yes, please do.\nIt is late."
    assert [(block.line, block.last_line) for block in document.blocks] == [(1, 1), (2, 2), (4, 5)]
    assert document.speakers == ("Anna", "Ben")


def test_cues_of_one_speaker_are_one_turn_with_the_files_lines() -> None:
    document = read(TRANSCRIPTS["vtt"][0])
    assert texts(document) == ["Anna: Good morning, everyone.", "Ben: Morning!"]
    assert [(block.line, block.last_line) for block in document.blocks] == [(4, 9), (12, 13)]


def test_a_voiceless_caption_file_is_cut_at_pauses() -> None:
    document = read(
        "WEBVTT\n\n00:01.000 --> 00:02.000\nOne\n\n00:02.000 --> 00:03.000\ntwo.\n\n00:09.000 --> 00:10.000\nThree.\n"
    )
    assert texts(document) == ["One two.", "Three."]


def test_of_a_question_set_the_meeting_is_read_and_not_the_answers() -> None:
    document = read(TRANSCRIPTS["qmsum"][0])
    assert "secret" not in document.text
    assert document.title == "M1"
    assert [block.line for block in document.blocks if block.speaker] == [2, 3]


def test_slack_is_readable() -> None:
    assert texts(read(CHATS["slack"][0])) == ["Anna Meier: Hi @U2 & all", "U2: see this (https://a.example)"]


def test_a_date_comes_from_the_header_or_the_name() -> None:
    assert read(CHATS["lihua"][0]).date == "2026-09-24T20:00"
    assert read(TRANSCRIPTS["labels"][0], "2026-03-01 weekly.txt").date == "2026-03-01"
    assert read("Only prose.\n", "notes/20260301_0930.txt").date == "2026-03-01T09:30"


def test_headings_of_a_transcript_are_carried() -> None:
    document = read(
        "# Weekly\n\nAnna: Hello there, Ben.\nBen: Hello, Anna.\n\n## Money\n\nAnna: We have none left.\n", "a.md"
    )
    assert document.kind == "transcript"
    assert [(block.speaker, block.headings) for block in document.blocks if block.speaker] == [
        ("Anna", ("Weekly",)),
        ("Ben", ("Weekly",)),
        ("Anna", ("Weekly", "Money")),
    ]
