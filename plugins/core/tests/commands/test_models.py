"""``synthdb models``."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from plugins.core.tests.commands.conftest import Run


def test_models_are_written_to_a_file_or_shown(command: "Run", people: Path, tmp_path: Path) -> None:
    """The same bytes, for all tables or for some."""
    command("import", people.name)

    code, shown, _ = command("models", "generate")

    assert (0, True) == (code, "class People(Row):" in shown)
    assert (0, "", "Models written to models.py\n") == command("models", "generate", "-o", "models.py")
    assert shown == (tmp_path / "models.py").read_bytes().decode()
    assert shown == command("models", "generate", "--table", "people")[1]
    code, _, err = command("models", "generate", "--table", "x")
    assert (1, True) == (code, "[unknown_table]" in err)
