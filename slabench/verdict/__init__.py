"""First valid, then good enough: validity, objectives, baselines and the one word. Pure: nothing here reads a
clock or a socket.
"""
