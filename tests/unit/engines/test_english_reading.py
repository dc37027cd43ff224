"""What is written against what is said: one line per thing that people write."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hausmusik.engines.english.reading import read
from hausmusik.engines.english.sentences import paragraphs, sentences
from hausmusik.engines.english.tokens import Accent, Stop, Word


def said(text: str, accent: Accent = "us", **lexicon: tuple[str, ...]) -> str:
    """Words as said, stops as their marks, silences as `<seconds>`, emphasis as `^`."""
    out: list[str] = []
    for token in read(text, accent, lexicon):
        if isinstance(token, Stop):
            out.append(token.mark or f"<{token.pause_s:g}>")
        elif token.spoken:
            out.append(("^" if token.emphatic else "") + " ".join(token.spoken))
    return " ".join(out)


MONEY = [
    ("$3.50", "three dollars and fifty cents"),
    ("€20", "twenty euros"),
    ("£1.2 million", "one point two million pounds"),
    ("a $20 bill", "a twenty dollar bill"),
    ("$5k", "five thousand dollars"),
    ("€3bn", "three billion euros"),
    ("$0.99", "ninety-nine cents"),
    ("$1", "one dollar"),
    ("-$20", "minus twenty dollars"),
    ("$10-20", "ten to twenty dollars"),
    ("$1,299.99", "one thousand two hundred ninety-nine dollars and ninety-nine cents"),
    ("40,000 euros", "forty thousand euros"),
    ("EUR 40", "forty euros"),
    ("50¢", "fifty cents"),
    ("$1.50/kg", "one dollar and fifty cents per kilogram"),
    ("£0.01", "one penny"),
]
MEASURES = [
    ("-3 °C", "minus three degrees Celsius"),
    ("5 km/h", "five kilometers per hour"),
    ("16GB", "sixteen gigabytes"),
    ("2-3 kg", "two to three kilograms"),
    ("a 5 km run", "a five kilometer run"),
    ("a 5-km run", "a five kilometer run"),
    ("two 12 V batteries", "two twelve volt batteries"),
    ("these 3 kg bags", "these three kilogram bags"),
    ("a mere 5 km away", "a mere five kilometers away"),
    ("2 tbsp of oil, 3 tsp salt", "two tablespoons of oil , three teaspoons salt"),
    ("10 oz. of cream", "ten ounces of cream"),
    ("It took 5 min. Then", "It took five minutes . Then"),
    ("1/2 tsp", "half a teaspoon"),
    ("3/4 lb. beef", "three quarters of a pound beef"),
    ("2½ km", "two and a half kilometers"),
    ("1/2 h", "half an hour"),
    ("1 kg", "one kilogram"),
    ("44.1 kHz", "forty-four point one kilohertz"),
    ("90 bpm", "ninety beats per minute"),
    ("-16 LUFS", "minus sixteen LUFS"),
    ("2x", "two times"),
    ("5'11\"", "five foot eleven"),
    ("km/h", "kilometers per hour"),
    ("5%", "five percent"),
    ("5-10 %", "five to ten percent"),
    ("1/2", "one half"),
    ("2 1/2", "two and a half"),
    ("2½", "two and a half"),
    ("¾ cup", "three quarters cup"),
    ("24/7", "twenty-four seven"),
    ("50/50", "fifty fifty"),
    ("21st", "twenty-first"),
    ("1,000th", "one thousandth"),
    ("1905-1910", "nineteen oh five to nineteen ten"),
    ("10–20", "ten to twenty"),
    ("16:9", "sixteen to nine"),
    ("5 - 3", "five minus three"),
    ("5*3", "five times three"),
    ("2 x 4", "two times four"),
    ("3,5 und", "three point five und"),
]
DATES = [
    ("March 14, 2026", "March fourteenth twenty twenty-six"),
    ("14 March", "the fourteenth of March"),
    ("the 4th of July", "the fourth of July"),
    ("1st of May 2020", "the first of May twenty twenty"),
    ("2026-03-14", "March fourteenth twenty twenty-six"),
    ("3/14/2026", "March fourteenth twenty twenty-six"),
    ("25.12.2024", "December twenty-fifth twenty twenty-four"),
    ("Jan. 5th", "January fifth"),
    ("Sept. 2019", "September twenty nineteen"),
    ("Mon, Jan. 3", "Monday , January third"),
    ("in 1984", "in nineteen eighty-four"),
    ("1984 copies", "one thousand nine hundred eighty-four copies"),
    ("the 1980s", "the nineteen eighties"),
    ("the '90s", "the nineties"),
    ("in her 20s", "in her twenties"),
    ("3:45 pm", "three forty-five P.M."),
    ("15:30", "fifteen thirty"),
    ("10am", "ten A.M."),
    ("3:00", "three o'clock"),
    ("9:05", "nine oh five"),
    ("9am-5pm", "nine A.M. to five P.M."),
    ("Monday–Friday", "Monday to Friday"),
    ("you may 5 times", "you may five times"),
]
SHORTENED = [
    ("Dr. Smith", "doctor Smith"),
    ("Dr. Who", "doctor Who"),
    ("Mr. and Mrs. Jones", "mister and missus Jones"),
    ("12 Elm St. near", "twelve Elm street near"),
    ("St. Louis", "saint Louis"),
    ("on St. John St. was", "on saint John street was"),
    ("e.g. this", "for example this"),
    ("i.e. that", "that is that"),
    ("No. 5", "number five"),
    ("pp. 12-15", "pages twelve to fifteen"),
    ("chap. 3, sect. 5", "chapter three , section five"),
    ("Fig. 3", "figure three"),
    ("J. S. Bach", "J. S. Bach"),
    ("the U.S. economy", "the U.S. economy"),
    ("Ph.D.", "P.H.D. ."),
    ("Louis XIV met", "Louis the fourteenth met"),
    ("Henry VIII's wives", "Henry the eighth's wives"),
    ("Chapter IV", "Chapter four"),
    ("Rocky II", "Rocky two"),
    ("Elizabeth I was", "Elizabeth the first was"),
    ("Charles I think", "Charles I think"),
    ("World War I", "World War one"),
    ("about c. 1750", "about circa seventeen fifty"),
    ("(c. 1750)", "( circa seventeen fifty )"),
    ("Op. 125", "opus one hundred twenty-five"),
    ("K. 550", "K. five hundred fifty"),
]
TYPED = [
    ("https://www.example.com/a?x=1", "example dot com slash A."),
    ("anna.weber@nordwind.io", "anna dot weber at nordwind dot I.O."),
    ("555-123-4567", "five five five , one two three , four five six seven"),
    ("0800-555-1234", "oh eight hundred , five five five , one two three four"),
    ("1-800-555-0199", "one , eight hundred , five five five , zero one nine nine"),
    ("221B Baker Street", "two twenty-one B. Baker Street"),
    ("1600 Pennsylvania Avenue", "sixteen hundred Pennsylvania Avenue"),
    ("105 N. Main Street", "one oh five N. Main Street"),
    ("300 people on Main Street", "three hundred people on Main Street"),
    ("+1 (555) 123-4567", "plus one , five five five , one two three , four five six seven"),
    ("call 911 now", "call nine one one now"),
    ("v2.5", "version two point five"),
    ("version 3.11", "version three point eleven"),
    ("1.2.3", "one point two point three"),
    ("MP3", "M.P. three"),
    ("H100", "H. one hundred"),
    ("GPT-4o", "G.P.T. four O."),
    ("COVID-19", "COVID nineteen"),
    ("AT&T", "A.T. and T."),
    ("F♯ and B♭", "F. sharp and B. flat"),
    ("C#", "C. sharp"),
    ("readme.md", "readme dot M.D."),
    ("#5", "number five"),
    ("@anna", "at anna"),
    ("a 3-to-1 lead", "a three to one lead"),
    ("TCP/IP", "TCP IP"),
    ("and/or", "and or"),
    ("he/she", "he or she"),
]
MARKS = [
    ("Hello [laughs] world", "Hello <0.3> world"),
    ("(sighs) Well", "<0.3> Well"),
    ("*gasps* Oh", "<0.3> Oh"),
    ("a (small) thing", "a ( small ) thing"),
    ("[pause 2s] now", "<2> now"),
    ("[pause 9999] now", "<10> now"),
    ("♪ la la ♪", "<0.3> la la <0.3>"),
    ("*really* **very** _so_", "^really ^very ^so"),
    ("snake_case stays", "snake case stays"),
    ("as shown [12] here", "as shown here"),
    ("see [the page](https://x.org)", "see the page"),
    ("# Title", "Title"),
    ("Fine 🎉👩‍👩‍👧 \x00\x07", "Fine"),
    ("ok :-) then", "ok then"),
    ("wait... what", "wait … what"),
    ("well—maybe -- no", "well — maybe — no"),
    ('"Hi," he said.', "“ Hi , ” he said ."),
    ("what?!", "what ?"),
    ("R&D & more", "R. and D. and more"),
    ("a + b = 2", "a plus b equals two"),
]


RAISED = [
    ("5² is 25", "five squared is twenty-five"),
    ("E = mc²", "E equals M.C. squared"),
    ("x³ + 10⁻³", "X. cubed plus ten to the minus third"),
    ("2¹⁰ and 5²³", "two to the tenth and five to the twenty-third"),
    ("CO₂ and H₂O", "C.O. two and H. two O."),
    ("as he said.¹ And so² on¹²", "as he said . And so on"),
    ("10 m² in 1999¹", "ten square meters in one thousand nine hundred ninety-nine"),
    ("@²0", "at zero"),
    ("http://a.b/²³?x=²", "A. dot B. slash"),
]


@pytest.mark.parametrize(("text", "expected"), MONEY + MEASURES + DATES + SHORTENED + TYPED + MARKS + RAISED)
def test_it_is_read_as_people_say_it(text: str, expected: str) -> None:
    assert said(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3/4/2026", "the third of April twenty twenty-six"),
        ("March 14", "March the fourteenth"),
        ("105", "one hundred and five"),
    ],
)
def test_a_british_reader_differs(text: str, expected: str) -> None:
    assert said(text, "gb") == expected


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("He left the U.S. She stayed.", 2),
        ("He left at 5 p.m. She stayed.", 2),
        ("At 5 p.m. sharp we left.", 1),
        ("Apples, pears, etc. The end.", 2),
        ("Mr. J. S. Bach of St. Louis, e.g., wrote No. 5.", 1),
        ('"Really?" she asked. "Yes!" he cried.', 2),
        ("Pi is 3.14. Good.", 2),
        ("Wait… what happened?", 1),
        ("Wait… What happened?", 2),
        ("one\ntwo\nthree", 3),
        ("No. That is wrong.", 2),
        ("How many? No. 3 people came.", 3),
    ],
)
def test_sentences_end_where_they_should(text: str, count: int) -> None:
    assert len(list(sentences(read(text, "us", {})))) == count


def test_a_wrapped_line_goes_on_and_a_short_one_ends() -> None:
    wrapped = "This line was wrapped by an editor somewhere behind its sixtieth\ncolumn and goes on."
    assert said(wrapped).count(".") == 1
    assert said("Title\nText here.") == "Title . Text here ."


def test_own_words_come_first_whatever_their_case() -> None:
    assert said("gödel and Kilo 5 km", "us", **{"gödel": ("gurdle",), "5 km": ("far",)}) == "gurdle and Kilo far"


def test_own_words_may_own_something_however_the_apostrophe_is_written() -> None:
    own = {"siobhan": ("shi·ˈvawn",), "ada’s": ("bob",), "ses": ("sess",)}
    assert said("Siobhan’s and SIOBHAN's, Ada's", "us", **own) == "shi·ˈvawn's and shi·ˈvawn's , bob"
    assert said("ſeſ", "us", **own) == "ſeſ"


def test_a_single_quotation_mark_is_no_apostrophe() -> None:
    assert said("'Why not?' It's the dogs' bowl, 'tis.") == "Why not ? It's the dogs' bowl , 'tis ."


def test_written_words_can_be_found_again_in_the_text() -> None:
    text = "On March 14, 2026, Dr. Gödel paid $3.50 — “twice”, e.g. for C# at 5 p.m."
    for token in read(text, "us", {}):
        if isinstance(token, Word):
            assert text[token.start : token.end] == token.written


@settings(deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_read_in_order_without_an_error(text: str) -> None:
    text = unicodedata.normalize("NFC", text)
    position = 0
    for token in read(text, "gb", {}):
        assert token.start >= position or isinstance(token, Stop)
        if isinstance(token, Word):
            assert text[token.start : token.end] == token.written
            assert all(part for part in token.spoken)
            position = token.end


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["1", "a", "A", ".", ",", " ", "-", "$", "%", "/", ":", "(", "[", "*", "_", "I", "é", "\n", "am", "'"]
        ),
        max_size=60,
    )
)
def test_confusing_punctuation_does_no_harm(parts: list[str]) -> None:
    read("".join(parts), "us", {})


@pytest.mark.parametrize(
    "unit", ["a", "1", "1,", "(", "[", "A.", "A. ", "-", "a@", "1-", "a-", "*a ", "♪ la ", "Louis XIV ", "1 ", "<"]
)
def test_thousands_of_strange_characters_take_no_time(unit: str) -> None:
    text = unit * (8_000 // len(unit))
    began_s = time.process_time()
    for _, portion, _ in paragraphs(text):
        list(sentences(read(portion, "us", {})))
    assert time.process_time() - began_s < 3.0


def test_a_long_paragraph_is_cut_between_sentences() -> None:
    text = "This is a sentence of some length. " * 500
    parts = list(paragraphs(text))
    assert "".join(part for _, part, _ in parts) == text
    assert max(len(part) for _, part, _ in parts) <= 4_000
    assert all(part.rstrip().endswith(".") for _, part, _ in parts)
    assert [ends for _, _, ends in parts] == [False] * (len(parts) - 1) + [True]


def test_paragraphs_end_at_blank_lines() -> None:
    assert [(part, ends) for _, part, ends in paragraphs("One.\n\n  \nTwo.\n")] == [("One.", True), ("Two.\n", True)]
