pytest_plugins = (
    "slabench.plugin.order",  # before those that import it: pytest rewrites the asserts of what is not imported yet
    "slabench.plugin.options",
    "slabench.plugin.recorder",
    "slabench.plugin.reporting",
    "slabench.plugin.preflight",
    "slabench.plugin.comparable",
    "slabench.plugin.html",
    "fixtures.sidecar",
    "fixtures.progress",
    "fixtures.server",
    "fixtures.prompts",
    "fixtures.load",
    "fixtures.judge",
    "fixtures.curve",
    "fixtures.capacity",
    "fixtures.real_sglang",
)
