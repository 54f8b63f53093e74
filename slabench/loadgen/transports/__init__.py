"""How a load process is started and reached: beside this one, by a launcher's stdin and stdout, by Ray."""
