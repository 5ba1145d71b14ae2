"""Subscriptions: the changes of a table, as the feed has them, over WebSockets and server-sent events."""
