"""Rows that tests put into a server's database by themselves."""
import contextlib
import sqlite3
import subprocess

import harness


def change(server, *statements):
    """On SQLite only the server may write, so it is stopped and started."""
    if harness.ENGINE == "postgres":
        subprocess.run(["psql", "-q", "-v", "ON_ERROR_STOP=1", server.database.url, "-c", ";".join(statements)], check=True)
        return
    server.stop()
    with contextlib.closing(sqlite3.connect(server.folder / "var/outrider.db")) as database:
        for statement in statements:
            database.execute(statement)
        database.commit()
    server.start()


def insert(table, **row):
    """A statement that adds the row."""
    def literal(value):
        if value is None:
            return "NULL"
        return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"
    return f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join(map(literal, row.values()))})"
