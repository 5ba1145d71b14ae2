"""Making, changing and dropping branches and tags."""

from dataclasses import replace
from typing import Any

from synthdb_host.contracts import Result
from synthdb_host.errors import Conflict, InvalidName, ProtectedBranch, UnknownRef
from synthdb_host.versions import AlterBranch, BranchChange, Branching, CreateBranch, CreateTag, DropBranch, DropTag
from synthdb_memory.repository import Branch, Repository, Tag

__all__ = ["change_branches", "check_unprotected"]


def check_unprotected(branch: Branch) -> None:
    """Refuse to write to a protected branch."""
    if branch.protected:
        raise ProtectedBranch(f"Branch {branch.name!r} is protected.", hint="Merge into it.")


def change_branches(repository: Repository, operation: Branching, *, dry_run: bool) -> Result:
    """Make all the changes, or none."""
    branches, tags = dict(repository.branches), dict(repository.tags)
    copies = {name: replace(branch) for name, branch in branches.items()}
    try:
        for change in operation.changes:
            _change(repository, change)
    except Exception:
        _put_back(repository, branches, tags, copies)
        raise
    if dry_run:
        _put_back(repository, branches, tags, copies)
    return Result()


def _put_back(
    repository: Repository, branches: dict[str, Branch], tags: dict[str, Tag], copies: dict[str, Branch]
) -> None:
    repository.branches, repository.tags = branches, tags
    for name, copy in copies.items():
        for field in ("name", "protected", "comment", "expires"):
            setattr(branches[name], field, getattr(copy, field))


def _change(repository: Repository, change: BranchChange) -> None:
    match change:
        case CreateBranch():
            _create(repository, change)
        case AlterBranch():
            _alter(repository, change)
        case DropBranch():
            _drop(repository, change)
        case CreateTag():
            _check_name(change.name)
            repository.check_free(change.name)
            commit, home = repository.resolve(change.at), repository.home(change.at)
            at = max(commit.at, repository.commits[-1].at)
            repository.tags[change.name] = Tag(change.name, home, commit.id, at, change.comment)
        case DropTag():
            if repository.tags.pop(change.name, None) is None and not change.if_exists:
                raise UnknownRef(f"There is no tag {change.name!r}.")


def _create(repository: Repository, change: CreateBranch) -> None:
    if change.if_not_exists and change.name in repository.branches:
        return
    _check_name(change.name)
    branch = repository.fork(change.name, change.at)
    branch.comment, branch.expires = change.comment, change.expires


def _check_name(name: str) -> None:
    if not name or name[0].isdigit() or name[0] == "_" or "@" in name or not name.isprintable():
        raise InvalidName(f"{name!r} cannot be the name of a branch or tag.")


def _alter(repository: Repository, change: AlterBranch) -> None:
    branch = repository.branch(change.branch)
    for field in ("comment", "protected", "expires"):
        value: Any = getattr(change, field)
        if value is not None:
            setattr(branch, field, value or (None if field == "expires" else value))
    if change.name is not None and change.name != branch.name:
        _check_name(change.name)
        repository.check_free(change.name)
        del repository.branches[branch.name]
        branch.name = change.name
        repository.branches[change.name] = branch


def _drop(repository: Repository, change: DropBranch) -> None:
    if change.if_exists and change.branch not in repository.branches:
        return
    branch = repository.branch(change.branch)
    check_unprotected(branch)
    children = [other.name for other in repository.branches.values() if other.parent is branch]
    tags = [tag.name for tag in repository.tags.values() if tag.branch is branch]
    if branch.parent is None or children or tags:
        raise Conflict(f"Branch {branch.name!r} is needed by {', '.join(children + tags) or 'everything'}.")
    del repository.branches[branch.name]
