"""Keys as text."""

import re

from hypothesis import given
from hypothesis import strategies as st

from synthdb_auth.keys import PATTERN, digest, kind_of, make_key

PEPPER = b"p" * 32
KEY = make_key("pat", PEPPER)
SIGNS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-. \x00ä"


def test_a_key_is_found_by_scanners_and_says_what_it_is() -> None:
    """Prefix, kind, 256 random bits, checksum."""
    assert re.fullmatch(r"sdb_pat_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}", KEY.text)
    assert PATTERN.search(f"password = '{KEY.text}';")
    assert ["pat", "svc", "ses"] == [kind_of(make_key(kind, PEPPER).text) for kind in ("pat", "svc", "ses")]
    assert KEY.text != make_key("pat", PEPPER).text


def test_a_key_is_not_printed_by_accident() -> None:
    """Its representation shows what may be shown."""
    assert KEY.text not in repr(KEY)
    assert KEY.text.startswith(KEY.shown)


@given(st.integers(0, len(KEY.text) - 1), st.sampled_from(SIGNS))
def test_any_changed_sign_is_noticed_without_looking_anything_up(position: int, sign: str) -> None:
    """A typing error is no key; so guessed keys do not reach the database."""
    changed = KEY.text[:position] + sign + KEY.text[position + 1 :]
    assert ("pat" if changed == KEY.text else None) == kind_of(changed)


@given(st.text(max_size=80))
def test_whatever_else_is_sent_is_no_key(text: str) -> None:
    """No text makes it fail."""
    assert kind_of(text) is None
    assert kind_of(KEY.text + text) == ("pat" if not text else None)


def test_what_is_kept_of_a_key_depends_on_the_installation() -> None:
    """With the database of one installation nobody can look for keys of another one."""
    assert digest(KEY.text, PEPPER) == KEY.digest
    assert digest(KEY.text, b"q" * 32) != KEY.digest
