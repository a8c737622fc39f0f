"""The systems that are compared; each module has `opened(settings, stages)`, which yields a `Converse`."""
