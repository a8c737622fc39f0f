"""A request as KoboldCpp and KoboldAI are told it."""

import base64
from typing import Any

from assistant import AudioPart, ChatRequest, ImagePart, Provider, UnfitRequest
from assistant_kobold.family import Family
from assistant_kobold.options import options_of

__all__ = ["generate_body"]

_STOPS = 32
"""Stop texts that KoboldCpp took before it took more."""
_IMAGES = 4
"""Images that it took then; it leaves out the others without a word."""


def generate_body(
    family: Family, provider: Provider, request: ChatRequest, prompt: str, stops: tuple[str, ...], grammar: str
) -> dict[str, Any]:
    """Return the body of a request for a reply; raises UnfitRequest for what the server cannot be asked."""
    parts = [part for message in request.messages for part in message.parts]
    images = [base64.b64encode(part.image.data).decode() for part in parts if isinstance(part, ImagePart)]
    if request.tools and request.tool_choice != "none":
        raise UnfitRequest(f"{provider}: {family.title} calls no tools", hint="another model may")
    if any(isinstance(part, AudioPart) for part in parts):
        raise UnfitRequest(f"{provider}: {family.title} takes no sound", hint="let it be recognised first")
    if images and not family.stream:
        raise UnfitRequest(f"{provider}: {family.title} sees no images", hint="another model may")
    if len(images) > _IMAGES:
        raise UnfitRequest(f"{provider}: {family.title} sees {_IMAGES} images at once", hint="show it fewer")
    if grammar and not family.grammar:
        raise UnfitRequest(f"{provider}: {family.title} can be held to no form", hint="another model may")
    body: dict[str, Any] = {"prompt": prompt, "max_length": min(request.max_tokens, family.longest), "quiet": True}
    body |= options_of(provider).sampling
    values = {told: getattr(request.sampling, name) for name, told in family.sampling.items()}
    body |= {told: value for told, value in values.items() if value is not None}
    if request.sampling.temperature == 0:
        body |= {"temperature": 1.0, "top_k": 1}  # KoboldAI takes no 0
    if "rep_pen" in body:
        body["rep_pen"] = max(1.0, body["rep_pen"])
    if body.get("sampler_seed", 0) < 0:
        del body["sampler_seed"]
    if family.stops:
        body |= {"stop_sequence": list(stops[:_STOPS]), "trim_stop": True}
    if images:
        body["images"] = images
    if grammar:
        body["grammar"] = grammar
    return body
