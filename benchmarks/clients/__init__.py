"""The parts of bench_client.py: servers that tell the truth, clients that are compared, and what watches
them.
"""
