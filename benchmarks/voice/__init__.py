"""The parts of the voice-to-voice benchmark."""
