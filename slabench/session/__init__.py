"""One measurement from options to a test's entry, without pytest: deployment, prompts, load, evidence,
evaluation.
"""
