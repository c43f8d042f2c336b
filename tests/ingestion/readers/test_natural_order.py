import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ingestion.readers.natural_order import natural_order


@pytest.mark.parametrize(
    "names",
    [
        ["col1", "col2", "col9", "col10", "col100"],
        ["AMP[1]", "AMP[9]", "AMP[10]"],
        ["col007", "col8", "col0009", "COL10"],
        ["ABDC1M", "ABDC2M", "ABDC16M"],
        ["1", "2", "10"],
        ["-22.5", "0", "+7", "22.5", "112.5"],
        ["pad1_button2", "pad1_button10", "pad2_button1"],
        ["a", "a1", "a1b", "a2", "b"],
        ["c" + "9" * 5000, "c1" + "0" * 5000],
    ],
)
def test_names_sort_as_people_read_them(names):
    backwards = names[::-1]
    assert [backwards[position] for position in natural_order(backwards)] == names


def test_names_of_one_rank_keep_the_order_of_the_file():
    assert natural_order(["col2", "COL02", "col1", "Col01"]) == [2, 3, 0, 1]


@given(names=st.lists(st.text("ab1٣²-. 0", max_size=8)))
def test_any_names_can_be_sorted(names):
    assert sorted(natural_order(names)) == list(range(len(names)))


@given(numbers=st.permutations(range(60)), text=st.sampled_from(["{}", "col{}", "AMP[{:03}]", "{}.5"]))
def test_numbers_in_names_count_by_value(numbers, text):
    order = natural_order([text.format(number) for number in numbers])
    assert [numbers[position] for position in order] == list(range(60))
