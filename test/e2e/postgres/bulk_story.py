"""Pipelines, cursors of the server and COPY as psycopg 3 and asyncpg speak them, one JSON line for each step."""

import asyncio
import io
import json
import os
import ssl
import sys

import asyncpg
import psycopg

USER = sys.argv[1]
MEMBERS = "SELECT id, email FROM ONLY club.members ORDER BY id"


def tell(step, result):
    print(json.dumps({"step": step, "result": result}, default=str))


def psycopg_story():
    connection = psycopg.connect(
        host="localhost",
        port=os.environ["PORT"],
        user=USER,
        password=os.environ["TOKEN"],
        dbname="postgres",
        sslmode="verify-full",
        sslrootcert=os.environ["CA"],
        autocommit=True,
    )
    with connection.pipeline() as pipeline:
        first = connection.execute("SELECT email FROM ONLY club.members WHERE id = %s", (1,))
        pipeline.sync()
        second = connection.execute("SELECT 2")
        tell("pipeline", [first.fetchall(), second.fetchall()])
    try:
        with connection.pipeline():
            connection.execute("SELECT 1")
            connection.execute("SELECT 1/0")
    except psycopg.errors.DivisionByZero:
        tell("pipeline that fails", connection.execute("SELECT 5").fetchall())
    with connection.cursor(name='odd "name', withhold=True, scrollable=True) as cursor:
        cursor.itersize = 2
        cursor.execute(MEMBERS)
        cursor.fetchone()
        cursor.scroll(-1)
        tell("cursor", cursor.fetchall())
    with connection.cursor().copy(f"COPY ({MEMBERS}) TO STDOUT") as copy:
        tell("copy out", list(copy.rows()))
    with connection.cursor().copy(f"COPY ({MEMBERS}) TO STDOUT (FORMAT binary)") as copy:
        copy.set_types(["int4", "text"])
        tell("binary copy out", list(copy.rows()))
    with connection.cursor().copy("COPY club.drafts (id, label) FROM STDIN") as copy:
        for number in range(1000):
            copy.write_row((10_000 + number, f"draft {number}"))
    try:
        with connection.cursor().copy("COPY club.drafts (id, label) FROM STDIN") as copy:
            for _ in range(10_000):
                copy.write_row(("no number", "x"))
    except psycopg.errors.InvalidTextRepresentation:
        tell("copy in", connection.execute("SELECT count(*) FROM club.drafts WHERE id >= 10000").fetchall())
    connection.close()


async def asyncpg_story():
    connection = await asyncpg.connect(
        host="localhost",
        port=int(os.environ["PORT"]),
        user=USER,
        password=os.environ["TOKEN"],
        database="postgres",
        ssl=ssl.create_default_context(cafile=os.environ["CA"]),
    )
    async with connection.transaction():
        rows = [tuple(row) async for row in connection.cursor(MEMBERS, prefetch=2)]
    tell("asyncpg cursor", rows)
    output = io.BytesIO()
    tag = await connection.copy_from_query(MEMBERS, output=output, format="csv", header=True)
    tell("asyncpg copy out", [tag, output.getvalue().decode()])
    records = [(20_000 + number, "x", 1) for number in range(500)]
    columns = ["id", "label", "amount"]
    tag = await connection.copy_records_to_table("drafts", schema_name="club", columns=columns, records=records)
    try:
        await connection.copy_to_table("drafts", schema_name="club", source=io.BytesIO(b"bad\n"))
    except asyncpg.InvalidTextRepresentationError:
        tell("asyncpg copy in", [tag, await connection.fetchval("SELECT 1")])
    await connection.close()


psycopg_story()
asyncio.run(asyncpg_story())
