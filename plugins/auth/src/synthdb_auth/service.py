"""All of the plugin's parts, put together over a host."""

from typing import TYPE_CHECKING, cast

from synthdb_auth.accounts import Account, Accounts
from synthdb_auth.auditing import Audit
from synthdb_auth.credentials import ApiKey, Credentialing
from synthdb_auth.deciding import Judge
from synthdb_auth.grants import EVERY_TENANT, Grants
from synthdb_auth.keys import Key
from synthdb_auth.knowing import Knower
from synthdb_auth.noting import Notes
from synthdb_auth.passwords import Passwords
from synthdb_auth.scopes import Place
from synthdb_auth.sealing import Sealer
from synthdb_auth.seeing import Seen, seen_by
from synthdb_auth.settings import AuthSettings
from synthdb_auth.store import Store
from synthdb_host.errors import ConfigurationError

if TYPE_CHECKING:
    from synthdb_host.hosting import PluginHost

__all__ = ["Auth"]

_HOUR = 3_600.0


class Auth:
    """The accounts, keys and rights of one installation.

    Raises:
        ConfigurationError: there is no control database to keep them in.
    """

    def __init__(self, host: "PluginHost") -> None:
        if host.control is None:
            raise ConfigurationError(
                "The auth plugin keeps accounts in the control database of a data folder, and a server of single files "
                "has none: serve a data folder, or leave the plugin out (plugins.disabled = ['auth'])."
            )
        settings = cast("AuthSettings", host.plugin_settings("auth"))
        pepper = host.signing.key("auth.keys")
        sealer = Sealer(host.signing.key("auth.audit"), host.control.folder)
        self.settings = settings
        self.store = Store(host.control, sealer)
        self.passwords = Passwords(settings.login_queue)
        self.accounts = Accounts(self.store, self.passwords)
        self.credentials = Credentialing(self.store, pepper, settings.max_key_days, settings.session_hours * _HOUR)
        self.grants = Grants(self.store, self.accounts)
        self.audit = Audit(self.store, sealer)
        self.notes = Notes(self.store)
        self.knower = Knower(self.store, pepper, self.notes)
        self.judge = Judge(self.store)

    def set_up(self, name: str) -> tuple[ApiKey, Key] | None:
        """Make the first administrator, a service account, and a key for it; None: there is an administrator."""
        if self.grants.has_administrator():
            return None
        found = self.accounts.list("", name)
        account = found[0] if found else self.accounts.create(name, "service")
        self.make_administrator(account)
        return self.credentials.create(account, "made by synthdb auth setup")

    def make_administrator(self, account: Account) -> None:
        """Allow an account everything: in all tenants, or if it belongs to one, in that."""
        tenant = account.tenant or EVERY_TENANT
        self.grants.create(account, Place(is_all=True), role=self.grants.role("admin"), tenant=tenant)

    def visible(self, account: Account, action: str) -> tuple[Seen, ...]:
        """List what an account may do an action on, by one statement."""
        return seen_by(self.store, account.id, action)
