"""URLs of databases on servers: what they say, and what is never said of them."""

import pytest

from synthdb.engine.postgresql import open_postgresql
from synthdb.storage.postgresql.places import ServerPlace
from synthdb_host.contracts import Placement
from synthdb_host.errors import Unavailable
from synthdb_host.scheduling import EmbeddedScheduler

_URL = "postgresql://ada:s3cret@db.example:5433/shop?schema=films&sslmode=require"


def test_a_url_names_a_schema() -> None:
    """The schema is ours; all else is for the driver."""
    place = ServerPlace.of(_URL)
    assert "films" == place.schema
    assert "postgresql://ada:s3cret@db.example:5433/shop?sslmode=require" == place.conninfo
    assert "synthdb" == ServerPlace.of("postgresql://db.example/shop").schema


def test_a_place_does_not_show_its_password() -> None:
    """Neither in messages nor where it is printed."""
    place = ServerPlace.of(_URL)
    assert "schema 'films' of shop on db.example" == place.shown
    assert "s3cret" not in repr(place) + str(place)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:s3cret@h:port/d",
        "postgresql://u:s3cret@h/d?schema=1%20films",
        "postgresql://u:s3cret@h/d?schema=pg_x",
    ],
    ids=["port", "name", "reserved"],
)
def test_a_wrong_url_is_refused(url: str) -> None:
    """With what to do, and without the password."""
    with pytest.raises(Unavailable) as caught:
        ServerPlace.of(url)
    assert caught.value.hint
    assert "s3cret" not in f"{caught.value.detail} {caught.value.hint} {caught.value!r}"


def test_a_server_that_is_not_there_is_refused() -> None:
    """With what to look at, and without the password."""
    url = "postgresql://u:s3cret@127.0.0.1:1/d"
    with pytest.raises(Unavailable, match="cannot be reached") as caught:
        open_postgresql(Placement("db", url, create=True), EmbeddedScheduler())
    assert "s3cret" not in f"{caught.value.detail} {caught.value.hint}"
