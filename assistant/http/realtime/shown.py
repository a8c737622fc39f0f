"""What a client is told of the settings of its session: by the names of today, or by those of the beta."""

from typing import Any

from msgspec import structs

from assistant.http.realtime.forms import Form
from assistant.http.realtime.settings import FORMS_OF_THE_BETA, SemanticVad, ServerVad, Settings

__all__ = ["shown"]

_OLD = {form: name for name, form in FORMS_OF_THE_BETA.items()}


def shown(settings: Settings, *, beta: bool) -> dict[str, Any]:
    """Return what the client is told; where nothing is answered that is what is heard only."""
    return _of_the_beta(settings) if beta else _of_today(settings)


def _of_today(settings: Settings) -> dict[str, Any]:
    heard = {
        "format": _format(settings.hears),
        "transcription": _transcription(settings),
        "turn_detection": _detection(settings),
    }
    if settings.transcribes:
        return {"type": "transcription", "audio": {"input": heard}}
    said = {"format": _format(settings.says), "voice": settings.voice, "speed": settings.speed}
    return _answers(settings) | {
        "type": "realtime",
        "output_modalities": ["text"] if settings.written else ["audio"],
        "audio": {"input": heard, "output": said},
        "max_output_tokens": settings.max_tokens or "inf",
    }


def _of_the_beta(settings: Settings) -> dict[str, Any]:
    heard: dict[str, Any] = {
        "input_audio_format": _OLD[settings.hears],
        "input_audio_transcription": _transcription(settings),
        "turn_detection": _detection(settings),
    }
    if settings.transcribes:
        return heard
    return (
        _answers(settings)
        | heard
        | {
            "modalities": ["text"] if settings.written else ["text", "audio"],
            "voice": settings.voice,
            "speed": settings.speed,
            "output_audio_format": _OLD[settings.says],
            "temperature": settings.temperature,
            "max_response_output_tokens": settings.max_tokens or "inf",
        }
    )


def _answers(settings: Settings) -> dict[str, Any]:
    """Return what both tell of how it answers."""
    tools = [
        {"type": "function", "name": tool.name, "description": tool.description, "parameters": tool.parameters}
        for tool in settings.tools
    ]
    named = settings.tool_choice not in ("auto", "none", "required")
    choice = {"type": "function", "name": settings.tool_choice} if named else settings.tool_choice
    return {"instructions": settings.instructions, "tools": tools, "tool_choice": choice}


def _format(form: Form) -> dict[str, Any]:
    return {"type": form, "rate": form.rate} if form is Form.PCM else {"type": form}


def _transcription(settings: Settings) -> dict[str, str]:
    told = {"language": settings.language, "prompt": settings.hint}
    return {name: value for name, value in told.items() if value}


def _detection(settings: Settings) -> ServerVad | SemanticVad | None:
    if settings.transcribes and settings.detection is not None:
        return structs.replace(settings.detection, create_response=False)
    return settings.detection
