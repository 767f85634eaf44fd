"""What a package needs that nobody sees in a checkout: its version, its links outside, and its files."""

import importlib.util
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_the_version_is_the_changelogs():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)[0] == version


def test_links_of_the_readme_become_absolute_and_point_to_files():
    spec = importlib.util.spec_from_file_location("absolute_links", ROOT / ".github" / "absolute_links.py")
    links = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(links)
    text = (ROOT / "README.md").read_text()
    relative = [found[3] for found in links.LINK.finditer(text)]
    assert len(relative) > 10
    assert all((ROOT / path.partition("#")[0]).exists() for path in relative)
    made = links.absolute(text, "https://example.org/a/b", "v1")
    assert not links.LINK.search(made)
    assert "![A neuron is" in made
    assert "(https://example.org/a/b/raw/v1/docs/images/neuron.svg)" in made
    assert "(https://example.org/a/b/blob/v1/docs/performance.md)" in made
