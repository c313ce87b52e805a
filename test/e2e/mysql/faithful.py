"""What programs do with PyMySQL and SQLAlchemy: one line of JSON per step, the same straight and through a proxy."""

import json
import os
import ssl
import sys
import urllib.parse

import pymysql
import pymysql.cursors
import sqlalchemy
from sqlalchemy import orm

USER, PORT, PASSWORD, CA = sys.argv[1], int(os.environ["PORT"]), os.environ["TOKEN"], os.environ["CA"]
TLS = {"ca": CA, "check_hostname": False}


def tell(step, *what):
    print(json.dumps([step, *what], default=repr), flush=True)


def attempt(step, run):
    try:
        tell(step, run())
    except pymysql.MySQLError as error:
        tell(step, type(error).__name__, error.args[0])


def connect(**more):
    return pymysql.connect(host="127.0.0.1", port=PORT, user=USER, password=PASSWORD, database="clinic", ssl=TLS, **more)


def described(cursor):
    return [[name, code, *rest[:-1]] for name, code, *rest in cursor.description or []]


def run(connection, text, values=None, kind=pymysql.cursors.Cursor):
    with connection.cursor(kind) as cursor:
        count = cursor.execute(text, values)
        return [count, described(cursor), cursor.fetchall(), cursor.rowcount]


def drivers():
    for charset in ("utf8mb4", "utf8"):
        with connect(charset=charset) as connection:
            tell("server", connection.get_server_info(), connection.character_set_name(), connection.get_autocommit())
            for text in ("SELECT * FROM rooms ORDER BY id", "SELECT * FROM types", "SHOW FULL COLUMNS FROM rooms", "SELECT 1 WHERE FALSE"):
                tell(text, run(connection, text))
            tell("values", run(connection, "SELECT %s, %s, %s, HEX(%s) AS h", [None, 1.5, "it's \\ \"žluť\" ", b"\x00\x01'\\\xff"]))
            tell("by name", run(connection, "SELECT id, label FROM rooms WHERE id = %(id)s", {"id": 2}, pymysql.cursors.DictCursor))
            for kind in (pymysql.cursors.SSCursor, pymysql.cursors.SSDictCursor):
                with connection.cursor(kind) as cursor:
                    cursor.execute("SELECT a.id, b.label FROM rooms a JOIN rooms b JOIN rooms c ORDER BY 1, 2")
                    tell(kind.__name__, cursor.fetchone(), cursor.fetchmany(2), len(list(cursor)))


def writes():
    with connect(charset="utf8mb4") as connection:
        with connection.cursor() as cursor:
            tell("many", cursor.executemany("INSERT INTO notes (id, v) VALUES (%s, %s)", [(n, f"row {n}") for n in range(100, 150)]))
            tell("updated", cursor.execute("UPDATE notes SET v = 'x' WHERE id < 110"), cursor.rowcount)
        connection.rollback()
        tell("rolled back", run(connection, "SELECT COUNT(*) FROM notes"))
        connection.autocommit(True)
        run(connection, "INSERT INTO notes (id, v) VALUES (1, 'a')")
        attempt("duplicate", lambda: run(connection, "INSERT INTO notes (id, v) VALUES (1, 'a')"))
        attempt("syntax", lambda: run(connection, "SELECT FROM WHERE"))
        attempt("no table", lambda: run(connection, "SELECT 1 FROM nowhere"))
        attempt("no column", lambda: run(connection, "SELECT nothing FROM rooms"))
        attempt("zero", lambda: run(connection, "SELECT 1 / 0"))
        tell("warnings", run(connection, "SHOW WARNINGS"))
        attempt("too long", lambda: run(connection, "UPDATE notes SET v = REPEAT('x', 300) WHERE id = 1"))
        tell("found", run(connection, "SELECT ROW_COUNT(), DATABASE()"))
        run(connection, "DELETE FROM notes")
        connection.select_db("clinic")
        connection.ping(reconnect=False)
        tell("killed", connection.thread_id() > 0)
    with connect(client_flag=pymysql.constants.CLIENT.MULTI_STATEMENTS) as connection:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1; UPDATE notes SET v = 'y' WHERE id = 7; SELECT 2, 3")
            results = [cursor.fetchall()]
            while cursor.nextset():
                results.append([cursor.rowcount, cursor.fetchall()])
            tell("several", results)


def mapped():
    context = ssl.create_default_context(cafile=CA)
    context.check_hostname = False
    address = f"mysql+pymysql://{urllib.parse.quote_plus(USER)}:{urllib.parse.quote_plus(PASSWORD)}@127.0.0.1:{PORT}/clinic?charset=utf8mb4"
    engine = sqlalchemy.create_engine(address, connect_args={"ssl": context})
    tell("dialect", engine.connect().dialect.server_version_info, engine.dialect.default_schema_name)
    inspector = sqlalchemy.inspect(engine)
    tell("schemas", [name for name in inspector.get_schema_names() if name in ("clinic", "information_schema")])
    tell("tables", inspector.get_table_names(), inspector.get_view_names())
    for table in ("rooms", "stays", "visits", "room_list"):
        tell("columns", [[column["name"], str(column["type"]), column["nullable"], column["default"], column.get("comment")] for column in inspector.get_columns(table)])
        tell("keys", inspector.get_pk_constraint(table), inspector.get_foreign_keys(table), inspector.get_indexes(table), inspector.get_unique_constraints(table))
        if table != "room_list":
            tell("options", inspector.get_table_options(table), inspector.get_check_constraints(table))
    tell("view", inspector.get_view_definition("room_list"))
    metadata = sqlalchemy.MetaData()
    notes = sqlalchemy.Table("notes", metadata, autoload_with=engine)
    mapper = orm.registry()

    class Note:
        pass

    mapper.map_imperatively(Note, notes)
    with orm.Session(engine) as session:
        session.add_all([Note() for _ in range(3)])
        session.flush()
        for number, note in enumerate(session.scalars(sqlalchemy.select(Note).order_by(notes.c.id))):
            note.v = f"note {number}"
        session.flush()
        tell("session", [note.v for note in session.scalars(sqlalchemy.select(Note).where(notes.c.v.like("note%")).order_by(notes.c.id).limit(2))])
        tell("counted", session.execute(sqlalchemy.select(sqlalchemy.func.count()).select_from(notes)).scalar())
        with session.begin_nested() as point:
            session.execute(notes.delete())
            point.rollback()
        tell("kept", session.query(Note).count())
        session.rollback()
    engine.dispose()


drivers()
writes()
mapped()
