"""The plugin ``cors``: pages of trusted origins may call the server from a browser."""
