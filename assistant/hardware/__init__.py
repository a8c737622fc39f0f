"""GPUs, and what the installed engines can use of this machine."""
