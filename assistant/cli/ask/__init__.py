"""`assistant ask`: a turn of text, or of a recorded question; by a running daemon, or here."""

from assistant.cli.ask.command import ask

__all__ = ["ask"]
