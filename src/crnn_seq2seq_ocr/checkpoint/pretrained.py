"""The trained models that come with the package, by name."""

from pathlib import Path

FOLDER = Path(__file__).parent.parent / "weights"


def pretrained_models() -> dict[str, Path]:
    """Folders by name, in the order of names."""
    return {path.parent.name: path.parent for path in sorted(FOLDER.glob("*/model.json"))}
