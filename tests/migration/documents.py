"""The scripts in documents, which are run as they stand there."""

import re
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"


def script(document: str, name: str) -> str:
    """The script whose first line names it."""
    text = (DOCS / document).read_text(encoding="utf-8")
    scripts = re.findall(r"```py\n(.*?)```", text, re.DOTALL)
    [found] = [found for found in scripts if found.startswith(f"# {name}: ")]
    return str(found)
