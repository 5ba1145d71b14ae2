"""Answers: JSON, a page at a time."""

from typing import Final
from urllib.parse import quote

import falcon.asgi
import msgspec

from synthdb.rest.shapes import raw_path
from synthdb_host.contracts import Result
from synthdb_host.encoding import to_text
from synthdb_host.errors import MergeConflict, NotAcceptable
from synthdb_host.merge_reports import MergeReport

__all__ = ["answer", "answer_page", "answer_report", "answer_rows"]

_ENCODER: Final = msgspec.json.Encoder(enc_hook=to_text, decimal_format="number")


def answer(req: falcon.asgi.Request, resp: falcon.asgi.Response, value: object) -> None:
    """Answer with a value as JSON.

    Raises:
        NotAcceptable: the client accepts no JSON.
    """
    if not req.client_accepts_json:
        raise NotAcceptable("This answers with JSON only.", where="header 'Accept'")
    resp.data = value if isinstance(value, bytes) else _ENCODER.encode(value)
    resp.content_type = "application/json"
    resp.set_header("Vary", "Accept, Authorization")


def answer_rows(req: falcon.asgi.Request, resp: falcon.asgi.Response, result: Result) -> None:
    """Answer with the rows of a result."""
    answer(req, resp, result.json())


def answer_page(
    req: falcon.asgi.Request, resp: falcon.asgi.Response, result: Result, limit: int, cursor: str, column: str
) -> None:
    """Answer with a page of rows; a full one links to the next, which begins behind the last row's ``column``."""
    answer_rows(req, resp, result)
    if len(result.rows) >= limit and result.encoder is not None:
        last = result.encoder.python(result.rows[-1:])[0][column]
        others = [part for part in req.query_string.split("&") if part and not part.startswith(f"{cursor}=")]
        query = "&".join([*others, f"{cursor}={quote(str(last), safe='')}"])
        resp.set_header("Link", f'<{raw_path(req)}?{query}>; rel="next"')


def answer_report(req: falcon.asgi.Request, resp: falcon.asgi.Response, result: Result, *, dry_run: bool) -> None:
    """Answer with what was combined, or in a dry run would be.

    Raises:
        MergeConflict: conflicts are open, so that nothing was done.
    """
    report = result.report or MergeReport()
    if report.conflicts and not dry_run:
        number = len(report.conflicts)
        raise MergeConflict(
            f"The two states disagree in {'one place' if number == 1 else f'{number} places'}; nothing was changed.",
            hint="Decide each with PATCH .../conflicts, then do the same again.",
            data={"conflicts": report.conflicts},
        )
    parts = {"tables": report.tables, "schema": report.schema, "conflicts": report.conflicts}
    answer(req, resp, {"commit": result.commit, "dry_run": dry_run, **parts})
