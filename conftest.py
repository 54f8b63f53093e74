pytest_plugins = ("slabench.plugin",)
