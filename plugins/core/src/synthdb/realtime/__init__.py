"""Realtime: what commits change, sent as it happens. It knows the host's contract and no storage."""
