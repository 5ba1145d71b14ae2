"""What the gate asks: may this one do this? Answers are remembered until anything changes."""

from typing import Final

from synthdb_auth.rights import NOBODY, Finding, Rights, Rule, load_rights
from synthdb_auth.store import Store
from synthdb_host.contracts import Decision, Principal, Resource, Verdict

__all__ = ["Judge"]

_MOST: Final = 20_000
_UNKNOWN: Final = Decision(Verdict.ABSTAIN, "it is no account of this server")


class Judge:
    """Judges principals by the rights of their accounts."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._epoch = -1
        self._rights: dict[str, Rights] = {}
        self._decided: dict[tuple[object, ...], Decision] = {}

    def authorize(self, principal: Principal, action: str, resource: Resource) -> Decision:
        """Say whether somebody may do something."""
        account = principal.claims.get("account")
        if not isinstance(account, str):
            return _UNKNOWN
        self._refresh()
        scopes = principal.claims.get("scopes")
        key = (account, principal.claims.get("credential") if scopes else None, action, resource)
        found = self._decided.get(key)
        if found is None:
            found = self._decide(principal, account, action, resource)
            if len(self._decided) >= _MOST:
                self._decided.clear()
            self._decided[key] = found
        return found

    @property
    def version(self) -> object:
        """Another one whenever an answer may be another one."""
        epoch = self._store.epoch
        # While something is being changed no two moments are the same.
        return epoch if epoch % 2 == 0 else object()

    def find(self, account: str, action: str, resource: Resource, scopes: object = None) -> Finding:
        """Decide, and say which rule did."""
        return self._of(account).decide(action, resource, scopes if isinstance(scopes, tuple) else None)

    def rules(self, account: str) -> tuple[Rule, ...]:
        """Give the rules for an account."""
        return self._of(account).rules

    def _of(self, account: str) -> Rights:
        self._refresh()
        rights = self._rights.get(account)
        if rights is None:
            if len(self._rights) >= _MOST:
                self._rights.clear()
            rights = self._rights[account] = load_rights(self._store, account)
        return rights

    def _decide(self, principal: Principal, account: str, action: str, resource: Resource) -> Decision:
        finding = self.find(account, action, resource, principal.claims.get("scopes"))
        if finding.allowed:
            return Decision(Verdict.ALLOW, finding.reason)
        return Decision(Verdict.ABSTAIN if finding.reason == NOBODY else Verdict.DENY, finding.reason)

    def _refresh(self) -> None:
        if (epoch := self._store.epoch) != self._epoch:
            self._rights.clear()
            self._decided.clear()
            self._epoch = epoch if epoch % 2 == 0 else -1
