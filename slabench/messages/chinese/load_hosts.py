"""对施压主机的说明。"""

MESSAGES = {
    "load_hosts.not_started": "施压主机 {host} 无法启动压测进程：{how}。",
    "load_hosts.not_started.remedy": (
        "请手工运行该启动命令，并在其后接 python3 -m slabench --version；--load-python 指定各主机上装有 slabench 的 Python。"
    ),
    "load_hosts.silent": "施压主机 {host} 在 {seconds:g} s 内没有启动压测进程。",
    "load_hosts.silent.remedy": "请手工运行该启动命令：它不能要求输入密码，也不能需要终端。",
    "load_hosts.other_client": "施压主机 {host} 使用 {theirs}，本机使用 {ours}：客户端不同，测量结果就不同。",
    "load_hosts.other_client.remedy": "请在每台主机上为同一版本的 Python 安装同一版本的 slabench。",
    "load_hosts.there": "每台施压主机上都是同一客户端：{hosts}。",
    "load_hosts.no_cluster": "无法使用 --load-cluster 的 Ray 集群：{why}。",
    "load_hosts.no_cluster.remedy": "请在本机安装 slabench[ray]，并确认 ray status 能列出集群的节点。",
    "load_hosts.cut_off": (
        "施压期间有 {silent_s:.1f} s 没有收到施压主机 {host} 的任何数据（上限 {limit_s:g} s）：它的连接中断过，或者它停顿过。"
    ),
    "load_hosts.cut_off.remedy": "请检查主机之间的网络，以及该主机是否被挂起过。",
    "load_hosts.busy": "施压主机 {host} 的一个压测进程占用了 {share:.0%} 个核；上限为 {limit:.0%}。",
    "load_hosts.busy.remedy": "请增加施压主机，或用 --load-workers 增加压测进程。",
    "load_hosts.slots_waited": (
        "各并发槽位有 {share:.1%} 的时间在等待下一个请求传到所在主机（上限 {limit:.0%}）：同时运行的请求少于测试所要求的数量。最长往返时间为 "
        "{round_trip_ms:.2f} ms。"
    ),
    "load_hosts.slots_waited.remedy": "请使用离本机更近的施压主机，或在它们附近启动 slabench。",
    "load_hosts.ok": (
        "各施压主机发送的请求数：{hosts}。各主机最短往返时间中最长的为 {round_trip_ms:.2f} ms；槽位等待下一个请求的时间占 {share:.2%}；末尾有 {tail} "
        "个请求发送时，另一台主机已没有请求可发。"
    ),
    "load_clock.unknown": "施压结束后没有读到施压主机 {hosts} 的时钟。",
    "load_clock.unknown.remedy": "请重新测试；提前结束的主机由检查项 client 指出。",
    "load_clock.decides": "各施压主机的时钟只能确定到 {error_ms:.3f} ms，在此范围内可能得到不同结果：{what}。",
    "load_clock.decides.remedy": "请使用往返时间更短的施压主机，或更长的输出。",
    "load_clock.ok": (
        "不同施压主机的时刻可比到 {error_ms:.3f} ms（施压期间漂移 {drift_ms:.3f} ms），在此范围内没有任何结果会改变。TTFT、TPOT 和 ITL 均取自同一时钟。"
    ),
    "load_hosts.files": "施压主机 {host}：{problem}",
    "load_hosts.files.remedy": "请在该主机上调高 ulimit -n。",
}
