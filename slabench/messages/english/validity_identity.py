"""What the checks of the server's identity say."""

ONE_PROCESS = "Measure one server process that stays up, without a load balancer in front of several."
REACHABLE = "Run slabench where the addresses that the router lists at GET /workers can be reached."

MESSAGES = {
    "request_ids.none": "The answers have no ids.",
    "request_ids.none.remedy": "Use a server that reports meta_info.",
    "request_ids.partly": (
        "{without} of {answers} answers have no id, so their origin is unknown; all must have one, or none."
    ),
    "request_ids.repeated": (
        "{repeated} of {answers} answers have the id of another one ({id}), so they were not computed; "
        "every id must be unique."
    ),
    "request_ids.repeated.remedy": ("Measure the server itself, without a gateway that caches answers."),
    "request_ids.replayed": (
        "One request, sent twice before the first load, was answered with the same id ({id}): the second "
        "answer came from a cache and was not computed, and the load's may be such answers too."
    ),
    "request_ids.replayed.remedy": "Measure the server itself, without a gateway that caches answers.",
    "request_ids.unique": "Each of {answers} answers has its own id.",
    "same_server.stopped": (
        "The server reported its identity at the start and does not any more, so it may be another process."
    ),
    "same_server.stopped.remedy": "Check that server_info answers before and after every run.",
    "same_server.differs": (
        "Another server process answered after the run than before it ({differences:; }): a restart, or "
        "more than one behind the URL."
    ),
    "same_server.differs.remedy": ONE_PROCESS,
    "same_server.difference": "{name} {before}, then {after}",
    "same_server.unknown": "The server does not report its identity before and after the run.",
    "same_server.unknown.remedy": "Check that server_info answers.",
    "same_server.other_servers": (
        "The same server answered before and after; the other servers of this prefill/decode deployment are "
        "not reported."
    ),
    "same_server.other_servers.remedy": REACHABLE,
    "same_server.unreachable": (
        "{unasked} of {workers} servers behind the router did not answer themselves, so a restart of one of "
        "them is not excluded."
    ),
    "same_server.unreachable.remedy": REACHABLE,
    "same_server.no_seed": (
        "server_info has no random_seed. Its other values are the same before and after the run, as they "
        "would be after a restart with the same arguments."
    ),
    "same_server.no_seed.remedy": "Use a server whose server_info has random_seed.",
    "same_server.twin": (
        "The server and the baseline server may be one process: {twin}, and nothing shows that they are two."
    ),
    "same_server.twin.remedy": (
        "Start both without --random-seed, so that each draws its own. Use each server's own address."
    ),
    "same_server.workers": "The same {workers} server processes answered before and after.",
    "same_server.ok": "The same server process answered before and after.",
    "same_server.two_states": (
        "This address reported {first} and {second} as its last_gen_throughput at the same moment: more "
        "than one server answered."
    ),
    "same_server.two_states.remedy": ONE_PROCESS,
    "same_server.two_paces": (
        "{fast} answers arrived with {fast_ms:.1f} ms between two events and {slow} with {slow_ms:.1f} ms, "
        "at the same time; a server generates all answers at one pace: {cause}."
    ),
    "same_server.uneven": "the servers or ranks differ",
    "same_server.uneven_remedy": (
        "Check how the requests are distributed over servers or ranks, and whether one of them has other "
        "work."
    ),
    "same_server.more_than_one_pace": "more than one server answered, or some answers were held back",
    "same_server.one_process": ONE_PROCESS,
    "same_server.mixed": "{name} is not the same in {answers} answers ({values}): {cause}.",
    "same_server.mixed.remedy": ONE_PROCESS,
    "same_server.mixed_ids": (
        "The ids of {answers} answers are not of one kind ({values}): more than one server answered."
    ),
    "same_server.mixed_ids.remedy": ONE_PROCESS,
    "same_server.value_count": "{value} in {count}",
    "same_server.more_than_one": "more than one server answered",
    "same_server.several_ways": "they came by more than one way",
}
