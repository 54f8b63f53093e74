"""report.html: jinja2 templates over values that are made from the run document; see render.py."""
