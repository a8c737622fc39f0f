"""The models on this machine."""

import stat
from pathlib import Path

from assistant import paths
from assistant.errors import ModelError
from assistant.models.catalogue import Catalogue, catalogue

__all__ = ["Store"]


class Store:
    """The fetched models, one folder for each."""

    def __init__(self, folder: Path, catalogue: Catalogue) -> None:
        self.folder = folder
        self.catalogue = catalogue

    @classmethod
    def default(cls) -> "Store":
        """Return this machine's store."""
        return cls(paths.models_folder(), catalogue())

    def path(self, model_id: str) -> Path:
        """Return the file or folder that an id means; raises ModelError where it was not pulled."""
        model = self.catalogue[model_id]
        if not self.is_complete(model_id):
            raise ModelError(
                f"the model {model_id} is not in {self.folder}", hint=f"fetch it: assistant models pull {model_id}"
            )
        return self.folder / model_id / model.main

    def is_complete(self, model_id: str) -> bool:
        """Tell whether every file of a model is there with its size."""
        folder = self.folder / model_id
        return all(_has_size(folder / file.name, file.size) for file in self.catalogue[model_id].files)


def _has_size(file: Path, size: int) -> bool:
    try:
        status = file.lstat()
    except OSError:
        return False
    return stat.S_ISREG(status.st_mode) and status.st_size == size
