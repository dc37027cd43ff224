"""Encodings, PDF and DOCX, records: what is read of good files."""

from __future__ import annotations

import datetime as dt
import io
import re

import docx
import pypdf
import pytest
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

from hausmusik.memory.reading.dates import date_in_name, moment
from hausmusik.memory.reading.speaker_names import is_name
from tests.unit.memory.reading.samples import read, texts

GERMAN = "Die Größe der Tür ist für die Öfen zu gering, sagte er. Außerdem fehlt überall Öl.\n"


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (GERMAN.encode(), "utf-8"),
        (b"\xef\xbb\xbf" + GERMAN.encode(), "utf-8"),
        (GERMAN.encode("utf-16"), "utf-16-le"),
        (b"\xfe\xff" + GERMAN.encode("utf-16-be"), "utf-16-be"),
        (GERMAN.encode("utf-32"), "utf-32-le"),
        (GERMAN.encode("cp1252"), "cp1252"),
    ],
)
def test_encodings(data: bytes, encoding: str) -> None:
    document = read(data.replace(b"\n", b"\r\n") if encoding == "utf-8" else data)
    assert (document.text, document.encoding, document.language) == (GERMAN, encoding, "de")


@pytest.mark.parametrize("damaged", [b"stray \xff byte\n", b"Gr\xc3", b"\xe4\xf6\xfc\n"])
def test_what_is_utf_8_but_for_some_bytes_is_read_as_that(damaged: bytes) -> None:
    document = read(GERMAN.encode() * 3 + damaged)
    assert document.text.startswith(GERMAN)
    assert document.encoding == "utf-8"
    assert "\ufffd" in document.text


def test_russian_of_old_is_not_taken_for_western() -> None:
    text = "Привет, мир! Это довольно длинный текст на русском языке, чтобы его можно было узнать.\n" * 3
    assert read(text.encode("cp1251")).text == text


def _page(lines: list[str]) -> bytes:
    writer = pypdf.PdfWriter()
    for line in lines:
        page = writer.add_blank_page(300, 300)
        stream = DecodedStreamObject()
        stream.set_data(f"BT /F1 12 Tf 10 100 Td ({line}) Tj ET".encode())
        font = DictionaryObject(
            {NameObject("/Type"): NameObject("/Font"), NameObject("/Subtype"): NameObject("/Type1"),
             NameObject("/BaseFont"): NameObject("/Helvetica")}
        )  # fmt: skip
        fonts = DictionaryObject({NameObject("/F1"): font})
        page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
        page[NameObject("/Contents")] = writer._add_object(stream)
    writer.add_metadata({"/Title": "Two pages", "/CreationDate": "D:20260301093000Z"})
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()


def test_pdf() -> None:
    document = read(_page(["First page.", "Second page."]), "a.pdf")
    assert (document.kind, document.title, document.date) == ("pdf", "Two pages", "2026-03-01")
    assert texts(document) == ["First page.", "Second page."]
    assert [(block.page, block.line) for block in document.blocks] == [(1, 0), (2, 0)]


def test_docx() -> None:
    made = docx.Document()
    made.add_heading("House", 1)
    made.add_paragraph("It is old.")
    table = made.add_table(2, 2)
    table.cell(0, 0).text, table.cell(0, 1).text = "Room", "Size"
    table.cell(1, 0).merge(table.cell(1, 1)).text = "Kitchen"
    made.add_heading("Cellar", 2)
    made.add_paragraph("It is wet.")
    file = io.BytesIO()
    made.save(file)
    document = read(file.getvalue(), "a.docx")
    assert document.kind == "docx"
    assert texts(document) == ["House", "It is old.", "Room | Size\nKitchen", "Cellar", "It is wet."]
    assert document.blocks[-1].headings == ("House", "Cellar")
    assert [block.is_heading for block in document.blocks] == [True, False, False, True, False]


def test_a_docx_of_teams_is_a_transcript() -> None:
    made = docx.Document()
    for turn in ("Anna Meier   0:03\nGood morning, everyone.", "Ben Kurz   1:07\nMorning!", "Anna Meier   1:10\nSo."):
        made.add_paragraph(turn)
    file = io.BytesIO()
    made.save(file)
    document = read(file.getvalue(), "a.docx")
    assert (document.kind, document.speakers) == ("transcript", ("Anna Meier", "Ben Kurz"))
    assert [(block.at_s, block.line) for block in document.blocks] == [(3.0, 0), (67.0, 0), (70.0, 0)]


