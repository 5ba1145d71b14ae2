"""A process that writes orders of many tenants: ``python writing.py FILE SEED COUNT SECONDS``.

It prints what it wrote and when that was committed, one a line, by the clock that all processes share.
"""

import random
import sys
import time

from synthdb import connect

TENANTS = 10


def main(path: str, seed: str, count: str, seconds: str) -> None:
    """Make so many commits in so many seconds: rows come, go, and move between tenants."""
    chance, pause = random.Random(seed), float(seconds) / int(count)
    begun = time.monotonic()
    with connect(path) as db:
        for number in range(int(count)):
            time.sleep(max(0.0, begun + number * pause - time.monotonic()))
            row = {"tenant": chance.randrange(TENANTS), "what": f"{seed}-{number}"}
            kind = chance.random()
            if kind < 0.5:
                db.insert("orders", [row] * chance.randint(1, 3))
            elif kind < 0.85:
                db.update("orders", row, where={"id": chance.randint(1, number + 2)})
            else:
                db.delete("orders", where={"id": chance.randint(1, number + 2)})
            print(row["what"], time.monotonic())  # noqa: T201 - it is what this is for


if __name__ == "__main__":
    main(*sys.argv[1:])
