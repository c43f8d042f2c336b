import logging
import tempfile

from app.ingestion.warming import warm_up


def test_warming_up_leaves_nothing_behind(settings, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    warm_up(settings)
    assert list(tmp_path.iterdir()) == []
    assert caplog.records == []


def test_a_worker_that_cannot_warm_up_lives(settings, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with caplog.at_level(logging.WARNING):
        warm_up(settings)
    assert "not warm" in caplog.text
