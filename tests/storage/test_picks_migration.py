from alembic import command
from alembic.config import Config
from sqlalchemy import inspect

from app.storage.catalog.database import Catalog
from app.storage.catalog.picks import Picks
from tests.builders import image_rows, ingest, write_csv


def test_a_catalog_of_the_first_revision_gains_picks_and_keeps_its_images(place, tmp_path):
    image = ingest(place, write_csv(tmp_path / "a.csv", *image_rows(20))).image_ids[0]
    config = Config()
    config.set_main_option("script_location", "app.storage:migrations")
    config.attributes["engine"] = place.catalog.engine
    command.downgrade(config, "0001")
    assert "picks" not in inspect(place.catalog.engine).get_table_names()

    reopened = Catalog.open(place.settings)
    assert Picks(reopened).of_image(image) == []
    assert place.images.get(image).name == "a.csv"
    reopened.close()
