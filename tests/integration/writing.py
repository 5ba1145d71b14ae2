"""A process that changes the rows of a table until it is killed: ``python -m tests.integration.writing FILE``."""

import random
import sys

import synthdb

__all__ = ["main"]


def main(file: str) -> None:
    """Insert, change and delete rows, one commit after the other."""
    chance = random.Random(1)
    with synthdb.connect(file) as db:
        print("ready", flush=True)  # noqa: T201 - the parent waits for it
        while True:
            number = chance.randrange(400)
            row = {"id": number, "size": chance.choice([None, *range(9)]), "kind": chance.choice([None, "a", "b", "c"])}
            if chance.random() < 0.3:
                db.delete("things", where={"id": number})
            else:
                db.upsert("things", row)


if __name__ == "__main__":
    main(sys.argv[1])
