"""Inglenook as a service of systemd: what this machine is, which kind of service fits, and the steps to it."""
