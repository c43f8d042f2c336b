from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from app.pipeline.workplace import Workplace
from app.storage.catalog.database import Catalog
from app.storage.catalog.tables import Base
from tests.builders import image_rows, ingest, write_csv


def migrate(catalog: Catalog, direction: str, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", "app.storage:migrations")
    config.attributes["engine"] = catalog.engine
    getattr(command, direction)(config, revision)


def test_a_catalog_of_the_first_revision_gains_picks_and_keeps_its_images(place: Workplace, tmp_path) -> None:
    image = ingest(place, write_csv(tmp_path / "a.csv", *image_rows(20))).image_ids[0]
    migrate(place.catalog, "downgrade", "0001")
    assert "picks" not in inspect(place.catalog.engine).get_table_names()

    reopened = Catalog.open(place.settings)

    assert "picks" in inspect(reopened.engine).get_table_names()
    reopened.close()
    assert place.images.get(image).name == "a.csv"


def test_the_migrations_make_the_tables_that_the_code_uses(place: Workplace) -> None:
    with place.catalog.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
