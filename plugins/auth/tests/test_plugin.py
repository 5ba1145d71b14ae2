"""The plugin is what an operator may expect of plugins."""

from synthdb_host.testing import PluginSuite


class TestPlugin(PluginSuite):
    plugin = "auth"
