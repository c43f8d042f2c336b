import io

import lasio
import numpy as np
import pytest

from tests.rendering.exports.builders import READERS, image, table_of, written


def read(depths, values, **changes):
    data = written("las", table_of(depths, values, **changes), values)
    return lasio.read(io.StringIO(data.decode()), engine="normal")


def test_header_of_even_depths():
    depths, values = image(300)
    file = read(depths, np.nan_to_num(values).clip(0, 255))
    assert file.version["VERS"].value == 2.0
    assert [file.well[name].value for name in ("STRT", "STOP", "STEP", "NULL")] == [
        9000.1,
        9030.0,
        0.1,
        -999.25,
    ]
    assert {file.well[name].unit for name in ("STRT", "STOP", "STEP")} == {"M"}
    assert file.curves[0].unit == "M"
    assert file.keys() == ["DEPT", *(f"IMG[{pixel}]" for pixel in range(5))]
    assert file.params["NAME"].value == "Årø 2 run 1.csv"


def test_step_is_0_where_depths_are_not_even():
    depths, values = image(300)
    depths[200:] += 25
    assert read(depths, values).well["STEP"].value == 0


def test_an_image_without_a_unit_has_none_here():
    depths, values = image(3)
    assert read(depths, values, depth_unit=None).curves[0].unit == ""


def test_what_is_known_stands_where_the_format_wants_it():
    depths, values = image(3)
    about = {"well": "P11-A-02", "uwi": "8123", "tool": "ADN", "unit": "g/cm3", "hole_diameter": "0.216"}
    file = read(depths, values, about=about | {"mud type: 1\nof 2": "oil"})
    assert (file.well["WELL"].value, str(file.well["UWI"].value)) == ("P11-A-02", "8123")
    assert {item.mnemonic: item.value for item in file.params} == {
        "BS": 0.216,
        "TOOL": "ADN",
        "MUD_TYPE__1_OF_2": "oil",
    }
    assert (file.params["BS"].unit, file.curves["IMG[0]"].unit) == ("M", "g/cm3")


@pytest.mark.parametrize("lowest", [-999.25, -1000.0, -1e30])
def test_null_is_a_number_that_the_image_cannot_have(lowest):
    depths, values = image(50)
    values = np.where(np.isnan(values), np.nan, np.float32(-999.25))
    values[0, 0] = lowest
    values[1, 0] = 5
    data = written("las", table_of(depths, values), values)
    np.testing.assert_array_equal(READERS["las"](data)[1], values)
