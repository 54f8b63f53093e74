"""`slabench bisect`: the first of several versions that is surely slower, with the gate as the test."""