def test_records_keep_unknown_fields_and_lines() -> None:
    text = '[\n {"title": "A", "body": "One.", "tags": ["x", "y"], "deep": {"n": 1}},\n\n {"author": {"name": "Ben"}, "text": "Two.", "created_at": "2026-03-01T09:30:00Z"}\n]'
    document = read(text, "a.json")
    assert texts(document) == ["One.\ntitle: A\ntags: x, y\ndeep.n: 1", "Ben: Two."]
    assert [(block.line, block.speaker, block.at) for block in document.blocks] == [
        (2, "", ""),
        (4, "Ben", "2026-03-01T09:30:00Z"),
    ]


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2026-03-01", "2026-03-01"),
        ("2026-03-01T09:30:12.123+0100", "2026-03-01T09:30:12+01:00"),
        ("20260924_20:00", "2026-09-24T20:00"),
        ("3/4/26, 9:30 PM", "2026-04-03T21:30"),
        ("1. März 2026", "2026-03-01"),
        ("March 1st, 2026 at 9:30", "2026-03-01T09:30"),
        ("Sunday, 1 March 2026", "2026-03-01"),
        ("1772357400", "2026-03-01T09:30:00Z"),
        ("1772357400123", "2026-03-01T09:30:00Z"),
        ("2026-02-30", ""),
        ("yesterday", ""),
        ("1.2.3", ""),
        ("Mi 3.3.2026", "2026-03-03"),
        ("domenica 1 marzo 2026", "2026-03-01"),
        ("segunda 2/3/2026", "2026-03-02"),
        ("miercoles 4 de marzo de 2026", "2026-03-04"),
        ("lunedi 2 marzo 2026", "2026-03-02"),
        ("Weds 4 March 2026", "2026-03-04"),
        ("Mittw. 4. März 2026", "2026-03-04"),
        ("Monitor 1.2.2020", ""),
        ("Samsung 10.1.20", ""),
        ("Terminal 3-4-2020", ""),
    ],
)
def test_moments(text: str, iso: str) -> None:
    assert moment(text) == iso


@pytest.mark.parametrize(
    ("name", "iso"),
    [
        ("a/2026-03-01 weekly.md", "2026-03-01"),
        ("20260301_0930.txt", "2026-03-01T09:30"),
        ("2026-01-01/notes.md", ""),
        ("id 120260301.txt", ""),
    ],
)
def test_dates_of_names(name: str, iso: str) -> None:
    assert date_in_name(name) == iso


@pytest.mark.parametrize("name", ["Anna", "Dr. Meier", "Ludwig van Beethoven", "Speaker 1", "PhD A", "SPEAKER_00", "李华", "ChaeSong-hwa", "Anna (Acme)", "O'Neill", "J. R. Smith"])  # fmt: skip
def test_names(name: str) -> None:
    assert is_name(name)


@pytest.mark.parametrize("name", ["Note", "For snacks, how about", "https", "Quick Greek yogurt recipe", "Step 3", "main.py", "", "1", "x = y"])  # fmt: skip
def test_no_names(name: str) -> None:
    assert not is_name(name)


@pytest.mark.parametrize(
    ("head", "iso"),
    [
        ("Berlin, den 21. Oktober 2026", "2026-10-21"),
        ("Protokoll der Sitzung vom 21. Oktober 2026", "2026-10-21"),
        ("Mittwoch, 21. Oktober 2026, 19:30 Uhr", "2026-10-21T19:30"),
        ("# Minutes of October 21, 2026", "2026-10-21"),
        ("21 October 2026", "2026-10-21"),
        ("**Weekly – 21st October 2026**", "2026-10-21"),
        ("October 21, 2026, 9:03AM", "2026-10-21T09:03"),
        ("Paris, le 1er octobre 2026", "2026-10-01"),
        ("mercredi 21 octobre 2026", "2026-10-21"),
        ("Madrid, 21 de octubre de 2026", "2026-10-21"),
        ("Roma, 1º gennaio 2026", "2026-01-01"),
        ("Amsterdam, 21 oktober 2026", "2026-10-21"),
        ("Lisboa, quarta-feira, 21 de outubro de 2026", "2026-10-21"),
        ("Köln, 21.10.2026", "2026-10-21"),
        ("The launch is on 21 October 2026.", ""),
        ("We spoke. It is due on 21 October 2026", ""),
        ("21 October 2026 was a good day for everybody", ""),
        ("- Launch on 21 October 2026", ""),
        ("The house that we wanted to buy last year was sold on 21 October 2026", ""),
        ("Tom Baker: The Helios launch is on 3 May 2026", ""),
        ("Valid until 31 December 2030", ""),
        ("Anna Weber, born on 3 May 1950", ""),
        ("Next meeting: 4 June 2027", ""),
        ("Gültig bis 31. Dezember 2030", ""),
        ("Berlin, 31. Februar 2026", ""),
        ("Version 12 Helios 2026", ""),
        ("Team meeting 2026-10-21", "2026-10-21"),
        ("Heidelberg, Mittwoch, den 21. Oktober 2026", "2026-10-21"),
        ("Mittwoch den 21. Oktober 2026", "2026-10-21"),
        ("Protokoll der Sitzung am 21. Oktober 2026", "2026-10-21"),
        ("Sitzungsprotokoll 21. Oktober 2026", "2026-10-21"),
        ("Team 2 sync – 21 October 2026", "2026-10-21"),
        ("Helios kick-off, 21 October 2026", "2026-10-21"),
        ("Rio de Janeiro, quarta-feira, 21 de outubro de 2026", "2026-10-21"),
        ("Our contract ends on Friday, 3 May 2031", ""),
        ("The wedding is on Saturday, 3 May 2031", ""),
        ("Weekly sync (21 October 2026)", "2026-10-21"),
        ("Compte-rendu du 21 octobre 2026", "2026-10-21"),
        ("Your contract ends 31 December 2030", ""),
        ("The contract ends 31 December 2030", ""),
        ("To be paid on 5 May 2030", ""),
        ("Kündigung zum 31.12.2030", ""),
        ("Founded 3 May 1950", ""),
        ("Reply to your letter of 3 March 2026", ""),
        ("Reply to your letter of 3 March 2026\nBerlin, 10 May 2026", "2026-05-10"),
        ("id,name,date\n1,Anna,2031-03-01", ""),
        ("# Copyright 2019-01-01", ""),
    ],
)
def test_the_date_at_the_head_of_a_text_is_its_date(head: str, iso: str) -> None:
    for text in (f"{head}\n\nWe talked about the house.\n", f"The house\n\n{head}\n\nWe talked about it.\n"):
        assert read(text.encode(), "notes.txt").date == iso
    assert read(f"Date: 2026-01-02\n\n{head}\n\nWe talked.\n".encode(), "notes.txt").date == "2026-01-02"
    assert read(f"{head}\n\nWe talked.\n".encode(), "2026-01-02 notes.txt").date == "2026-01-02"
    assert read(b"One.\nTwo.\nThree.\nFour.\nFive.\n" + head.encode(), "notes.txt").date == ""  # too far down


