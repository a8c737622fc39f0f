"""What this machine can give: processor, memory, GPUs, and what the installed engines can use of it."""
