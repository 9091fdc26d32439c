"""Geo-queries through the index answer what shapely and the geodesic say, on random geometries."""

import math
import random
from collections.abc import Iterable

import numpy as np
import pytest
import shapely
from geographiclib.geodesic import Geodesic
from shapely.geometry import mapping, shape
from shapely.geometry.base import BaseGeometry

from mieone.blocks.broker.actions.reading import query
from mieone.blocks.broker.actions.searching import Limits
from mieone.blocks.broker.model import (
    Entity,
    EntitySelector,
    GeoQuery,
    GeoRelation,
    JsonValue,
    OneType,
    Query,
)
from mieone.blocks.broker.rules.geometry import distance_m, fits_geometry
from mieone.core.database import Conn

from .given_stored import TENANT, entity, place, stored

TOO_NEAR_TO_SAY_M = 0.001
PREDICATES = {
    GeoRelation.WITHIN: shapely.within,
    GeoRelation.CONTAINS: shapely.contains,
    GeoRelation.INTERSECTS: shapely.intersects,
    GeoRelation.EQUALS: shapely.equals,
    GeoRelation.DISJOINT: shapely.disjoint,
    GeoRelation.OVERLAPS: shapely.overlaps,
}


def some_point(chance: random.Random) -> tuple[float, float]:
    """On a grid, so that much touches and much is equal; sometimes anywhere."""
    if chance.random() < 0.5:
        return 136 + chance.randrange(12) / 4, 33.5 + chance.randrange(8) / 4
    return chance.uniform(136, 139), chance.uniform(33.5, 35.5)


def some_polygon(chance: random.Random) -> BaseGeometry:
    x, y = some_point(chance)
    if chance.random() < 0.5:
        width, height = chance.choice((0.25, 0.5, 1)), chance.choice((0.25, 0.75))
        return shapely.box(x, y, x + width, y + height)
    corners = sorted(chance.uniform(0, 2 * math.pi) for _ in range(chance.randrange(3, 9)))
    reach = chance.uniform(0.01, 0.6)
    ring = [(x + reach * math.cos(one), y + reach * math.sin(one)) for one in corners]
    made = shapely.Polygon(ring)
    return made if made.is_valid and made.area > 1e-9 else shapely.box(x, y, x + 1, y + 1)


def some_geometry(chance: random.Random) -> BaseGeometry:
    match chance.randrange(8):
        case 0 | 1 | 2:
            return shapely.Point(some_point(chance))
        case 3:
            return shapely.MultiPoint([some_point(chance) for _ in range(3)])
        case 4:
            return shapely.LineString([some_point(chance) for _ in range(4)])
        case 5:
            lines = [[some_point(chance), some_point(chance)] for _ in range(2)]
            return shapely.MultiLineString(lines)
        case 6:
            return some_polygon(chance)
        case _:
            one, other = some_polygon(chance), some_polygon(chance)
            both = shapely.MultiPolygon([one, other])
            return both if both.is_valid else one


def document(geometry: BaseGeometry) -> dict[str, JsonValue]:
    def listed(part: object) -> JsonValue:
        if isinstance(part, tuple | list):
            return [listed(one) for one in part]
        assert isinstance(part, float)
        return part

    made = mapping(geometry)
    return {"type": str(made["type"]), "coordinates": listed(made["coordinates"])}


def flat(geometry: BaseGeometry) -> BaseGeometry:
    """As the store has it: numbers through JSON are the same numbers."""
    return shape(document(geometry))


async def ask(conn: Conn, geo: GeoQuery) -> set[str]:
    found = await query(
        conn,
        TENANT,
        Query(entities=(EntitySelector(types=OneType("Place")),), geo=geo, limit=20_000),
        Limits(sorted=20_000),
    )
    return {one.id for one in found.entities}


def expected(
    geometries: Iterable[tuple[Entity, BaseGeometry]], geo: GeoQuery, reference: BaseGeometry
) -> set[str]:
    entities, shapes = zip(*geometries, strict=True)
    hits = PREDICATES[geo.relation](np.array(shapes), reference)
    return {one.id for one, hit in zip(entities, hits, strict=True) if hit}


