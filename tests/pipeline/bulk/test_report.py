from __future__ import annotations

import csv
from contextlib import closing

from app.pipeline.bulk.listing import LeftOut, Why
from app.pipeline.bulk.report import Report
from app.storage.catalog.tables import Job


def test_each_line_says_what_became_of_a_file_and_why(tmp_path):
    message = "Line 2, column 'b': 'x, or \"y\"' is neither a number nor a null."
    failed = Job(
        id=7, path="/w/a.csv", state="failed", reason="not_a_number", message=message,
        row=2, column="b", value='x, or "y"', image_ids=[],
    )  # fmt: skip
    equal = Job(id=8, path="/w/é.las", state="duplicate", message="the same content …", image_ids=[3, 4])
    file = tmp_path / "report.csv"
    file.write_text("of an earlier run")
    with closing(Report(file)) as report:
        report.tell_job(failed)
        report.tell_job(equal)
        report.tell_left_out(LeftOut("/w/b.pdf", Why.UNSUPPORTED_FORMAT, "of no kind"))
        report.tell_left_out(LeftOut("/w/c", Why.NOT_READABLE, "the folder cannot be read", failed=True))
        with file.open(
            newline="", encoding="utf-8"
        ) as written:  # before it is closed: killed, it holds what is known
            first, second, third, fourth = csv.DictReader(written)
    assert first == {
        "path": "/w/a.csv", "outcome": "failed", "reason": "not_a_number", "message": message,
        "row": "2", "column": "b", "value": 'x, or "y"', "images": "", "job": "7",
    }  # fmt: skip
    assert (second["path"], second["outcome"], second["images"]) == ("/w/é.las", "duplicate", "3 4")
    assert (third["outcome"], third["reason"]) == ("left out", "unsupported_format")
    assert (fourth["outcome"], fourth["message"]) == ("failed", "the folder cannot be read")
