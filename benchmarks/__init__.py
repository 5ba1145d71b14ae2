"""Benchmarks: SynthDB beside its peers, on the same machine, in the same run. See ``docs/benchmarks.md``."""
