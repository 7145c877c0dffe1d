"""Documents from files: what is read, and that every unreadable file is one clear line."""

from __future__ import annotations

import logging
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from bs4 import ParserRejectedMarkup
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crossover.errors import DataError, MissingExtra
from crossover.files import read_document, read_documents

PAGE = """<?xml version="1.0"?>
<!DOCTYPE html><html><head><title>Tides</title><style>p { color: red }</style>
<script>var tide = "hidden";</script></head><body><!-- a note -->
<h1>High   and
low</h1><p>The <b>moon</b> pulls<br>twice a day.</p><ul><li>spring</li><li>neap</li></ul>
<table><tr><th>Port</th><th>Metres</th></tr><tr><td><p>Brest</p></td><td>6</td></tr>
<tr><td></td><td>none</td></tr></table>
<pre>if high:
    sail()</pre><div>caf&eacute;<span>s</span></div></body></html>"""


def pdf_with(*pages: str) -> bytes:
    """Build a minimal PDF whose pages show one line of text each."""
    kids = " ".join(f"{3 + 2 * n} 0 R" for n in range(len(pages)))
    font = "<< /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >>"
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
    ]
    for n, text in enumerate(pages):
        stream = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET" if text else ""
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources {font} "
            f"/Contents {4 + 2 * n} 0 R >>"
        )
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
    body, offsets = "%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += f"{number} 0 obj\n{content}\nendobj\n"
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    start, size = len(body), len(objects) + 1
    body += f"xref\n0 {size}\n0000000000 65535 f \n{table}"
    return (body + f"trailer << /Size {size} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF").encode()


def write_docx(path: Path) -> None:
    import docx

    document = docx.Document()
    document.add_heading("Report", 1)
    document.add_paragraph("Before the table.")
    table = document.add_table(rows=2, cols=2)
    for place, text in enumerate(("Port", "Metres", "Brest", "6")):
        table.cell(place // 2, place % 2).text = text
    document.add_paragraph("After\tit.")
    document.save(str(path))


def test_text_is_kept_character_by_character(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes("e\u0301te\u0301\r\n\ttwo  spaces \r\n".encode())
    document = read_document(path)
    assert document.text == "e\u0301te\u0301\r\n\ttwo  spaces \r\n"
    assert (document.id, dict(document.metadata)) == ("notes.txt", {"title": "notes"})


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(text=st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1))
def test_any_text_comes_back(tmp_path: Path, text: str) -> None:
    path = tmp_path / "any.md"
    path.write_bytes(text.encode())
    if text.strip("\ufeff").strip():
        assert read_document(path).text == text.removeprefix("\ufeff")


def test_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"\xef\xbb\xbfhello")
    assert read_document(path).text == "hello"


