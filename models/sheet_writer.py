"""A spreadsheet (.xlsx) of one sheet written row by row into memory (ECMA-376 part 1, §18; inline strings).

Rows are packed as they come, so that a hundred thousand take some megabytes, and nothing touches a disk.
Every cell is text, also where it begins like a formula.
"""

import io
from collections.abc import Iterable, Sequence
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile

from models.tables import plain

_TYPES = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/xl/workbook.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
    '<Override PartName="/xl/worksheets/sheet1.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>'
)
_RELATIONS = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="rId1" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}" Target="{target}"/>'
    "</Relationships>"
)
_BOOK = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
    '<sheets><sheet name="{title}" sheetId="1" r:id="rId1"/></sheets></workbook>'
)
_HEAD = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    '<sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" '
    'state="frozen"/></sheetView></sheetViews>'
    '<cols><col min="1" max="20" width="22" customWidth="1"/></cols><sheetData>'
)
_CELL = '<c t="inlineStr"><is><t xml:space="preserve">{}</t></is></c>'


class SheetWriter:
    """One sheet that grows; `close` gives the file."""

    def __init__(self, title: str, headings: Sequence[str]) -> None:
        self._content = io.BytesIO()
        self._file = ZipFile(self._content, "w", ZIP_DEFLATED, compresslevel=1)
        self._file.writestr("[Content_Types].xml", _TYPES)
        self._file.writestr("_rels/.rels", _RELATIONS.format(kind="officeDocument", target="xl/workbook.xml"))
        self._file.writestr("xl/workbook.xml", _BOOK.format(title=escape(title, {'"': "&quot;"})))
        links = _RELATIONS.format(kind="worksheet", target="worksheets/sheet1.xml")
        self._file.writestr("xl/_rels/workbook.xml.rels", links)
        self._sheet = self._file.open("xl/worksheets/sheet1.xml", "w", force_zip64=True)
        self._sheet.write(_HEAD.encode())
        self.add([headings])

    def add(self, rows: Iterable[Sequence[str]]) -> None:
        """Write some rows."""
        for cells in rows:
            line = "".join(_CELL.format(escape(plain(cell))) for cell in cells)
            self._sheet.write(f"<row>{line}</row>".encode())

    def close(self) -> bytes:
        """Return the file; nothing can be added any more."""
        self._sheet.write(b"</sheetData></worksheet>")
        self._sheet.close()
        self._file.close()
        return self._content.getvalue()
