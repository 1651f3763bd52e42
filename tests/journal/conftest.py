"""Databases of a throwaway PostgreSQL, or of the one that COCKPIT_TEST_POSTGRES_URL names."""

import os
from collections.abc import Iterator
from uuid import uuid4

import pytest
from postgres_cluster import BINARIES, Cluster
from sqlalchemy import NullPool, create_engine, make_url, text

from cockpit.journal.database import journal_url


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    if os.environ.get("COCKPIT_TEST_POSTGRES_URL"):
        pytest.skip("COCKPIT_TEST_POSTGRES_URL names a server that is not ours to stop")
    if not BINARIES:
        pytest.skip("no PostgreSQL found: expected its binaries under /usr/lib/postgresql/*/bin")
    made = Cluster(BINARIES[-1])
    made.start()
    yield made
    made.stop()
    made.remove()


@pytest.fixture(scope="module")
def server_url(request: pytest.FixtureRequest) -> str:
    given = os.environ.get("COCKPIT_TEST_POSTGRES_URL")
    return given if given else request.getfixturevalue("cluster").url


@pytest.fixture
def url(server_url: str) -> Iterator[str]:
    """An empty database for one test."""
    server = create_engine(journal_url(server_url), isolation_level="AUTOCOMMIT", poolclass=NullPool)
    name = f"cockpit_{uuid4().hex[:12]}"
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield make_url(server_url).set(database=name).render_as_string(hide_password=False)
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
