"""What psycopg 3, asyncpg and SQLAlchemy do all day, one JSON line for each step: the same straight and proxied."""

import asyncio
import io
import json
import os
import ssl
import sys

import asyncpg
import psycopg
import sqlalchemy
from psycopg.types.composite import CompositeInfo, register_composite
from psycopg.types.enum import EnumInfo

LOGIN = {"host": "localhost", "port": int(os.environ["PORT"]), "user": sys.argv[1], "password": os.environ["TOKEN"]}


def tell(step, result):
    print(json.dumps([step, result], default=repr))


def error_of(action):
    try:
        return ["no error", action()]
    except psycopg.Error as error:
        return [error.sqlstate, error.diag.message_primary, error.diag.statement_position]


def connect(**more):
    tls = {"sslmode": "verify-full", "sslrootcert": os.environ["CA"]}
    return psycopg.connect(dbname="postgres", **LOGIN, **tls, **more)


def psycopg_pipelines():
    with connect(autocommit=True) as connection:
        with connection.pipeline() as pipeline:
            cursors = [connection.execute("SELECT name, %s::int FROM club.boats WHERE id = %s", (n, n)) for n in (1, 2, 3)]
            tell("pipeline", [cursor.fetchall() for cursor in cursors])
            pipeline.sync()
            tell("pipeline again", connection.execute("SELECT 1").fetchall())
        try:
            with connection.pipeline():
                for text in ("SELECT 1", "SELECT nowhere", "SELECT 2"):
                    connection.execute(text)
        except psycopg.Error as error:
            tell("pipeline that fails", error.sqlstate)
        with connection.cursor() as cursor:
            # executemany is a pipeline of its own; RETURNING gives a result each.
            rows = [(9000 + n, f"row {n}") for n in range(5)]
            cursor.executemany("INSERT INTO club.drafts (id, label) VALUES (%s, %s) RETURNING id", rows, returning=True)
            results = [cursor.fetchall()]
            while cursor.nextset():
                results.append(cursor.fetchall())
            tell("executemany", results)
            cursor.execute("DELETE FROM club.drafts WHERE id >= 9000")
            tell("deleted", [cursor.rowcount, cursor.statusmessage])


def psycopg_cursors():
    with connect() as connection:
        for binary in (False, True):
            with connection.cursor(name=f"c{binary}", scrollable=True, binary=binary) as cursor:
                cursor.itersize = 7
                cursor.execute("SELECT n, n::text, n / 3.0, ARRAY[n, n + 1] FROM generate_series(1, 40) n")
                tell("server cursor", [[row[0] for row in cursor], cursor.rownumber])
                cursor.scroll(0, mode="absolute")
                tell("server cursor again", cursor.fetchmany(2))
        connection.rollback()
        with connection.cursor(name="held", withhold=True) as cursor:
            cursor.execute("SELECT id, name FROM club.boats ORDER BY id")
            connection.commit()
            tell("held cursor", cursor.fetchall())
        with connection.transaction(), connection.transaction("inner"):
            tell("savepoint", connection.execute("SELECT 1").fetchone())
        tell("stream", list(connection.cursor().stream("SELECT n FROM generate_series(1, 5) n")))


def psycopg_types():
    with connect(autocommit=True, prepare_threshold=2) as connection:
        register_composite(CompositeInfo.fetch(connection, "club.place"), connection)
        tell("enum", list(EnumInfo.fetch(connection, "club.rank").labels))
        text = "SELECT at, by, label, days, tags, hours FROM club.trips WHERE id = %s"
        for binary in (False, True):
            for _ in range(4):
                row = connection.cursor(binary=binary).execute(text, (1,)).fetchone()
            tell("types", row)
        cursor = connection.execute("SELECT id, name AS n, price FROM club.boats WHERE id = 1")
        tell("description", [(c.name, c.type_code, c.display_size, c.precision, c.scale) for c in cursor.description])
        errors = [error_of(lambda t=t: connection.execute(t)) for t in ("SELECT é, nowhere", "SELEC 1", "SELECT 1/0")]
        tell("errors", [error[0] for error in errors])
        tell("messages", errors)
        notices = []
        connection.add_notice_handler(lambda notice: notices.append([notice.sqlstate, notice.message_primary]))
        connection.execute("ROLLBACK")
        tell("notice", notices)


def psycopg_copy():
    with connect(autocommit=True) as connection, connection.cursor() as cursor:
        for options in ("", " (FORMAT csv, HEADER)", " (FORMAT binary)"):
            with cursor.copy(f"COPY (SELECT id, name, price FROM club.boats ORDER BY id) TO STDOUT{options}") as copy:
                tell(f"copy{options}", b"".join(bytes(data) for data in copy).hex())
        with cursor.copy("COPY club.drafts (id, label) FROM STDIN (FORMAT binary)") as copy:
            copy.set_types(["int4", "text"])
            for number in range(300):
                copy.write_row((9000 + number, "é" * (number % 5)))
        tell("copied", [cursor.rowcount, cursor.statusmessage])
        cursor.execute("DELETE FROM club.drafts WHERE id >= 9000")
        tell("deleted", cursor.rowcount)


