"""bench_serving as a client: run it, read its rows, its metrics, and how far they can be trusted."""
