"""The plugins of this distribution are what an operator may expect of plugins."""

from synthdb_host.testing import PluginSuite


class TestCore(PluginSuite):
    plugin = "core"


class TestCompression(PluginSuite):
    plugin = "compression"


class TestCors(PluginSuite):
    plugin = "cors"
