from urllib.parse import unquote

import pytest

from app.api.file_names import attachment


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("challenge.csv", 'attachment; filename="challenge.las"'),
        ("P11-A-02 (run 1).csv", 'attachment; filename="P11-A-02_run_1.las"'),
        ("../../etc/passwd", 'attachment; filename="passwd.las"'),
        (".bashrc", 'attachment; filename="bashrc.las"'),
        ('a";b\r\nSet-Cookie: x.csv', 'attachment; filename="a_b_Set-Cookie_x.las"'),
        ("???.csv", 'attachment; filename="image.las"'),
        ("", 'attachment; filename="image.las"'),
        ("$(rm -rf ~).csv", 'attachment; filename="rm_-rf.las"'),
    ],
)
def test_a_name_is_safe_wherever_it_ends_up(name, header):
    assert attachment(name, "las") == header


def test_letters_of_other_scripts_are_kept_for_those_who_can_read_them():
    header = attachment("Årø-2 скважина.csv", "csv")
    assert header.startswith("attachment; filename=\"_r_-2_________.csv\"; filename*=UTF-8''")
    assert unquote(header.partition("''")[2]) == "Årø-2_скважина.csv"
    assert header.isascii()


def test_a_long_name_is_cut_off_and_keeps_its_ending():
    assert attachment("x" * 500, "parquet") == f'attachment; filename="{"x" * 150}.parquet"'
