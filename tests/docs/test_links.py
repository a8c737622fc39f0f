"""Links between the files of this repository lead somewhere."""

from pathlib import Path

import pytest

from tests.docs.markdown import anchors, blocks, files, links
from tests.source import ROOT

FILES = files()


@pytest.mark.parametrize("file", FILES, ids=[str(file.relative_to(ROOT)) for file in FILES])
def test_relative_links_resolve(file: Path) -> None:
    blocks(file)  # every block has an end
    for link in links(file):
        if link.startswith(("https://", "http://", "mailto:")):
            continue
        path, _, anchor = link.partition("#")
        target = (file.parent / path).resolve() if path else file
        assert target.exists(), f"{link} leads nowhere"
        assert target.is_relative_to(ROOT), f"{link} leads out of the repository"
        if anchor:
            assert anchor in anchors(target), f"{link}: no such heading"