async def asyncpg_story():
    tls = ssl.create_default_context(cafile=os.environ["CA"])
    async with asyncpg.create_pool(database="postgres", ssl=tls, min_size=1, max_size=1, **LOGIN) as pool:
        async with pool.acquire() as connection:
            # The driver reads the types that it does not know out of the catalog.
            text = "SELECT at, by, label, tags, during, ARRAY[at] AS places, ARRAY[by] AS ranks FROM club.trips WHERE id = 1"
            row = await connection.fetchrow(text)
            tell("asyncpg types", {key: repr(value) for key, value in row.items()})
            statement = await connection.prepare("SELECT id, name FROM club.boats WHERE id = $1")
            tell("asyncpg prepared", [tuple(await statement.fetchrow(n)) for n in (1, 2, 3)])
            tell("asyncpg attributes", [(a.name, a.type.name, a.type.kind) for a in statement.get_attributes()])
            tell("asyncpg parameters", [p.name for p in statement.get_parameters()])
            await connection.set_type_codec("rank", schema="club", encoder=str, decoder=str.upper)
            tell("asyncpg codec", await connection.fetchval("SELECT by FROM club.trips WHERE id = 1"))
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                cursor = await connection.cursor("SELECT n FROM generate_series(1, 30) n")
                tell("asyncpg cursor", [len(await cursor.fetch(7)), await cursor.forward(5), (await cursor.fetchrow())[0]])
            try:
                async with connection.transaction():
                    await connection.executemany("INSERT INTO club.drafts (id, label) VALUES ($1, $2)", [(9001, "a"), (9001, "b")])
            except asyncpg.UniqueViolationError as error:
                tell("asyncpg executemany", [error.sqlstate, error.constraint_name, error.detail])
            output = io.BytesIO()
            tag = await connection.copy_from_query("SELECT id, name FROM club.boats WHERE id < $1 ORDER BY id", 3, output=output)
            tell("asyncpg copy", [tag, output.getvalue().decode()])
            try:
                await connection.fetchval("SELECT count(*) FROM generate_series(1, 1000000000)", timeout=0.3)
            except asyncio.TimeoutError:
                tell("asyncpg timeout", await connection.fetchval("SELECT 1"))
        # What a pool sends between two uses: RESET ALL, CLOSE ALL, UNLISTEN and pg_advisory_unlock_all.
        async with pool.acquire() as connection:
            await connection.reload_schema_state()
            tell("asyncpg reused", await connection.fetchval("SELECT name FROM club.boats WHERE id = 1"))
            tell("asyncpg version", [connection.get_server_version().major, connection.get_settings().server_encoding])


def sqlalchemy_story():
    query = {"sslmode": "verify-full", "sslrootcert": os.environ["CA"]}
    url = sqlalchemy.engine.URL.create(
        "postgresql+psycopg2",
        username=LOGIN["user"],
        password=LOGIN["password"],
        host="localhost",
        port=LOGIN["port"],
        database="postgres",
        query=query,
    )
    engine = sqlalchemy.create_engine(url)
    inspector = sqlalchemy.inspect(engine)
    tell("dialect", [inspector.default_schema_name, engine.dialect.server_version_info[0]])
    tell("schemas", inspector.get_schema_names())
    tell("tables", sorted(inspector.get_table_names("club")))
    tell("views", sorted(inspector.get_view_names("club")))
    tell("view", inspector.get_view_definition("contacts", "club"))
    tell("enums", inspector.get_enums("club"))
    tell("sequences", inspector.get_sequence_names("club"))
    for table in ("trips", "boats", "cards", "members"):
        for what in ("columns", "pk_constraint", "foreign_keys", "indexes", "unique_constraints", "check_constraints", "table_comment"):
            found = getattr(inspector, f"get_{what}")(table, "club")
            tell(f"{what} of {table}", json.loads(json.dumps(found, default=repr)))
    metadata = sqlalchemy.MetaData()
    boats = sqlalchemy.Table("boats", metadata, schema="club", autoload_with=engine)
    with engine.connect() as connection:
        tell("select", [tuple(row) for row in connection.execute(sqlalchemy.select(boats.c.id, boats.c.name).order_by(boats.c.id))])
    engine.dispose()


for story in (psycopg_pipelines, psycopg_cursors, psycopg_types, psycopg_copy):
    story()
asyncio.run(asyncpg_story())
sqlalchemy_story()
