"""Webhooks: what commits change, sent to other servers."""
