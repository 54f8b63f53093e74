pytest_plugins = ("slabench.plugin.options", "slabench.plugin.order")