def test_the_text_is_read_on_first_use_only(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("first")
    document = read_document(path)
    path.write_text("second")
    assert document.text == "second"
    path.write_text("third")
    assert document.text == "second"


def test_a_document_travels_to_another_process_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("hello")
    assert pickle.loads(pickle.dumps(read_document(path))).text == "hello"


def test_html_reads_as_a_browser_shows_it(tmp_path: Path) -> None:
    path = tmp_path / "tides.HTML"
    path.write_text(PAGE, encoding="utf-8")
    assert read_document(path).text.splitlines() == [
        "Tides",
        "High and low",
        "The moon pulls",
        "twice a day.",
        "spring",
        "neap",
        "Port | Metres",
        "Brest | 6",
        "| none",
        "if high:",
        "    sail()",
        "cafés",
    ]


def test_a_layout_table_keeps_its_paragraphs_apart(tmp_path: Path) -> None:
    path = tmp_path / "old.htm"
    path.write_text("<table><tr><td><p>One.</p><p>Two.</p></td></tr></table>")
    assert read_document(path).text == "One.\nTwo."


def test_html_of_any_depth_is_read(tmp_path: Path) -> None:
    path = tmp_path / "deep.html"
    path.write_text("<div>" * 3000 + "bottom" + "</div>" * 3000)
    assert read_document(path).text == "bottom"


def test_html_that_looks_like_a_file_name_is_text(tmp_path: Path) -> None:
    path = tmp_path / "odd.html"
    path.write_text("index.html")
    assert read_document(path).text == "index.html"


def test_word_paragraphs_and_tables_come_in_order(tmp_path: Path) -> None:
    path = tmp_path / "report.docx"
    write_docx(path)
    expected = "Report\nBefore the table.\nPort | Metres\nBrest | 6\nAfter\tit."
    assert read_document(path).text == expected


def test_word_insertions_and_content_controls_are_read_and_removed_text_is_not(
    tmp_path: Path,
) -> None:
    import docx
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls

    def run(text: str) -> str:
        return f"<w:r><w:t>{text}</w:t></w:r>"

    document = docx.Document()
    removed = '<w:del w:id="2"><w:r><w:delText>gone</w:delText></w:r></w:del>'
    document.element.body.insert(
        0,
        parse_xml(
            f"<w:sdt {nsdecls('w')}><w:sdtContent><w:p>"
            f"<w:pPr><w:tabs><w:tab w:val='left'/></w:tabs></w:pPr>"
            f"{run('Kept')}<w:ins w:id='1'>{run(' added')}</w:ins>{removed}"
            f"<w:moveFrom w:id='3'>{run('moved')}</w:moveFrom></w:p></w:sdtContent></w:sdt>"
        ),
    )
    document.save(str(tmp_path / "edited.docx"))
    assert read_document(tmp_path / "edited.docx").text == "Kept added"


def test_pdf_pages_come_in_order(tmp_path: Path) -> None:
    path = tmp_path / "paper.pdf"
    path.write_bytes(pdf_with("First page.", "Second page."))
    assert read_document(path).text == "First page.\nSecond page."


def test_pages_without_text_are_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "half.pdf"
    path.write_bytes(pdf_with("Text.", "", ""))
    with caplog.at_level(logging.WARNING, "crossover.files"):
        assert read_document(path).text.strip() == "Text."
    assert "no text on page 2, 3" in caplog.text


def encrypted_pdf(path: Path) -> None:
    from pypdf import PdfWriter

    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    writer.encrypt("secret", algorithm="RC4-128")
    with path.open("wb") as file:
        writer.write(file)


def bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", bytes(60_000_000))


def zip_of_nothing(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.xml", "<a/>")


def damaged_docx(path: Path) -> None:
    write_docx(path)
    path.write_bytes(path.read_bytes()[:2000])


UNREADABLE: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "missing": ("absent.txt", lambda path: None, "no such file"),
    "folder": ("sub.txt", lambda path: path.mkdir(), "a folder where a file is needed"),
    "empty": ("empty.txt", lambda path: path.touch(), "the file is empty"),
    "blank": ("blank.md", lambda path: path.write_text(" \n\t"), "holds no text"),
    "mark only": ("m.txt", lambda path: path.write_bytes(b"\xef\xbb\xbf"), "holds no text"),
    "suffix": ("a.rtf", lambda path: path.write_text("x"), "cannot read .rtf files"),
    "no suffix": ("LICENSE", lambda path: path.write_text("x"), "without a suffix"),
    "latin": ("l.txt", lambda path: path.write_bytes(b"caf\xe9 au lait"), "not UTF-8 at byte 3"),
    "utf-16": ("u.txt", lambda path: path.write_bytes("hi".encode("utf-16")), "is UTF-16"),
    "zip as txt": ("z.txt", zip_of_nothing, "is a zip archive"),
    "pdf as txt": ("p.txt", lambda path: path.write_bytes(pdf_with("x")), "is a PDF"),
    "binary": ("b.md", lambda path: path.write_bytes(b"ab\x00c"), "is binary (a NUL at byte 2)"),
    "script only": ("s.html", lambda p: p.write_text("<script>x()</script>"), "holds no text"),
    "latin html": ("l.html", lambda p: p.write_bytes(b"<p>\xe9</p>"), "not UTF-8 at byte 3"),
    "corrupt pdf": ("c.pdf", lambda path: path.write_bytes(b"%PDF-1.4 rubbish"), "not a readable"),
    "text as pdf": ("t.pdf", lambda path: path.write_text("hello"), "not a readable PDF"),
    "image-only pdf": ("i.pdf", lambda p: p.write_bytes(pdf_with("", "")), "text recognition"),
    "encrypted pdf": ("e.pdf", encrypted_pdf, "encrypted; save a copy without a password"),
    "text as docx": ("t.docx", lambda path: path.write_text("hello"), "not a docx file"),
    "damaged docx": ("d.docx", damaged_docx, "not a docx file, or damaged"),
    "zip as docx": ("z.docx", zip_of_nothing, "not a readable Word document"),
    "zip bomb": ("b.docx", bomb, "60 MB; refused as a possible zip bomb"),
    "long name": ("x" * 5000 + ".txt", lambda path: None, "cannot be read"),
    "nul in name": ("a\0b.txt", lambda path: None, "no such file"),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_an_unreadable_file_is_one_clear_line(tmp_path: Path, case: str) -> None:
    name, make, expected = UNREADABLE[case]
    make(tmp_path / name)
    with pytest.raises(DataError) as caught:
        assert read_document(tmp_path / name).text
    line = str(caught.value)
    assert expected in line
    assert "\n" not in line
    assert line.startswith(f"{tmp_path / name}: ")


def test_markup_that_the_parser_rejects_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def reject(markup: str, parser: str) -> None:
        raise ParserRejectedMarkup("unknown status keyword\nmore")

    path = tmp_path / "a.html"
    path.write_text("<p>x</p>")
    monkeypatch.setattr("bs4.BeautifulSoup", reject)
    with pytest.raises(DataError, match=r"a\.html: not readable as HTML: unknown status keyword$"):
        assert read_document(path).text


def test_a_missing_file_is_told_with_its_nearest_name(tmp_path: Path) -> None:
    (tmp_path / "report.txt").write_text("x")
    with pytest.raises(DataError, match=r"did you mean .*report\.txt\?"):
        read_document(tmp_path / "raport.txt")


def test_a_missing_reader_names_the_package_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(pdf_with("x"))
    monkeypatch.setattr("crossover.files.find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"pypdf: pip install 'crossover-rag\[rag\]'"):
        read_document(path)


def test_folders_give_their_files_sorted_and_ids_are_unique(tmp_path: Path) -> None:
    for name in (
        "b/notes.txt",
        "a/notes.txt",
        "a/z.md",
        "a/skip.csv",
        "a/.hidden.txt",
        "a/n/x.txt",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    paths = [tmp_path / "a", tmp_path / "b" / "notes.txt", tmp_path / "a" / ".." / "a" / "z.md"]
    documents = read_documents(paths)
    assert [document.id for document in documents] == ["a/notes.txt", "z.md", "b/notes.txt"]
    assert [document.text for document in documents] == ["a/notes.txt", "a/z.md", "b/notes.txt"]


def test_a_folder_without_documents_is_told(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("x")
    with pytest.raises(DataError, match=r"the folder holds no document; expected \.txt, \.md"):
        read_documents([tmp_path])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(
    names=st.lists(
        st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map("/".join),
        min_size=1,
        max_size=6,
    )
)
def test_ids_are_always_unique(tmp_path: Path, names: list[str]) -> None:
    paths = [tmp_path / f"{name}.txt" for name in names]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    ids = [document.id for document in read_documents(paths)]
    assert len(ids) == len(set(ids)) == len(set(paths))
