"""Accounts of the real django-allauth move in and out, and log in at each place."""

import argparse
import sys
import tempfile
from pathlib import Path

from conformance.clients import Missing
from conformance.idp import IdentityProvider
from conformance.worlds import WorldError
from migration.move import Move


def main() -> int:
    options = _options()
    provider = IdentityProvider()
    with tempfile.TemporaryDirectory(prefix="migration-") as folder:
        move = Move(Path(folder), provider, few=options.few)
        uuids = Move(Path(folder, "uuids"), provider, few=True, ids="uuid")
        try:
            if options.dump:
                move.make(options.dump)
            elif options.self:
                move.from_django_to_django()
                uuids.from_django_to_django()
            else:
                move.in_and_out(options.program)
                uuids.in_and_out(options.program)
        except (Missing, WorldError) as failure:
            print(f"migration: {failure}", file=sys.stderr)
            return 1
        finally:
            provider.stop()
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="migration/run", description=__doc__)
    add = parser.add_argument
    add("--few", action="store_true", help="each kind of account with one hasher only")
    add("--self", action="store_true", help="from Django to Django, without Vestibule")
    add(
        "--dump",
        type=Path,
        metavar="FILE",
        help="only make accounts, and their dump",
    )
    add("--program", metavar="FILE", help="vestibule, instead of building it")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
