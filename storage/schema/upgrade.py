"""Numbered migrations: from an older schema to this version's, step by step.

`migrations/NNNN.ENGINE.sql` holds the statements that lead to version NNNN. SQLite runs a migration
in one transaction. MySQL commits every change of a table at once, so there each finished statement
is noted in `meta`, and an upgrade that was cut short continues after the last one noted. The
statement in doubt is then run twice: each must be one that may be (what exists already counts as
done).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from core.errors import AlreadyExistsError, SchemaMismatchError
from storage.engines.transactions import Database, Tx
from storage.schema import schema
from storage.schema.schema import SchemaState

FOLDER = Path(__file__).resolve().parent / "migrations"
NOTE = "upgrade"


@dataclass(frozen=True)
class Migration:
    """The statements that lead from the previous version to `version`."""

    version: int
    statements: tuple[str, ...]


def upgrade(database: Database, owner: str, folder: Path = FOLDER) -> list[int]:
    """Upgrade an older schema to this version's; return the versions reached, in order.

    Empty when the schema is not an older one, and nothing is done then.

    Args:
        owner: id of this process; of two upgrades at once, the one that was overtaken stops.
        folder: where the migrations lie.

    Raises:
        SchemaMismatchError: a migration is missing, another process took the upgrade over, or the
            tables are of a newer version or another program.
        DatabaseError: a statement failed; run it again after removing the cause.
    """
    if schema.inspect(database) is not SchemaState.OLDER:
        return []
    if database.dialect.name == "sqlite":
        return _run_whole(database, tuple(_ahead(database, folder)))
    reached = []
    for migration in _ahead(database, folder):
        if _run_stepwise(database, migration, owner):
            reached.append(migration.version)
    return reached


def _ahead(database: Database, folder: Path) -> Iterator[Migration]:
    found = {
        int(file.name.split(".")[0]): file for file in folder.glob(f"*.{database.dialect.name}.sql")
    }
    for version in range(database.read(schema.version) + 1, schema.SCHEMA_VERSION + 1):
        if version not in found:
            raise SchemaMismatchError(
                "migration_missing", where=database.engine.describe(), version=version
            )
        text = found[version].read_text(encoding="utf-8")
        yield Migration(version, tuple(schema.statements(text)))


def _run_whole(database: Database, migrations: Sequence[Migration]) -> list[int]:
    """Run all migrations in one transaction, so that two processes never share them."""

    def work(tx: Tx) -> list[int]:
        # Another process may have been faster.
        ahead = [one for one in migrations if one.version > schema.version(tx)]
        for migration in ahead:
            for statement in migration.statements:
                tx.execute(statement)
            schema.set_version(tx, migration.version)
        return [migration.version for migration in ahead]

    return database.write(work)


@dataclass(frozen=True)
class Note:
    """The progress of an upgrade, and the process that runs it.

    It is a fencing token as well: of two processes at the same upgrade, the one whose note was
    overwritten stops.
    """

    version: int
    done: int
    by: str

    def __str__(self) -> str:
        return json.dumps(asdict(self))


def _run_stepwise(database: Database, migration: Migration, owner: str) -> bool:
    note = _take(database, migration, owner)
    for statement in migration.statements[note.done :]:
        with suppress(AlreadyExistsError):  # it was done before the upgrade was cut short
            database.write_idempotent(_executes(statement))
        note = _advance(database, note)
    _finish(database, note)
    return True


def _take(database: Database, migration: Migration, owner: str) -> Note:
    """Begin an upgrade, or continue the one that another process left unfinished."""

    def work(tx: Tx) -> Note:
        found = schema.get_fact(tx, NOTE)
        seen = Note(**json.loads(found)) if found else Note(0, 0, owner)
        done = seen.done if seen.version == migration.version else 0
        mine = Note(migration.version, done, owner)
        schema.set_fact(tx, NOTE, str(mine))
        return mine

    return database.write_idempotent(work)


def _advance(database: Database, note: Note) -> Note:
    new = replace(note, done=note.done + 1)

    def work(tx: Tx) -> bool:
        return (
            schema.replace_fact(tx, NOTE, str(note), str(new))
            or schema.get_fact(tx, NOTE) == str(new)  # an answer to COMMIT was lost
        )

    if not database.write_idempotent(work):
        raise SchemaMismatchError("upgrade_taken_over", where=database.engine.describe())
    return new


def _finish(database: Database, note: Note) -> None:
    def work(tx: Tx) -> None:
        schema.set_version(tx, note.version)
        schema.drop_fact(tx, NOTE, str(note))

    database.write_idempotent(work)


def _executes(statement: str) -> Callable[[Tx], int]:
    return lambda tx: tx.execute(statement)
