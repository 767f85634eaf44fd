"""Make the links of README.md absolute, for a page outside the repository such as the index of packages.

python .github/absolute_links.py https://github.com/OWNER/NAME v0.2.0, before the package is built. The address is that
of the repository in which the workflow runs, so that a fork's package points to the fork.
"""

import re
import sys
from pathlib import Path

README = Path(__file__).resolve().parents[1] / "README.md"
LINK = re.compile(r"(!?)\[([^\]]*)\]\((?!https?:|#)([^)\s]+)\)")


def absolute(text: str, repository: str, version: str) -> str:
    """Return Markdown with its relative links and pictures as addresses in a repository."""

    def address(link: re.Match[str]) -> str:
        return f"{link[1]}[{link[2]}]({repository}/{'raw' if link[1] else 'blob'}/{version}/{link[3]})"

    return LINK.sub(address, text)


if __name__ == "__main__":
    README.write_text(absolute(README.read_text(encoding="utf-8"), *sys.argv[1:3]), encoding="utf-8")
