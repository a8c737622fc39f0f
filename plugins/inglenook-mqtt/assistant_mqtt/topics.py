"""Topics and filters of MQTT (https://docs.oasis-open.org/mqtt/mqtt/v5.0/os/mqtt-v5.0-os.html, section 4.7)."""

__all__ = ["matches"]


def matches(topic: str, pattern: str) -> bool:
    """Tell whether a topic is among those that a filter stands for."""
    levels, wanted = topic.split("/"), pattern.split("/")
    if topic.startswith("$") and wanted[0] in ("+", "#"):
        return False
    for at, level in enumerate(wanted):
        if level == "#":
            return True
        if at >= len(levels) or level not in ("+", levels[at]):
            return False
    return len(levels) == len(wanted)
