"""In German every noun has a capital: which of them are names.

The rule was made with the first five texts in view; the last three were written before it was run on them. Two faults
that they showed were mended then: streets, and articles behind `, und`.
"""

from __future__ import annotations

import time

import pytest

from hausmusik.memory.cutting import cut
from hausmusik.memory.extraction.german import Nouns
from hausmusik.memory.extraction.rules import RuleReader
from hausmusik.memory.reading.files import read_bytes
from hausmusik.memory.reading.limits import ReadLimits
from hausmusik.memory.token_counts import approximate_tokens

MINUTES = """Protokoll der Vereinssitzung

Berlin, 21. Oktober 2026

Petra Vogt leitet die Sitzung am Montag. Jonas Keller schreibt das Protokoll.
Das Geld für das neue Boot kommt aus der Kasse. Die Kasse führt Helga Brandt.
Die nächste Sitzung findet im Bootshaus statt. Es gibt noch Fragen zum Dach, denn das Dach ist undicht.
Der Schlüssel für das Bootshaus liegt bei Jonas. Alle Mitglieder haben Schlüssel bekommen.
"""
CHAT = """Petra: Hat jemand Anna gesehen? Ich brauche den Vertrag mit Nordwind.
Tom: Anna ist in Hamburg, bei Siemens. Sie kommt mit dem Zug am Freitag zurück.
Petra: Gut. Dann muss Jonas das Angebot schreiben. Die Frau, die Jonas kennt, heißt Meike.
Tom: Das Angebot von Siemens war zu hoch, und der Vertrag läuft bis März.
Petra: Ich rede mit Meike. Danach gehen wir ins Café Einstein, dort gibt es Kuchen.
"""
LETTER = """Lieber Herr Hartung,

vielen Dank für Ihre Nachricht. Die Lieferung aus Rotterdam ist im Hafen von Bremen angekommen. Der Fahrer heißt Ole Petersen,
und sein Lastwagen steht neben dem Lager. Hartung hat mit Ole telefoniert. Das Lager gehört der Firma Alpenbus.
Bitte bringen Sie Papiere und Stempel mit. Wir treffen uns vor dem Tor, das Frau Klein öffnet.

Mit freundlichen Grüßen
Sabine Wolf
"""
HOLIDAY = """Am Wochenende fuhr Familie Berger an den Bodensee. Die Kinder schwammen im See, während Karl Berger in Lindau ein Boot mietete.
Das Wetter war gut. Lindau ist eine schöne Stadt, und der Hafen von Lindau hat einen alten Leuchtturm. Die Kinder wollten Eis.
Karl kaufte Brot, Käse und Tomaten auf dem Markt. Später kam Luise aus Zürich mit der Bahn. Luise mag keine Tomaten.
"""
SOFTWARE = """Die Software läuft auf einem Server in Frankfurt. Der Server hatte gestern einen Fehler, weil Kubernetes die Datenbank nicht erreichte.
Mehmet hat den Fehler behoben. Die Datenbank ist Postgres, die Oberfläche ist in Python geschrieben. Mehmet und Carla prüfen die Sicherung.
Das Team trifft Carla am Dienstag im Büro. Fehler melden wir an Redmine. Der Kunde ist die Stadt Köln.
"""
LAWYER = """Sehr geehrte Frau Lindner,

am 3. Mai haben wir mit Herrn Yilmaz über die Wohnung in der Gartenstraße gesprochen. Die Heizung ist seit Februar kaputt, und der Vermieter reagiert nicht.
Unser Anwalt, Thomas Reuter, rät zu einer Klage. Die Klage kostet 800 Euro. Yilmaz möchte zuerst mit der Hausverwaltung Immoplan reden.
Können Sie bitte prüfen, ob die Versicherung der Allianz den Schaden bezahlt? Bei Immoplan ist Frau Sommer zuständig.

Viele Grüße aus Leipzig
Ines Kramer
"""
JOURNEY = """# Reise nach Portugal

Wir flogen von München nach Lissabon. Der Flug dauerte drei Stunden, und das Essen war schlecht. In Lissabon wohnten wir bei Joana, einer Freundin von Clara.
Clara spricht Portugiesisch, ich nur Englisch. Am zweiten Tag besuchten wir den Turm von Belém und aßen Fisch am Hafen.
Die Straßenbahn nach Alfama war voll. Abends spielte Rui Gitarre, und Joana sang dazu. Das Konzert war der Höhepunkt der Reise.
Zurück ging es mit dem Zug über Porto. Der Zug hatte Verspätung. In Porto trafen wir Rui wieder, mit seinem Bruder Nuno.
"""
MEETING = """Anja: Wer übernimmt das Budget für Helios?
Kemal: Ich dachte, das macht Birgit. Sie hat die Zahlen von Nordwind.
Birgit: Die Zahlen habe ich, aber das Budget liegt bei Kemal. Der Termin mit Nordwind ist am Donnerstag in Kassel.
Anja: Dann brauchen wir bis Mittwoch eine Tabelle. Kann Kemal die Tabelle an Svenja schicken?
Kemal: Mache ich. Die Rechnung von Siemens fehlt noch, und der Vertrag mit Helios ist nicht unterschrieben.
Birgit: Unterschrift und Stempel holt Svenja in Kassel. Der Chef von Nordwind heißt Wim de Boer.
"""


def names(text: str) -> set[str]:
    document = read_bytes(text.encode(), "a.txt", ReadLimits())
    reader = RuleReader(document)
    passages = cut(document, budget_tokens=1200, overlap_tokens=0, count=approximate_tokens)
    return {passage.text[start:end] for passage in passages for start, end in reader.names(passage)}


