"""The few HTML pages of the host: plain, escaped, without scripts and without foreign assets."""

import base64
import hashlib
from collections.abc import Iterable, Sequence
from html import escape
from importlib import resources

__all__ = ["Pages", "link", "table"]


class Pages:
    """Wraps content in the common page, whose style sheet is read once."""

    def __init__(self) -> None:
        self._style = resources.files("synthdb_host").joinpath("static/page.css").read_text("utf-8")
        digest = base64.b64encode(hashlib.sha256(self._style.encode()).digest()).decode()
        self.policy = (
            f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; "
            "frame-ancestors 'none'"
        )
        """The Content-Security-Policy under which these pages work: their own style and nothing else."""

    def render(self, title: str, content: str) -> bytes:
        """Write a page; ``content`` is HTML, ``title`` is text."""
        return (
            '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{escape(title)}</title><style>{self._style}</style></head>"
            f"<body><main><h1>{escape(title)}</h1>{content}</main></body></html>\n"
        ).encode()


def link(address: str, text: str) -> str:
    """Write a link."""
    return f'<a href="{escape(address)}">{escape(text)}</a>'


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[int] = ()) -> str:
    """Write a table; headings are text, cells are HTML, ``numbers`` are the positions of number columns."""
    head = "".join(_cell("th", position, escape(text), numbers) for position, text in enumerate(headings))
    body = "".join(
        "<tr>" + "".join(_cell("td", position, cell, numbers) for position, cell in enumerate(row)) + "</tr>"
        for row in rows
    )
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _cell(tag: str, position: int, content: str, numbers: Sequence[int]) -> str:
    return f'<{tag} class="number">{content}</{tag}>' if position in numbers else f"<{tag}>{content}</{tag}>"
