"""空間ID: the vectors of the formula, and cells that hold what is encoded into them."""

import pytest
from hypothesis import example
from hypothesis import given as for_all
from hypothesis import strategies as st

from mieone.blocks.broker.problems import BadRequestData
from mieone.blocks.broker.rules.spatial_id import (
    encode_position,
    find_cell_bounds,
    find_heights,
    find_parent,
    list_children,
    parse_spatial_id,
)

latitudes = st.floats(-85.05, 85.05)
longitudes = st.floats(-180, 180, exclude_max=True)
heights = st.floats(-10_000, 30_000_000)
zooms = st.integers(0, 26)


@pytest.mark.parametrize(
    ("latitude", "longitude", "height", "zoom", "cell"),
    [
        (35.681236, 139.767125, 0, 20, "20/0/931389/412906"),
        (34.4961, 136.5461, -3, 25, "25/-3/29504234/13347998"),
        (34.4961, 136.5461, 200, 18, "18/1/230501/104281"),
    ],
)
def test_vectors(latitude: float, longitude: float, height: float, zoom: int, cell: str) -> None:
    assert str(encode_position(latitude, longitude, height, zoom)) == cell
    assert str(parse_spatial_id(cell)) == cell


@for_all(latitudes, longitudes, heights, zooms)
@example(latitude=0.0, longitude=179.99999999999997, height=0.0, zoom=0)
@example(latitude=0.0, longitude=0.0, height=-5e-324, zoom=0)
def test_a_cell_holds_what_is_encoded_into_it(
    latitude: float, longitude: float, height: float, zoom: int
) -> None:
    cell = encode_position(latitude, longitude, height, zoom)
    west, south, east, north = find_cell_bounds(cell)
    low, high = find_heights(cell)

    assert west - 1e-9 <= longitude <= east + 1e-9
    assert south - 1e-9 <= latitude <= north + 1e-9
    assert low <= height < high


@for_all(latitudes, longitudes, heights, st.integers(0, 25))
def test_eight_children_fill_their_parent(
    latitude: float, longitude: float, height: float, zoom: int
) -> None:
    cell = encode_position(latitude, longitude, height, zoom)
    children = list_children(cell)

    assert len(set(children)) == 8
    assert {find_parent(child) for child in children} == {cell}
    assert encode_position(latitude, longitude, height, zoom + 1) in children


@pytest.mark.parametrize("text", ["", "1/0/0", "36/0/0/0", "1/0/2/0", "1/2/0/0", "1/0/0/0/0", "a"])
def test_there_are_no_other_cells(text: str) -> None:
    with pytest.raises(BadRequestData):
        parse_spatial_id(text)