async def test_ten_thousand_geometries_answer_as_shapely_says(conn: Conn) -> None:
    chance = random.Random(11)
    shapes = [flat(some_geometry(chance)) for _ in range(10_000)]
    entities = [
        entity(number, ("Place",), place(document(one))) for number, one in enumerate(shapes)
    ]
    for start in range(0, len(entities), 1_000):
        await stored(conn, entities[start : start + 1_000])
    both = list(zip(entities, shapes, strict=True))

    for relation in PREDICATES:
        for _ in range(3):
            reference = flat(some_geometry(chance))
            geo = GeoQuery(relation=relation, geometry=document(reference), property="location")
            assert await ask(conn, geo) == expected(both, geo, reference), geo
    some_points = [pair for pair in both if pair[1].geom_type in ("Point", "MultiPoint")]
    for reach in (0.0, 9_000.0, 120_000.0):
        longitude, latitude = some_point(chance)
        geo = GeoQuery(
            relation=GeoRelation.NEAR,
            geometry={"type": "Point", "coordinates": [longitude, latitude]},
            property="location",
            max_distance_m=reach,
        )
        near = await ask(conn, geo)
        for one, made in some_points:
            apart = min(
                Geodesic.WGS84.Inverse(latitude, longitude, y, x)["s12"]
                for x, y in shapely.get_coordinates(made).tolist()
            )
            assert (one.id in near) == (apart <= reach), (geo, made)


def near(longitude: float, latitude: float, **distances: float) -> GeoQuery:
    return GeoQuery(
        relation=GeoRelation.NEAR,
        geometry={"type": "Point", "coordinates": [longitude, latitude]},
        property="location",
        max_distance_m=distances.get("most"),
        min_distance_m=distances.get("least"),
    )


def brute_distance_m(geometry: BaseGeometry, longitude: float, latitude: float) -> float:
    """The least of very many places along the edges."""
    if shapely.intersects(geometry, shapely.Point(longitude, latitude)):
        return 0.0
    dense = shapely.get_coordinates(shapely.segmentize(geometry, 0.0005))
    order = np.argsort(
        ((dense[:, 0] - longitude) * math.cos(math.radians(latitude))) ** 2
        + (dense[:, 1] - latitude) ** 2
    )
    return min(
        float(Geodesic.WGS84.Inverse(latitude, longitude, y, x)["s12"])
        for x, y in dense[order[:200]].tolist()
    )


def test_the_distance_to_edges_is_that_to_their_nearest_place() -> None:
    chance = random.Random(5)
    for _ in range(40):
        made = some_geometry(chance)
        longitude, latitude = some_point(chance)
        measured = distance_m(document(made), near(longitude, latitude, most=1.0))
        brute = brute_distance_m(made, longitude, latitude)

        # The brute force sees a place every 50 m at most, never nearer than the nearest.
        assert measured <= brute + TOO_NEAR_TO_SAY_M
        assert measured >= brute - (0.0 if brute == 0 else 60.0**2 / (2 * brute) + 0.01)


@pytest.mark.parametrize(
    ("there", "here", "metres"),
    [
        ((179.9, 0.0), (-179.9, 0.0), 22_263.9),
        ((10.0, 89.9), (-170.0, 89.9), 22_338.8),
        ((136.5, 34.7), (136.5, 34.7), 0.0),
    ],
)
async def test_near_reaches_round_the_antimeridian_and_over_the_pole(
    conn: Conn, there: tuple[float, float], here: tuple[float, float], metres: float
) -> None:
    position: list[JsonValue] = [*there]
    await stored(conn, [entity(1, ("Place",), place({"type": "Point", "coordinates": position}))])

    assert await ask(conn, near(*here, most=metres + 1)) != set()
    assert metres == 0 or await ask(conn, near(*here, most=metres - 1)) == set()
    assert await ask(conn, near(*here, least=max(0.0, metres - 1))) != set()
    assert await ask(conn, near(*here, least=metres + 1)) == set()


@pytest.mark.parametrize(
    "value",
    [
        None,
        5,
        {},
        {"type": "Point"},
        {"type": "Point", "coordinates": []},
        {"type": "Point", "coordinates": ["a", "b"]},
        {"type": "Polygon", "coordinates": [[[0, 0], [1, 1]]]},
        {"type": "Nothing", "coordinates": [1, 2]},
        {"type": "LineString", "coordinates": [[1e400, 0], [1, 1]]},
        {"type": "Point", "coordinates": [10**400, 0]},
    ],
)
def test_what_is_no_geometry_is_nowhere(value: JsonValue) -> None:
    for relation in GeoRelation:
        geo = GeoQuery(
            relation=relation,
            geometry={"type": "Point", "coordinates": [0, 0]},
            property="location",
            max_distance_m=1.0,
        )
        assert not fits_geometry(value, geo)


def test_a_bow_tie_is_made_valid_before_it_is_asked() -> None:
    tie: JsonValue = [[[0, 0], [2, 2], [2, 0], [0, 2], [0, 0]]]
    geo = GeoQuery(
        relation=GeoRelation.WITHIN,
        geometry={"type": "Polygon", "coordinates": tie},
        property="location",
    )

    assert fits_geometry({"type": "Point", "coordinates": [0.2, 1]}, geo)
    assert not fits_geometry({"type": "Point", "coordinates": [1, 0.2]}, geo)
