"""Charts as values (chart.py), one file a topic, and what draws them."""
