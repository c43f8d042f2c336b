import pytest

from app.ingestion.readers.depth_column import is_depth_name, normalised_unit, unit_in_name


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("depth", None),
        ("  DEPTH ", None),
        ("Dept", None),
        ("MD", None),
        ("tdep", None),
        ("measured depth", None),
        ("MeasuredDepth", None),
        ("depth_m", "m"),
        ("DEPT.M", "m"),
        ("Depth [ft]", "ft"),
        ("depth(m)", "m"),
        ("MD (Feet)", "ft"),
        ("DEPT:F", "ft"),
        ("TDEP (0.1 in)", "0.1in"),
        ("depth-cm", "cm"),
        ("depth / mm", "mm"),
        ("Measured_Depth_inches", "in"),
    ],
)
def test_depth_names_and_the_units_in_them(name, unit):
    assert is_depth_name(name)
    assert unit_in_name(name) == unit


@pytest.mark.parametrize(
    "name",
    ["", "depths", "mdm", "MDT", "depthft", "my depth", "depth_x", "depth_", "depth (bar)", "tvd", "index"],
)
def test_other_names_are_no_depth(name):
    assert not is_depth_name(name)
    assert unit_in_name(name) is None


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("M", "m"),
        ("[metres]", "m"),
        (" (F) ", "ft"),
        ("0.1 IN", "0.1in"),
        ("OHMM", None),
        ("", None),
        ("1", None),
    ],
)
def test_units_go_by_one_name_each(text, unit):
    assert normalised_unit(text) == unit
