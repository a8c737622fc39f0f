"""Everything that can go wrong in a way a person can act on.

    AssistantError
    ├── ConfigError           a key, a value, a file of the configuration (exit 78)
    ├── PluginError           a plugin cannot be loaded or broke a rule
    ├── ModelError            a model file is missing, damaged or cannot be fetched
    ├── UnknownModel          nothing here has the name that a program asks for
    ├── UnfitModel            the model that a program asks for cannot do what it is to do
    ├── EngineError           an engine failed at its work
    │   ├── EngineUnavailable   it is not open: not installed, failed to load
    │   ├── EngineBusy          too many wait for it already
    │   ├── EngineTimeout       it made no progress in time
    │   └── UnfitRequest        it cannot do what it is asked: the prompt is too long, the voice unknown
    ├── DeviceError           a microphone or speaker is missing or went away
    ├── AudioError            sound that cannot be read
    │   ├── AudioTooLong        it lasts longer than is listened to
    │   └── UnknownAudio        it is in no format that is read
    ├── ImageError            a picture that cannot be read
    │   ├── ImageTooLarge       it has more bytes or pixels than are looked at
    │   └── UnknownImage        it is in no format that is read
    └── ServiceError          the daemon cannot serve: port in use, no permission
        └── AlreadyRunning      another daemon runs on the same state folder

Each error says what failed and where (`str(error)`) and what to do (`error.hint`).
Whoever stands at the edge renders it: the command line in two lines, HTTP as JSON, the voice loop as a spoken apology.
"""

__all__ = [
    "AlreadyRunning",
    "AssistantError",
    "AudioError",
    "AudioTooLong",
    "ConfigError",
    "DeviceError",
    "EngineBusy",
    "EngineError",
    "EngineTimeout",
    "EngineUnavailable",
    "ImageError",
    "ImageTooLarge",
    "ModelError",
    "PluginError",
    "ServiceError",
    "UnfitModel",
    "UnfitRequest",
    "UnknownAudio",
    "UnknownImage",
    "UnknownModel",
]


class AssistantError(Exception):
    """Say what failed and where; `hint` says what to do about it."""

    exit_code = 1
    """What a command that ends by this error exits with."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint
        """One sentence or command for the person who reads it; may be empty."""

    @property
    def code(self) -> str:
        """Return the machine-readable name of the error, e.g. `config_error`."""
        name = type(self).__name__
        return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")


class ConfigError(AssistantError):
    """The configuration cannot be used as it stands."""

    exit_code = 78  # EX_CONFIG of sysexits.h: systemd does not restart on it


class PluginError(AssistantError):
    """A plugin cannot be loaded or broke a rule of the plugin interface."""

    exit_code = 70  # EX_SOFTWARE


class ModelError(AssistantError):
    """A model file is missing, damaged or cannot be fetched."""

    exit_code = 69  # EX_UNAVAILABLE


class UnknownModel(AssistantError):
    """Nothing here has the name that a program asks for."""


class UnfitModel(AssistantError):
    """The model that a program asks for cannot do what it is to do."""


class EngineError(AssistantError):
    """An engine failed at its work."""

    exit_code = 70


class EngineUnavailable(EngineError):
    """An engine is not open: it is not installed or failed to load."""

    exit_code = 69


class EngineBusy(EngineError):
    """Too many wait for an engine already."""

    exit_code = 75  # EX_TEMPFAIL: try again later


class EngineTimeout(EngineError):
    """An engine made no progress in time."""


class UnfitRequest(EngineError):
    """An engine cannot do what it is asked: a prompt is too long, a schema cannot be followed, a voice is unknown."""


class DeviceError(AssistantError):
    """A microphone or speaker is missing or went away."""

    exit_code = 69


class AudioError(AssistantError):
    """Sound that cannot be read."""

    exit_code = 65  # EX_DATAERR


class AudioTooLong(AudioError):
    """Sound that lasts longer than is listened to."""


class UnknownAudio(AudioError):
    """Sound in no format that is read."""


class ImageError(AssistantError):
    """A picture that cannot be read."""

    exit_code = 65


class ImageTooLarge(ImageError):
    """A picture of more bytes or pixels than are looked at."""


class UnknownImage(ImageError):
    """A picture in no format that is read."""


class ServiceError(AssistantError):
    """The daemon cannot serve: the port is in use, or permission is missing."""

    exit_code = 71  # EX_OSERR


class AlreadyRunning(ServiceError):
    """Another daemon runs on the same state folder."""

    exit_code = 75  # EX_TEMPFAIL: systemd does not restart on it either
