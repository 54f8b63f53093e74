"""bench_serving as a client.

client.py runs it and reads its output file; metrics.py takes its metrics from there; objectives.py says which
of them an objective is judged by; row_checks.py judges a row of a file that it wrote elsewhere, and
verdict/validity/bench_serving.py a run of it. report/bench_serving_row.py writes our results as its rows.
"""
