"""The plugin's addresses, below ``/x/auth``."""

import asyncio
import logging
from typing import Annotated, Any, Final, TypeVar

import falcon
import falcon.asgi
import msgspec

from synthdb_auth.accounts import Account
from synthdb_auth.credentials import ApiKey
from synthdb_auth.guessing import Guesses
from synthdb_auth.keys import Key
from synthdb_auth.knowing import COOKIE, is_own_page
from synthdb_auth.scopes import Right
from synthdb_auth.service import Auth
from synthdb_auth.times import time_text
from synthdb_host.contracts import Principal
from synthdb_host.errors import Forbidden, InvalidBody, NotFound, TooLarge, Unauthenticated, UntrustedOrigin

__all__ = ["KeyResource", "KeysResource", "LoginResource", "LogoutResource", "MeResource", "RotateResource"]

T = TypeVar("T")

_MOST_BYTES: Final = 16_384
_NO_ADMINISTRATOR: Final = (
    "nobody may do anything here yet: run `synthdb auth setup` with this data folder to make an administrator"
)
_WRONG: Final = "The name or the password is wrong."

_log = logging.getLogger(__name__)

_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]


class _Login(msgspec.Struct, forbid_unknown_fields=True):
    """Who wants to come in. With ``cookie`` the token is not told but kept by the browser."""

    name: _Name
    password: Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
    tenant: Annotated[str, msgspec.Meta(max_length=63)] = ""
    cookie: bool = False


class _NewKey(msgspec.Struct, forbid_unknown_fields=True):
    """A key to make."""

    label: Annotated[str, msgspec.Meta(max_length=100)] = ""
    scopes: Annotated[list[Annotated[str, msgspec.Meta(max_length=400)]], msgspec.Meta(max_length=50)] = []
    days: Annotated[float, msgspec.Meta(gt=0)] | None = None


class _Rotation(msgspec.Struct, forbid_unknown_fields=True):
    """How long the old key goes on working."""

    overlap_seconds: Annotated[float, msgspec.Meta(ge=0, le=7 * 86_400)] = 0.0


class LoginResource:
    """Logging in, at ``/login``."""

    def __init__(self, auth: Auth) -> None:
        self._auth = auth
        self._guesses = Guesses(auth.settings.login_tries, auth.store)
        if not auth.grants.has_administrator():
            _log.warning(_NO_ADMINISTRATOR)

    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """Compare a password, and begin a session."""
        body = await _body(req, _Login)
        if body.cookie and not is_own_page(req.headers_lower):
            # Else a page of another site could log somebody in under a name that is not his.
            raise UntrustedOrigin(
                "A page of another site cannot log anybody in.", hint="Log in from a page of this one."
            )
        # Not what Falcon takes from headers, which whoever guesses can write as he likes.
        client = str(next(iter(req.scope.get("client") or ("",))))
        whose = f"{body.tenant}/{body.name.lower()} from {client}"
        self._guesses.check(whose)
        account, hashed = await asyncio.to_thread(self._auth.accounts.hashed, body.name, body.tenant)
        usable = hashed if account is not None and account.state == "active" else None
        if not await self._auth.passwords.verify(usable, body.password) or account is None:
            self._guesses.failed(whose)
            await asyncio.to_thread(self._note_failure, body, client)
            raise Unauthenticated(_WRONG, hint="Whoever runs the server can give you another one.")
        self._guesses.forget(whose)
        agent = req.user_agent or ""
        _, key, end = await asyncio.to_thread(self._auth.credentials.open_session, account, agent)
        shown = {"account": account.name, "expires_at": time_text(end)}
        if body.cookie:
            seconds = int(self._auth.settings.session_hours * 3_600)
            resp.append_header(
                "Set-Cookie", f"{COOKIE}={key.text}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Lax"
            )
        else:
            shown["token"] = key.text
        _answer(resp, shown)

    def _note_failure(self, body: _Login, client: str) -> None:
        with self._auth.store.add("anonymous") as change:
            change.note("login", body.name, body.tenant, "refused", {"client": client})


