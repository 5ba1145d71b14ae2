"""Mutations: all fields of an operation are one batch, and so one commit or none."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from graphql.execution.values import VariableValues

from synthdb.graphql.plans.compiling import Fixed, Plan, Root
from synthdb.graphql.plans.parts import Outcome, Parts
from synthdb.graphql.plans.writing import Write
from synthdb_host.catalog import Catalog
from synthdb_host.contracts import Result
from synthdb_host.errors import InvalidParameter, RequestError
from synthdb_host.operations import Batch, ColumnRef, Delete, Insert, Operation, Ref, Select, Update

__all__ = ["Mutation", "require_alike"]

_Encode = Callable[[object], bytes]


class Mutation:
    """An operation that writes.

    Args:
        plan: how its fields are answered.
        variables: its variables.
        ref: the state that its schema describes.
        spelled: whether whole and decimal numbers are written as strings.
    """

    def __init__(self, plan: Plan, variables: VariableValues, ref: Ref, *, spelled: bool) -> None:
        self._plan = plan
        self._variables = variables
        self._ref = ref
        self._spelled = spelled
        self._outcomes: list[tuple[Outcome, ...]] = []
        self.is_elsewhere = False

    def batch(self) -> Batch:
        """Put the batch together.

        Raises:
            RequestError: an argument cannot be read; the field is the one after those that could be.
        """
        parts = Parts()
        refs = set()
        for root in self._plan.roots:
            if isinstance(root, Write):
                refs.add(root.ref(self._variables))
                if len(refs) > 1:
                    raise InvalidParameter("All mutations of an operation write to the same branch.")
            self._outcomes.append(root.write(parts, self._variables) if isinstance(root, Write) else ())
        ref = refs.pop() if refs else self._ref
        self.is_elsewhere = ref != self._ref
        return parts.batch(ref)

    def failed(self, error: BaseException) -> tuple[Root, list[str | int]] | None:
        """Say which field an error is of, and its path; None: it is of all of them."""
        number: Any = error.data.pop("operation", None) if isinstance(error, RequestError) else None
        roots = self._plan.roots
        if len(self._outcomes) < len(roots):
            # It could not be put together.
            root = roots[len(self._outcomes)]
            return root, [root.field.key]
        if number is None:
            return (roots[0], [roots[0].field.key]) if len(roots) == 1 else None
        for root, outcomes in zip(roots, self._outcomes, strict=True):
            for place, outcome in enumerate(outcomes):
                if outcome.first <= number < outcome.end:
                    return root, [root.field.key, *([place] if _is_list(root) else [])]
        return None

    def data(self, parts: Sequence[Result], encode: _Encode) -> bytes:
        """Make the data of the answer."""
        members = []
        for root, outcomes in zip(self._plan.roots, self._outcomes, strict=True):
            if isinstance(root, Write):
                values = [self._value(root, outcome, parts) for outcome in outcomes]
                data = encode(values if _is_list(root) else values[0])
            else:
                assert isinstance(root, Fixed)  # noqa: S101 - nothing of the schema can be asked for here
                data = root.data
            members.append(b'"%b":%b' % (root.field.key.encode(), data))
        return b"{" + b",".join(members) + b"}"

    def _value(self, root: Write, outcome: Outcome, parts: Sequence[Result]) -> object:
        returned, result = root.returned(self._variables), parts[outcome.shown]
        encoder = result.encoder
        if encoder is not None and self._spelled:
            encoder = encoder.spelled
        objects = root.objects(returned, encoder, result.rows)
        return root.answer(sum([parts[number].affected or 0 for number in outcome.counted]), objects)


def _is_list(root: Root) -> bool:
    return isinstance(root, Write) and root.many


def require_alike(batch: Batch, here: Catalog, there: Catalog) -> None:
    """Require that what a batch writes and gives back is on another branch as the schema says.

    So nothing is made there that the schema does not promise, and nothing is found to be amiss when it is written.

    Raises:
        UnknownTable, UnknownColumn: something is not there.
        InvalidParameter: something is otherwise.
    """
    if here.version == there.version:
        return
    for part in batch.operations:
        for table, names in _used(part):
            known, found = here.table(table), there.table(table)
            for name in names:
                mine, theirs = known.column(name), found.column(name)
                if mine.type != theirs.type or (mine.not_null and not theirs.not_null):
                    raise InvalidParameter(
                        f"Column {name!r} of {table!r} is another one on that branch.",
                        hint="Write at the address of the branch, whose schema is its own.",
                    )


def _used(part: Operation | None) -> Iterator[tuple[str, Iterable[str]]]:
    """Name what is written and given back, by table."""
    match part:
        case Select():
            yield part.table, [item.source.name for item in part.outputs if isinstance(item.source, ColumnRef)]
            for embed in part.embeds:
                yield from _used(embed.select)
        case Insert():
            yield part.table, part.columns
            yield from _used(part.returning)
        case Update():
            yield part.table, part.values
            yield from _used(part.returning)
        case Delete():
            yield from _used(part.returning)
