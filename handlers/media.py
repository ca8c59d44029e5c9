"""What an answer may be besides a struct: pictures, printable pages, spreadsheets, pages, texts, scripts."""


class Json(bytes):
    """A reply that is written already."""

    media_type = "application/json"


class Png(bytes):
    """A picture."""

    media_type = "image/png"


class Jpeg(bytes):
    """A photo."""

    media_type = "image/jpeg"


class Pdf(bytes):
    """A printable page."""

    media_type = "application/pdf"


class Xlsx(bytes):
    """A spreadsheet."""

    media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class Html(str):
    """A page."""

    media_type = "text/html; charset=UTF-8"
    __slots__ = ()


class Text(str):
    """Plain text."""

    media_type = "text/plain; charset=UTF-8"
    __slots__ = ()


class Script(str):
    """A script for a page."""

    media_type = "text/javascript; charset=UTF-8"
    __slots__ = ()


Media = Json | Png | Jpeg | Pdf | Xlsx | Html | Text | Script