@pytest.mark.parametrize(
    ("text", "kept", "dropped"),
    [
        pytest.param(
            MINUTES,
            "Petra Vogt|Jonas Keller|Helga Brandt|Jonas",
            "Sitzung|Protokoll|Geld|Boot|Kasse|Bootshaus|Fragen|Dach|Schlüssel|Mitglieder",
            id="minutes",
        ),
        pytest.param(
            CHAT, "Anna|Nordwind|Hamburg|Siemens|Jonas|Meike|Café Einstein", "Vertrag|Zug|Angebot|Kuchen", id="chat"
        ),
        pytest.param(
            LETTER,
            "Herr Hartung|Hartung|Rotterdam|Bremen|Ole Petersen|Ole|Frau Klein|Sabine Wolf",
            "Dank|Nachricht|Lieferung|Hafen|Fahrer|Lastwagen|Lager|Tor|Grüßen",
            id="letter",
        ),
        pytest.param(
            HOLIDAY,
            "Karl Berger|Lindau|Bodensee|Karl|Luise|Zürich",
            "Wochenende|Kinder|Boot|Wetter|Stadt|Hafen|Leuchtturm|Brot|Tomaten|Markt|Bahn",
            id="holiday",
        ),
        pytest.param(
            SOFTWARE,
            "Frankfurt|Kubernetes|Postgres|Python|Carla|Redmine",
            "Software|Server|Fehler|Datenbank|Sicherung|Team|Büro|Kunde",
            id="software",
        ),
        pytest.param(
            LAWYER,
            "Frau Lindner|Herrn Yilmaz|Yilmaz|Gartenstraße|Thomas Reuter|Immoplan|Frau Sommer|Leipzig|Ines Kramer",
            "Wohnung|Heizung|Vermieter|Anwalt|Klage|Euro|Versicherung|Schaden|Grüße",
            id="lawyer",
        ),
        pytest.param(
            JOURNEY,
            "Portugal|München|Lissabon|Joana|Clara|Belém|Alfama|Porto|Rui",
            "Reise|Flug|Stunden|Essen|Freundin|Tag|Turm|Hafen|Straßenbahn|Konzert|Höhepunkt|Zug|Verspätung",
            id="journey",
        ),
        pytest.param(
            MEETING,
            "Helios|Birgit|Nordwind|Kemal|Kassel|Svenja|Siemens|Wim de Boer",
            "Budget|Zahlen|Termin|Tabelle|Rechnung|Vertrag|Chef",
            id="meeting",
        ),
    ],
)
def test_names_are_kept_and_nouns_are_none(text: str, kept: str, dropped: str) -> None:
    found = names(text)
    assert set(kept.split("|")) <= found
    assert not set(dropped.split("|")) & found


@pytest.mark.parametrize(
    ("text", "name", "is_noun"),
    [
        ("Wir sahen das Geld. Dann fehlte Geld.", "Geld", True),
        ("Das ist die Frau, die Petra kennt, mit der Petra spricht.", "Petra", False),
        ("Wir fragten, mit dem Petra fährt.", "Petra", False),
        ("Einmal die Petra, sonst Petra, nur Petra, und Petra.", "Petra", False),  # as people talk
        ("Das Ende der Sitzung kam.", "Ende der Sitzung", True),
        ("Klaus Hartung kam. Dann ging Hartung.", "Hartung", False),
        ("Wir hatten Hoffnung.", "Hoffnung", True),
        ("Wir fuhren im Sommer in die Schweiz.", "Schweiz", False),
        ("Er kaufte drei neue Lampen und 12 Stühle.", "Lampen", True),
        ("Er traf am\nDienstag das\nTeam im Büro.", "Team", True),
        ("Das API und das iPhone.", "iPhone", False),
    ],
)
def test_what_tells_a_noun(text: str, name: str, is_noun: bool) -> None:
    assert Nouns(text).are_all_of(name, ()) == is_noun
    assert not Nouns(text).are_all_of(name, {word.lower() for word in name.split()})  # who is known is no noun


def test_a_noun_before_a_von_is_no_part_of_the_name() -> None:
    assert "Siemens" in names("Wir haben das Angebot von Siemens nicht gelesen, und das Angebot ist auch nicht gut.")
    assert "Petra und Tom" not in names("Ich habe das mit Petra und Tom nicht für die Kasse gemacht, und es ist gut.")


def test_in_other_languages_nothing_is_dropped() -> None:
    assert "Helios" in names("We like the Helios a lot, and the Helios is ours, and it was the Helios that we had.")


@pytest.mark.parametrize(
    "text", ["Das neue Geld kam, weil. " * 8000, "x" * 200_000, "neue " * 40_000, "Geld " * 40_000]
)
def test_a_long_text_takes_no_longer_per_letter(text: str) -> None:
    began = time.process_time()
    Nouns(text)
    assert time.process_time() - began < 3.0


def test_an_institution_of_a_country_is_not_the_country() -> None:
    text = "Anna war bei der Bank von England und an der Universität von Kalifornien. Das Angebot von Siemens kam."
    assert {"Bank von England", "Universität von Kalifornien", "Siemens"} <= names(text)
    assert not {"England", "Kalifornien"} & names(text)


def test_not_all_that_ends_as_a_council_is_one() -> None:
    text = (
        "Die Heirat von Petra war in Leeds. Der Fotograf von Anna Weber kam nicht. Das Inserat von Siemens war teuer."
    )
    assert {"Petra", "Anna Weber", "Siemens"} <= names(text)
    assert "Graf von Zeppelin" in names("Damals kam der Graf von Zeppelin nach Leeds.")
