"""SynthDB's own answer to who may do what: accounts, keys, roles, and a log of it."""
