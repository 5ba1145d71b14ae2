"""What a page of another origin can do to a server that is open on this machine: nothing, unless it is allowed."""

import http.server
import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from html import unescape
from pathlib import Path
from typing import Any, Final

import pytest

from tests.integration.serving import Server, serving

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

SECRET: Final = "the secret of the house"
PAGE: Final = """<!doctype html><meta charset="utf-8"><pre id="report"></pre>
<form id="form" method="post" enctype="text/plain" target="frame" action="%(rows)s">
<input name='{"text":"from a form","x":"' value='"}'></form><iframe name="frame"></iframe>
<script>
const rows = "%(rows)s", report = {};
const attempt = async (name, options) => {
  try {
    const answer = await fetch(rows, options);
    report[name] = answer.type === "opaque" ? "opaque" : await answer.text();
  } catch (error) { report[name] = "refused"; }
};
const body = JSON.stringify({text: "from a page"});
const image = new Promise((done) => {
  const element = new Image();
  element.onload = element.onerror = () => done();
  element.src = rows;
});
(async () => {
  await attempt("read", {});
  await attempt("read with credentials", {credentials: "include"});
  await attempt("read without cors", {mode: "no-cors"});
  await attempt("write", {method: "POST", headers: {"Content-Type": "application/json"}, body});
  await attempt("write as a simple request", {method: "POST", mode: "no-cors", body});
  await attempt("write as form data", {method: "POST", mode: "no-cors", body: new URLSearchParams({text: "x"})});
  await attempt("delete", {method: "DELETE"});
  document.getElementById("form").submit();
  await image;
  await new Promise((done) => setTimeout(done, 500));
  document.getElementById("report").textContent = JSON.stringify(report);
})();
</script>"""


ALLOWED: Final = """<!doctype html><meta charset="utf-8"><pre id="report"></pre>
<script>
const rows = "%(rows)s", report = {};
const ask = async (name, path, options, ...headers) => {
  try {
    const answer = await fetch(rows + path, options);
    const text = await answer.text();
    report[name] = [answer.status, text, ...headers.map((header) => answer.headers.get(header))];
  } catch (error) { report[name] = "refused"; }
};
(async () => {
  const json = {"Content-Type": "application/json"};
  await ask("read", "?select=text", {headers: {Prefer: "count=exact"}}, "Content-Range", "Preference-Applied");
  await ask("stream", "?select=text", {headers: {Accept: "text/csv"}});
  await ask("problem", "?select=nothing", {});
  const match = {...json, "If-Match": '"99-0"', "Idempotency-Key": "k1"};
  await ask("stale", "/1", {method: "PATCH", headers: match, body: '{"text": "x"}'});
  await ask("query", "", {method: "QUERY", headers: json, body: '{"select": "text"}'}, "Accept-Query");
  const key = "from-the-app-" + Math.random();
  await ask("write", "/1", {method: "PATCH", headers: {...json, "Idempotency-Key": key}, body: '{"text": "new"}'});
  document.getElementById("report").textContent = JSON.stringify(report);
})();
</script>"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Serve a table with a secret, open to this machine."""
    folder = tmp_path_factory.mktemp("browser")
    with serving(folder, folder / "open.db", workers=1) as running:
        with running.client() as client:
            client.post(f"{running.address}/secrets", {"text": SECRET})
        yield running


@pytest.fixture
def elsewhere(tmp_path: Path, server: Server) -> Iterator[int]:
    """Serve the hostile page on another port; gives the port."""
    rows = f"http://127.0.0.1:{server.port}{server.address}/secrets"
    (tmp_path / "page.html").write_text(PAGE % {"rows": rows}, "utf-8")
    with site_of(tmp_path) as port:
        yield port


@contextmanager
def site_of(folder: Path) -> Iterator[int]:
    """Serve the pages in a folder; gives the port."""
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as site:
        threading.Thread(target=site.serve_forever, daemon=True).start()
        yield site.server_address[1]
        site.shutdown()


def report_of(document: str) -> dict[str, Any]:
    """Read what a page has found out."""
    found = re.search(r'<pre id="report">(.+?)</pre>', document)
    assert found, document
    report: dict[str, Any] = json.loads(unescape(found[1]))
    return report


def visit(url: str, profile: Path, *arguments: str) -> str:
    """Open a page in a real browser; gives the document after its scripts have run."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    assert chromium, "Chromium is needed: apt-get install chromium"
    command = [
        chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        f"--user-data-dir={profile}", "--virtual-time-budget=20000", "--dump-dom", *arguments, url,
    ]  # fmt: skip
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"], ids=["same site", "another site"])
def test_a_page_of_another_origin_reads_and_writes_nothing(
    server: Server, elsewhere: int, tmp_path: Path, name: str
) -> None:
    """Not by fetch, not by a simple request, not by a form, not by an image."""
    document = visit(f"http://{name}:{elsewhere}/page.html", tmp_path / "profile")

    report = report_of(document)
    assert 7 == len(report)
    assert {"refused", "opaque"} >= set(report.values()), report
    with server.client() as client:
        assert [SECRET] == [row["text"] for row in client.get(f"{server.address}/secrets").data]


def test_a_name_that_is_turned_to_this_machine_reads_nothing(server: Server, tmp_path: Path) -> None:
    """DNS rebinding: the browser takes the page for one of evil.example and itself for its guest."""
    url = f"http://evil.example:{server.port}{server.address}/secrets"
    document = visit(url, tmp_path / "profile", "--host-resolver-rules=MAP evil.example 127.0.0.1")

    assert "untrusted_origin" in document
    assert SECRET not in document


def test_the_server_s_own_pages_work(server: Server, tmp_path: Path) -> None:
    """The index page is shown, and a link typed into the address bar gives the rows."""
    assert "secrets" in visit(f"http://localhost:{server.port}/", tmp_path / "profile")
    assert SECRET in visit(f"http://127.0.0.1:{server.port}{server.address}/secrets", tmp_path / "profile")


def test_a_page_of_an_allowed_origin_reads_and_writes(tmp_path: Path) -> None:
    """Rows, the headers that matter, streams, problems; with methods and headers that a browser asks about first."""
    with site_of(tmp_path) as port:
        environment = {"SYNTHDB_TRUSTED_ORIGINS": f"http://localhost:{port}"}
        with serving(tmp_path, tmp_path / "open.db", workers=1, environment=environment) as server:
            with server.client() as client:
                client.post(f"{server.address}/secrets", {"text": SECRET})
            rows = f"http://127.0.0.1:{server.port}{server.address}/secrets"
            (tmp_path / "page.html").write_text(ALLOWED % {"rows": rows}, "utf-8")
            allowed = report_of(visit(f"http://localhost:{port}/page.html", tmp_path / "profile"))
            refused = report_of(visit(f"http://127.0.0.1:{port}/page.html", tmp_path / "profile"))

    assert [200, f'[{{"text":"{SECRET}"}}]', "0-0/1", "count=exact"] == allowed["read"]
    assert [200, f"text\r\n{SECRET}\r\n"] == allowed["stream"]
    assert (400, "unknown_column") == (allowed["problem"][0], json.loads(allowed["problem"][1])["code"])
    assert (412, "precondition_failed") == (allowed["stale"][0], json.loads(allowed["stale"][1])["code"])
    assert [200, f'[{{"text":"{SECRET}"}}]'] == allowed["query"][:2]
    assert "application/json" in allowed["query"][2]
    assert [204, ""] == allowed["write"]
    assert {"refused"} == set(refused.values())
