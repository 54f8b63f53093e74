"""The run document and what is made of it: JSON, HTML, console, Markdown, the published tables' shapes.

Text out, no pytest.
"""
