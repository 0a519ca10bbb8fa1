"""What a browser makes of a page: its tags, and the cells of its tables."""

from html.parser import HTMLParser

__all__ = ["Cells"]


class Cells(HTMLParser):
    """The cells of tables and all tags, as a browser takes them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.tags: set[str] = set()
        self.is_inside = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        self.is_inside = tag in ("td", "th")

    def handle_data(self, data: str) -> None:
        if self.is_inside:
            self.rows[-1][-1] += data

    def handle_endtag(self, tag: str) -> None:
        self.is_inside = False