class _Own:
    """A resource of an account about itself."""

    def __init__(self, auth: Auth) -> None:
        self._auth = auth

    async def _account(self, req: falcon.asgi.Request, *, whole: bool = False) -> tuple[Principal, Account]:
        """Give who asks, and the account; with ``whole`` a key that is not for everything is not enough."""
        principal: Principal = req.context.caller.principal
        found = await asyncio.to_thread(self._find, principal)
        if found is None:
            raise Forbidden("This is for accounts of this server only.")
        if whole and principal.claims.get("scopes"):
            raise Forbidden("The key that was sent is not for this.", hint="Log in, or use a key without scopes.")
        return principal, found

    def _find(self, principal: Principal) -> Account | None:
        found = self._auth.accounts.list(name=principal.id)
        return next((one for one in found if one.id == principal.claims.get("account")), None)

    async def _key(self, req: falcon.asgi.Request, id_: str) -> tuple[Account, ApiKey]:
        """Give a key of the account that asks; raises NotFound, also for a key of another one."""
        _, account = await self._account(req, whole=True)
        return account, await asyncio.to_thread(self._auth.credentials.get, id_, account)


class LogoutResource(_Own):
    """Logging out, at ``/logout``."""

    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """End the session whose token was sent."""
        principal, account = await self._account(req)
        session = str(principal.claims.get("credential"))
        if not await asyncio.to_thread(self._auth.credentials.close_session, session, account.name, account.tenant):
            raise NotFound("This is no session.", hint="A key is revoked by DELETE /x/auth/keys/{id}.")
        resp.append_header("Set-Cookie", f"{COOKIE}=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax")
        resp.status = falcon.HTTP_204


class MeResource(_Own):
    """Who asks, at ``/me``."""

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """Tell the account, its teams and what it may do."""
        principal, account = await self._account(req)
        rules = await asyncio.to_thread(self._auth.judge.rules, account.id)
        scopes = principal.claims.get("scopes")
        shown = {
            "name": account.name,
            "kind": account.kind,
            "tenant": account.tenant or None,
            "teams": principal.claims.get("teams"),
            "scopes": list(map(str, scopes)) if isinstance(scopes, tuple) else None,
            "rules": list(map(str, rules)),
        }
        _answer(resp, shown)


class KeysResource(_Own):
    """The keys of who asks, at ``/keys``."""

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """List them; the keys themselves are not kept."""
        _, account = await self._account(req)
        keys = await asyncio.to_thread(self._auth.credentials.list, account)
        now = self._auth.store.clock()
        _answer(resp, [_shown(one, now) for one in keys])

    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """Make one; it is told in this answer only."""
        body = await _body(req, _NewKey)
        scopes = tuple(map(Right.parse, body.scopes))
        _, account = await self._account(req, whole=True)
        known, key = await asyncio.to_thread(
            self._auth.credentials.create, account, body.label, scopes, body.days, account.name
        )
        _answer(resp, _told(known, key, self._auth.store.clock()))
        resp.status = falcon.HTTP_201


class KeyResource(_Own):
    """A key of who asks, at ``/keys/{id}``."""

    async def on_delete(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, id: str) -> None:
        """Let it work no more."""
        account, known = await self._key(req, id)
        await asyncio.to_thread(self._auth.credentials.revoke, known, account.name)
        resp.status = falcon.HTTP_204


class RotateResource(_Own):
    """Another key for one, at ``/keys/{id}/rotate``."""

    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, id: str) -> None:
        """Make the new key; it is told in this answer only."""
        body = await _body(req, _Rotation)
        account, old = await self._key(req, id)
        known, key = await asyncio.to_thread(
            self._auth.credentials.rotate, old, account, body.overlap_seconds, account.name
        )
        _answer(resp, _told(known, key, self._auth.store.clock()))
        resp.status = falcon.HTTP_201


async def _body(req: falcon.asgi.Request, kind: type[T]) -> T:
    """Read a JSON object of which every member is known; raises InvalidBody, TooLarge."""
    data = await req.stream.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise TooLarge(f"More than {_MOST_BYTES:,} bytes are never needed here.")
    try:
        return msgspec.json.decode(data or b"{}", type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        # The text of the error names members and types, and never what was sent.
        raise InvalidBody(f"The body does not fit: {error}") from error


def _answer(resp: falcon.asgi.Response, value: object) -> None:
    resp.data = msgspec.json.encode(value)
    resp.content_type = falcon.MEDIA_JSON
    resp.set_header("Cache-Control", "no-store")


def _shown(key: ApiKey, now: float) -> dict[str, Any]:
    return {
        "id": key.id,
        "label": key.label,
        "shown": key.shown,
        "scopes": list(key.scopes),
        "state": key.state(now),
        "created_at": time_text(key.created_at),
        "expires_at": time_text(key.expires_at),
        "used_at": time_text(key.used_at),
    }


def _told(known: ApiKey, key: Key, now: float) -> dict[str, Any]:
    return _shown(known, now) | {"key": key.text}
