"""The local network: be found there by other devices, and find them (DNS-SD over mDNS, RFC 6762 and RFC 6763)."""
