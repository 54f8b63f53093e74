"""The server's GPUs: NVML on this machine or a DCGM exporter, read in a process of its own."""
