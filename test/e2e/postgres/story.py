"""A short story with psycopg2: one line of JSON per step, for the test that runs it."""

import json
import os
import sys

import psycopg2
import psycopg2.extras


def tell(step, **what):
    print(json.dumps({"step": step, **what}, default=str))


def refused(connection, statement):
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
        return {"code": None}
    except psycopg2.Error as error:
        return {"code": error.pgcode, "text": str(error)}


connection = psycopg2.connect(
    host="localhost",
    port=os.environ["PORT"],
    user=sys.argv[1],
    password=os.environ["TOKEN"],
    dbname="postgres",
    sslmode="verify-full",
    sslrootcert=os.environ["CA"],
)
with connection.cursor() as cursor:
    cursor.execute("SELECT name, phone, born FROM club.members WHERE id = %s", (1,))
    tell("masked", rows=cursor.fetchall())
connection.commit()
tell("out of scope", **refused(connection, "SELECT code FROM club.safes"))
tell("failed transaction", **refused(connection, "SELECT 1"))
connection.rollback()
tell("export", **refused(connection, "COPY club.boats TO STDOUT"))
connection.rollback()
with connection.cursor() as cursor:
    cursor.execute("SELECT upper(phone) FROM club.members WHERE id = 1")
    tell("computed", rows=cursor.fetchall(), notice=connection.notices[-1])
connection.rollback()
with connection.cursor() as cursor:
    psycopg2.extras.execute_values(cursor, "SELECT * FROM (VALUES %s) AS v(a, b) ORDER BY a", [(2, "b"), (1, "a")])
    tell("values", rows=cursor.fetchall())
connection.close()