def test_what_somebody_says_of_a_day_is_not_the_day_of_a_chat() -> None:
    lines = '[{"user": "Anna", "ts": "2026-03-01T09:00:00Z", "text": "See you on 2030-05-05"}]'
    assert read(lines.encode(), "chat.json").date[:10] == "2026-03-01"


def test_turns_are_of_the_day_that_stands_above_them() -> None:
    text = (
        "Besprechung vom 21. Oktober 2026\n\n09:30 Anna: Guten Morgen.\n09:31 Ben: Morgen!\n09:32 Anna: Los geht es.\n"
    )
    document = read(text.encode(), "a.txt")
    assert document.date[:10] == "2026-10-21"
    assert document.blocks[-1].at[:10] == "2026-10-21"


def test_when_a_pdf_was_made_is_its_date_only_if_nothing_else_tells_one() -> None:
    assert read(_page(["Minutes of 21 October 2026"]), "a.pdf").date == "2026-10-21"
    assert read(_page(["Minutes"]), "2026-10-22 minutes.pdf").date == "2026-10-22"
    assert read(_page(["Minutes"]), "minutes.pdf").date == "2026-03-01"


@pytest.mark.parametrize(
    ("title", "template", "heading", "told"),
    [
        ("Word Document", "", "The old house", "The old house"),
        ("Word Document", "", "", "notes"),
        ("Untitled document", "", "", "notes"),
        ("Unbenanntes Dokument", "", "", "notes"),
        ("Document sans titre", "", "", "notes"),
        ("PowerPoint Presentation", "", "", "notes"),
        ("New Microsoft Word Document (2)", "", "", "notes"),
        ("Neues Word-Dokument", "", "", "notes"),
        ("Document of the year", "", "", "Document of the year"),
        ("", "", "The old house", "The old house"),
        ("Letter", "Letter.dotx", "The old house", "The old house"),
        ("Normal.dotm", "Normal.dotm", "", "notes"),
        ("Microsoft Word - draft.doc", "", "The old house", "The old house"),
        ("Dokument1", "", "", "notes"),
        ("The new house", "Normal.dotm", "The old house", "The new house"),
        ("A document of importance", "", "", "A document of importance"),
    ],
)
def test_a_title_that_nobody_wrote_is_none(title: str, template: str, heading: str, told: str) -> None:
    made = docx.Document()
    made.core_properties.title = title
    made.core_properties.created = dt.datetime(2026, 3, 4, tzinfo=dt.UTC)
    if template:
        (app,) = [part for part in made.part.package.iter_parts() if part.partname == "/docProps/app.xml"]
        app._blob = re.sub(rb"<Template>[^<]*</Template>", f"<Template>{template}</Template>".encode(), app.blob)
        assert template.encode() in app.blob
    made.add_paragraph("Before it.")
    if heading:
        made.add_heading(heading, 1)
    made.add_paragraph("It is wet.")
    file = io.BytesIO()
    made.save(file)
    document = read(file.getvalue(), "a/notes.docx")
    assert (document.title, document.date) == (told, "2026-03-04")
