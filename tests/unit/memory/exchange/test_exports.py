"""GraphML, JSON-LD and CSV: readable by their own readers, times kept, nothing harmful, whole or not at all."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from hausmusik.errors import OutputError, UsageError
from hausmusik.memory.exchange.clean import cell, plain, xml
from hausmusik.memory.exchange.exporting import Form, export
from hausmusik.memory.exchange.targets import whole_file, whole_folder
from tests.unit.memory.exchange.samples import FIRST, embed, memory

FORMS: list[Form] = ["graphml", "json-ld", "csv", "lightrag", "custom-kg"]


async def test_graphml_has_facts_with_their_times(tmp_path: Path) -> None:
    report = await export("notes", memory(tmp_path), tmp_path / "g.graphml", "graphml", embed)
    assert (report.documents, report.passages, report.entities, report.facts) == (2, 3, 5, 4)
    root = ET.parse(tmp_path / "g.graphml").getroot()
    space = {"g": "http://graphml.graphdrawing.org/xmlns"}
    names = {key.get("id"): key.get("attr.name") for key in root.findall("g:key", space)}

    def values(element: ET.Element) -> dict[str | None, str | None]:
        return {names[each.get("key")]: each.text for each in element.findall("g:data", space)}

    nodes = {node.get("id"): values(node) for node in root.iterfind(".//g:node", space)}
    assert {node["title"] for node in nodes.values()} == {"Anna Weber", "John Doe", "Nordwind", "Hamburg", "Bremen"}
    assert next(each for each in nodes.values() if each["title"] == "John Doe")["names"] == "John Doe | JD"
    facts = [values(edge) | {"to": nodes[edge.get("target")]["title"]} for edge in root.iterfind(".//g:edge", space)]
    (hamburg,) = [fact for fact in facts if fact["to"] == "Hamburg"]
    assert (hamburg["valid_from"], hamburg["valid_to"], hamburg["kind"]) == ("2025-03-01", "2026-02-01", "lives in")
    assert hamburg["document"] == "2025/notes.txt"
    assert "=danger & <more>" in {fact.get("description") for fact in facts}


async def test_json_ld_names_everything_once_and_refers_to_it(tmp_path: Path) -> None:
    await export("my notes", memory(tmp_path), tmp_path / "g.jsonld", "json-ld", embed)
    things = json.loads((tmp_path / "g.jsonld").read_text("utf-8"))["@graph"]
    known = {thing["@id"]: thing for thing in things}
    assert len(known) == len(things) == 2 + 3 + 5 + 4
    for thing in things:
        for key in ("source", "target", "saidIn", "isPartOf"):
            assert thing.get(key) is None or thing[key] in known
        assert all(each in known for each in thing.get("mentions", ()))
    (ended,) = [thing for thing in things if "validTo" in thing]
    assert (ended["validFrom"], ended["validTo"]) == ("2025-03-01", "2026-02-01")
    assert known[ended["target"]]["name"] == "Hamburg"
    assert "\x07" not in json.dumps(things)


async def test_csv_is_joined_by_ids_and_has_no_formulas(tmp_path: Path) -> None:
    await export("notes", memory(tmp_path), tmp_path / "sheets", "csv", embed)
    sheets = {}
    for path in sorted((tmp_path / "sheets").iterdir()):
        with path.open(encoding="utf-8", newline="") as file:
            sheets[path.name] = list(csv.DictReader(file))
    assert list(sheets) == ["entities.csv", "passages.csv", "relations.csv"]
    texts = [row["text"] for row in sheets["passages.csv"]]
    assert texts[0] == FIRST
    assert texts[1].startswith("'=1+1")
    titles = {row["id"]: row["title"] for row in sheets["entities.csv"]}
    passages = {row["id"] for row in sheets["passages.csv"]}
    for row in sheets["relations.csv"]:
        assert titles[row["source_id"]] == row["source"]
        assert row["passage_id"] in passages
    assert {row["valid_to"] for row in sheets["relations.csv"]} == {"", "2026-02-01"}
    assert not [cell for rows in sheets.values() for row in rows for cell in row.values() if cell.startswith("=")]


@pytest.mark.parametrize("form", FORMS)
async def test_the_same_memory_gives_the_same_bytes(tmp_path: Path, form: Form) -> None:
    store = memory(tmp_path)
    for name in ("one", "two"):
        await export("notes", store, tmp_path / name, form, embed)
    one, two = (_bytes(tmp_path / name) for name in ("one", "two"))
    assert one == two


def _bytes(target: Path) -> list[tuple[str, bytes]]:
    paths = sorted(target.iterdir()) if target.is_dir() else [target]
    return [(path.name if target.is_dir() else "", path.read_bytes()) for path in paths]


@pytest.mark.parametrize("form", FORMS)
async def test_what_is_there_stays(tmp_path: Path, form: Form) -> None:
    store, target = memory(tmp_path), tmp_path / "there"
    target.write_text("mine")
    with pytest.raises(OutputError, match="there already"):
        await export("notes", store, target, form, embed)
    assert target.read_text() == "mine"


async def test_a_folder_with_something_in_it_stays(tmp_path: Path) -> None:
    store, target = memory(tmp_path), tmp_path / "there"
    target.mkdir()
    (target / "mine").touch()
    with pytest.raises(OutputError, match="there already"):
        await export("notes", store, target, "csv", embed)
    (target / "mine").unlink()
    await export("notes", store, target, "csv", embed)
    assert len(list(target.iterdir())) == 3


async def test_an_unknown_form_and_a_missing_place_are_told(tmp_path: Path) -> None:
    store = memory(tmp_path)
    with pytest.raises(UsageError, match="no form 'pdf'"):
        await export("notes", store, tmp_path / "x", "pdf", embed)  # pyright: ignore[reportArgumentType]
    with pytest.raises(OutputError, match="cannot be written"):
        await export("notes", store, tmp_path / "no" / "x", "graphml", embed)


def test_what_fails_leaves_nothing(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "half").write_text("half")
        raise RuntimeError

    with pytest.raises(RuntimeError), whole_folder(tmp_path / "folder") as folder:
        fail(folder)
    with pytest.raises(RuntimeError), whole_file(tmp_path / "file"):
        fail(tmp_path)
    (tmp_path / "half").unlink()
    assert not list(tmp_path.iterdir())


def test_a_link_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OutputError), whole_file(tmp_path / "link"):
        pass
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@a", "\t=1", " =1", "\r\n@x", "＝1"])
def test_formulas_become_texts(text: str) -> None:
    assert str(cell(text)).startswith("'")


def test_other_cells_are_as_they_were() -> None:
    assert [cell(each) for each in ("a=b", 1, -1.5, None, "")] == ["a=b", 1, -1.5, "", ""]


def test_xml_holds_whatever_it_can() -> None:
    assert plain("a\x00\x0b\ud800\ufffe😀é\n") == "a😀é\n"
    assert xml("<a & 'b'>\r") == "&lt;a &amp; &#x27;b&#x27;&gt;&#13;"
