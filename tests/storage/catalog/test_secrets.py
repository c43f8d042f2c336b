from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from app.storage.catalog.database import Catalog
from app.storage.catalog.secrets import common_secret


@pytest.mark.both_databases
def test_all_that_share_a_catalog_have_one_secret_whoever_asks_first(settings):
    catalogs = [Catalog.open(settings) for _ in range(4)]
    try:
        with ThreadPoolExecutor(4) as threads:
            made = set(threads.map(lambda catalog: common_secret(catalog, "session"), catalogs))
        (secret,) = made
        assert len(secret) == 32
        assert common_secret(catalogs[0], "session") == secret
        assert common_secret(catalogs[0], "another") != secret
    finally:
        for catalog in catalogs:
            catalog.close()
