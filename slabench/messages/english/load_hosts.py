"""What is said of hosts that send the load."""

MESSAGES = {
    "load_hosts.not_started": "Load host {host} could not start a load process: {how}.",
    "load_hosts.not_started.remedy": (
        "Run the launcher by hand with python3 -m slabench --version behind it; --load-python names the "
        "Python of the hosts that has slabench."
    ),
    "load_hosts.silent": "Load host {host} did not start a load process within {seconds:g} s.",
    "load_hosts.silent.remedy": "Run the launcher by hand: it must ask for no password and no terminal.",
    "load_hosts.other_client": (
        "Load host {host} has {theirs}, this machine {ours}: clients that differ measure differently."
    ),
    "load_hosts.other_client.remedy": "Install the same slabench for the same Python on every host.",
    "load_hosts.there": "Every load host has this client: {hosts}.",
    "load_hosts.no_cluster": "The Ray cluster of --load-cluster cannot be used: {why}.",
    "load_hosts.no_cluster.remedy": "Install slabench[ray] here; ray status must show the cluster's nodes.",
    "load_hosts.cut_off": (
        "Nothing came from load host {host} for {silent_s:.1f} s of the load (limit {limit_s:g} s): it was "
        "cut off or stood still."
    ),
    "load_hosts.cut_off.remedy": "Look at the network between the hosts, and whether the host was suspended.",
    "load_hosts.busy": "A load process of host {host} used {share:.0%} of a core; the limit is {limit:.0%}.",
    "load_hosts.busy.remedy": "Name more hosts, or more load processes with --load-workers.",
    "load_hosts.slots_waited": (
        "Slots waited for their next request to come to their host for {share:.1%} of their time (limit "
        "{limit:.0%}): fewer requests ran than the test asks for. The longest round trip is "
        "{round_trip_ms:.2f} ms."
    ),
    "load_hosts.slots_waited.remedy": "Use load hosts nearer to this machine, or start slabench near them.",
    "load_hosts.ok": (
        "Requests sent by each load host: {hosts}. The longest of their shortest round trips is "
        "{round_trip_ms:.2f} ms; slots waited for their next request for {share:.2%} of their time; {tail} "
        "requests were sent at the end when another host had none left."
    ),
    "load_clock.unknown": "The clock of load host {hosts} was not read after the load.",
    "load_clock.unknown.remedy": "Run the test again; a host that ended is named by the check client.",
    "load_clock.decides": (
        "The clocks of the load hosts are known to {error_ms:.3f} ms, and within that another result is "
        "possible: {what}."
    ),
    "load_clock.decides.remedy": "Use load hosts with shorter round trips, or answers that are longer.",
    "load_clock.ok": (
        "Times of different load hosts are comparable to {error_ms:.3f} ms (drift during the load "
        "{drift_ms:.3f} ms), and no result changes within that. TTFT, TPOT and ITL are of one clock."
    ),
    "load_hosts.files": "Load host {host}: {problem}",
    "load_hosts.files.remedy": "Raise ulimit -n at that host.",
}
