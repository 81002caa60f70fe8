import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def data_folder() -> Path:
    return Path(os.environ.get("SOLENOIDAL_DATA", ROOT.parent / "shared" / "data"))


@pytest.fixture(scope="session")
def data():
    """Folder of a reference calculation by name, or a skip that says why."""

    def find(name: str) -> Path:
        folder = data_folder() / name
        if not folder.is_dir():
            pytest.skip(
                f"reference data '{name}' is GPL or too large to ship; set SOLENOIDAL_DATA to the folder that has it"
            )
        return folder

    return find
