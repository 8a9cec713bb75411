"""The peer of a node's ingest: PostGIS, where a trigger tests every inserted row against the zones and writes down who came and went.

Two triggers do the same. `each row` is what most people would write: a query for each row
over the GiST index. `each batch` is the fastest we know: one join for all rows of a statement. Both keep which zones a subject is in,
take the heights of the zones into account, and write a row for each change. They know nothing of uncertainty, of late reports or
of who is permitted, and have no record that could be proven.

A server of its own is started on the same disk as the node, with memory to spare and synchronous_commit on.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

TRIGGERS = ("each batch", "each row")
SHAPES = ("geometry", "geography")
# shared_buffers and the rest as a node's administrator would set them on a machine of this size; nothing about durability.
_SETTINGS = """
shared_buffers = '1GB'
work_mem = '64MB'
max_wal_size = '8GB'
jit = off
synchronous_commit = on
fsync = on
max_parallel_workers_per_gather = 0
"""
_SCHEMA = """
CREATE TABLE zone (
    id int PRIMARY KEY, kind text, radius float8, g geometry, centre geography, gg geography, cover geography,
    low float8, high float8);
CREATE TABLE position (
    id bigserial PRIMARY KEY, subject int NOT NULL, seen_at float8 NOT NULL, lon float8 NOT NULL, lat float8 NOT NULL,
    height real, error real, known_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE presence (subject int PRIMARY KEY, zones int[] NOT NULL);
CREATE TABLE change (
    id bigserial PRIMARY KEY, subject int NOT NULL, zone int NOT NULL, seen_at float8 NOT NULL, entered boolean NOT NULL);
"""
_POINT = {
    "geometry": "ST_SetSRID(ST_MakePoint({row}.lon, {row}.lat), 4326)",
    "geography": "ST_SetSRID(ST_MakePoint({row}.lon, {row}.lat), 4326)::geography",
}
_INSIDE = {
    "geometry": "ST_Covers(z.g, {point})",
    "geography": "z.cover && {point} AND CASE WHEN z.kind = 'circle' THEN ST_DWithin(z.centre, {point}, z.radius)"
    " ELSE ST_Covers(z.gg, {point}) END",
}
_AT_ITS_HEIGHT = "{row}.height BETWEEN z.low AND z.high"
_EACH_ROW = """
CREATE FUNCTION watch() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE was int[]; now int[];
BEGIN
    SELECT coalesce(array_agg(z.id ORDER BY z.id), '{{}}') INTO now FROM zone z WHERE {inside} AND {at_its_height};
    SELECT zones INTO was FROM presence WHERE subject = NEW.subject;
    IF now IS DISTINCT FROM coalesce(was, '{{}}') THEN
        INSERT INTO change (subject, zone, seen_at, entered)
            SELECT NEW.subject, zone, NEW.seen_at, true FROM unnest(now) zone WHERE NOT zone = ANY (coalesce(was, '{{}}'))
            UNION ALL
            SELECT NEW.subject, zone, NEW.seen_at, false FROM unnest(was) zone WHERE NOT zone = ANY (now);
        INSERT INTO presence VALUES (NEW.subject, now) ON CONFLICT (subject) DO UPDATE SET zones = excluded.zones;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER watched AFTER INSERT ON position FOR EACH ROW EXECUTE FUNCTION watch();
"""
_EACH_BATCH = """
CREATE FUNCTION watch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    WITH inside AS MATERIALIZED (
        SELECT f.id, array_agg(z.id ORDER BY z.id) AS zones FROM fresh f JOIN zone z ON {inside} AND {at_its_height} GROUP BY f.id
    ), seen AS MATERIALIZED (
        SELECT f.subject, f.seen_at, f.id, coalesce(i.zones, '{{}}') AS now,
            coalesce(lag(coalesce(i.zones, '{{}}')) OVER same, p.zones, '{{}}') AS was, lead(f.id) OVER same IS NULL AS last
        FROM fresh f LEFT JOIN inside i USING (id) LEFT JOIN presence p ON p.subject = f.subject
        WINDOW same AS (PARTITION BY f.subject ORDER BY f.id)
    ), kept AS (
        INSERT INTO presence SELECT s.subject, s.now FROM seen s LEFT JOIN presence p USING (subject)
            WHERE s.last AND s.now IS DISTINCT FROM coalesce(p.zones, '{{}}')
            ON CONFLICT (subject) DO UPDATE SET zones = excluded.zones
    )
    INSERT INTO change (subject, zone, seen_at, entered)
        SELECT s.subject, zone, s.seen_at, true FROM seen s, unnest(s.now) zone WHERE s.now <> s.was AND NOT zone = ANY (s.was)
        UNION ALL
        SELECT s.subject, zone, s.seen_at, false FROM seen s, unnest(s.was) zone WHERE s.now <> s.was AND NOT zone = ANY (s.now);
    RETURN NULL;
END $$;
CREATE TRIGGER watched AFTER INSERT ON position REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION watch();
"""


class NoPostgis(Exception):
    """There is no peer here; the message says what is missing."""


class Postgis:
    """A server with PostGIS; `database` makes one that watches the zones."""

    def __init__(self, server: Any) -> None:
        self._server = server

    def database(self, zones: Sequence[Any], polygons: Sequence[Any], trigger: str, shape: str) -> Any:
        """A connection to a new database; each zone with the polygon that stands for it."""
        import psycopg
        import shapely

        url = self._server.new_database().replace("postgresql+psycopg", "postgresql")
        connection = psycopg.connect(url, autocommit=True)
        try:
            connection.execute("CREATE EXTENSION postgis")
        except psycopg.Error as error:
            raise NoPostgis("PostGIS is not installed (Debian: postgresql-15-postgis-3)") from error
        connection.execute(_SCHEMA)
        texts = shapely.to_wkb(shapely.set_srid(polygons, 4326), hex=True, include_srid=True)
        with connection.cursor().copy("COPY zone (id, kind, radius, g, low, high) FROM STDIN") as copy:
            for zone, text in zip(zones, texts, strict=True):
                copy.write_row((zone.id, zone.kind, zone.radius_m, text, zone.floor_m, zone.ceil_m))
        for zone in zones:
            if zone.kind == "circle":
                point = "ST_SetSRID(ST_MakePoint(%s, %s), 4326)::geography"
                connection.execute(f"UPDATE zone SET centre = {point} WHERE id = %s", (zone.lon, zone.lat, zone.id))
        # The box that is searched for a circle is that of a circle a little larger.
        connection.execute(
            "UPDATE zone SET gg = g::geography,"
            " cover = CASE WHEN kind = 'circle' THEN ST_Buffer(centre, radius * 1.02) ELSE g::geography END"
        )
        connection.execute(f"CREATE INDEX ON zone USING gist ({'g' if shape == 'geometry' else 'cover'})")
        connection.execute("VACUUM ANALYZE zone")
        row = "NEW" if trigger == "each row" else "f"
        inside = _INSIDE[shape].format(point=_POINT[shape].format(row=row))
        made = _EACH_ROW if trigger == "each row" else _EACH_BATCH
        connection.execute(made.format(inside=inside, at_its_height=_AT_ITS_HEIGHT.format(row=row)))
        return connection


def rows_to_copy(rows: Mapping[str, Any]) -> bytes:
    """A batch as COPY takes it, in the order in which it was seen."""
    order = np.argsort(rows["t"], kind="stable")
    columns = zip(*(rows[name][order].tolist() for name in ("track", "t", "lon", "lat", "alt", "sigma")), strict=True)
    return "".join(
        f"{subject}\t{t!r}\t{lon!r}\t{lat!r}\t{alt:.1f}\t{sigma:.1f}\n" for subject, t, lon, lat, alt, sigma in columns
    ).encode()


def insert(connection: Any, data: bytes) -> None:
    """One batch in one transaction, durable when this returns."""
    with connection.cursor().copy("COPY position (subject, seen_at, lon, lat, height, error) FROM STDIN") as copy:
        copy.write(data)


def change_count(connection: Any) -> int:
    """How many changes were written down."""
    count: int = connection.execute("SELECT count(*) FROM change").fetchone()[0]
    return count


@contextmanager
def postgis() -> Iterator[Postgis]:
    """A server on a disk, stopped and gone afterwards. Raises `NoPostgis` where there is none."""
    try:
        from tests.postgres_server import UNPRIVILEGED, PostgreSQL, programs
    except ImportError as error:
        raise NoPostgis(f"the environment of the tests is needed: {error}") from error
    bin = programs()
    if bin is None:
        raise NoPostgis("PostgreSQL is not installed (Debian: postgresql-15 and postgresql-15-postgis-3)")
    folder = Path(tempfile.mkdtemp(prefix="kc-bench-pg-"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, UNPRIVILEGED)
        server = PostgreSQL(bin, folder)
        with (folder / "data" / "postgresql.conf").open("a") as conf:
            conf.write(_SETTINGS)
        server.restart()
        try:
            yield Postgis(server)
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
