"""各命令拒绝的内容：baseline、bisect、compare、history、report、run。"""

MESSAGES = {
    "command.state_of_another": (
        "--state={state} 属于另一次二分查找，其版本、测试集或选项不同；请重复当时的命令以继续，或换一个"
        "文件名。"
    ),
    "command.state_unreadable": "--state={path} 无法作为二分查找的文件读取（{why}）；请换一个文件名。",
    "command.state_other_file": "--state={path} 不是二分查找的文件，不会被覆盖；请换一个文件名。",
    "command.state_malformed": "--state={path} 不是二分查找的文件（{why}）；请换一个文件名。",
    "command.state_unwritable": "--state={path} 无法写入（{why}）；请给出已存在文件夹中的文件名。",
    "command.suite_refused": "测试集拒绝了这些选项：\n{tail}",
    "command.suite_crashed": "测试集崩溃了；它的输出在 {console}：\n{tail}",
    "command.suite_no_run": "测试集没有写出任何运行（退出码 {status}）；它的输出在 {console}：\n{tail}",
    "command.suite_not_started": "测试集无法启动（{why}）。",
    "command.suite_signal": "测试集被信号终止（{status}）；它的输出在 {output}。",
    "command.no_versions": (
        "二分查找需要 --versions=A,B,C 或 --versions-file=FILE，最旧的在前；请给出其中之一。"
    ),
    "command.versions_unreadable": "--versions-file={file} 无法读取（{why}）；请给出每行一个版本的文件。",
    "command.few_versions": "二分查找需要两个或更多版本，最旧的在前，而得到的是 {versions}：没有可比较的。",
    "command.version_twice": "版本 {version} 出现了两次；请每个只写一次，最旧的在前。",
    "command.not_words": "{option} 无法拆分为单词（{why}）。请检查其中的引号。",
    "command.no_version_in": (
        "{option} 中没有 {field}，每个版本都会启动同样的服务；请把 {field} 写在版本或镜像的位置。"
    ),
    "command.baseline_unknown": "baseline 没有命令 {word!r}。{hint}可用的有 {names}。",
    "command.nothing_there": (
        "没有文件或文件夹 {name}；请给出一次运行的文件夹（例如 reports/latest）或基线文件。"
    ),
    "command.baseline_output": "baseline {command} 写入 -o 指定的文件；没有 -o 就不写任何内容：{meant}",
    "command.baseline_save_one": (
        "baseline save 只读取一次运行，而给出了 {count} 次；baseline merge 可合并多次运行。"
    ),
    "command.baseline_output_is": "-o {output} 是{what}，而 -o 指定要写入的基线文件{order}。",
    "command.baseline_list_file": "{folder} 是文件；{prog} show {folder} 可显示它，list 需要文件夹。",
    "command.baseline_list_missing": "{folder} 不是文件夹；请给出存放基线的文件夹。",
    "command.baseline_show_folder": "{file} 是文件夹，而 show 需要基线文件；{prog} {use}。",
    "command.baseline_not_a_part": (
        "-o {target} 已存在且不在要合并的文件之中，它的样本会丢失；请也把它列入，或用 -o 换一个文件。"
    ),
    "command.launches_no_run": (
        "{name} 不是运行的文件夹；baseline launches 读取多次运行，每次各属于一次启动。"
    ),
    "command.launches_resumed": "{run} 是用 --resume 继续的：可能包含两次启动。请不要列入。",
    "command.launches_unknown": (
        "{name} 看不出属于哪一次启动：它的服务没有上报 random_seed，也不是由 slabench 启动的。请用 "
        "--launch=CMD 测量。"
    ),
    "command.launches_same": (
        "{name} 与 {known} 属于同一个服务进程（random_seed {random_seed}），即同一次启动；请给出各次启"
        "动的运行。"
    ),
    "command.parts_differ": "{name} 与 {first} 的部署和负载不同：{lines:；}。请合并相同的。",
    "command.parts_twice": "{name} 和 {before} 都包含 {same}：合并后会重复计数。",
    "command.bisect_own_option": "{option} 不是二分查找的选项；请去掉它。",
    "command.bisect_stray": "{word!r} 不属于 slabench 的任何选项；请用 = 把值和选项连起来。",
    "command.bisect_state": "二分查找要花几个小时，需要 --state=FILE，以便中断后继续。",
    "command.bisect_launch": (
        "二分查找用 --launch=CMD 启动每个版本，例如 --launch='docker run --rm --gpus=all "
        "--network=host {field} ... --port {{port}}'。"
    ),
    "command.bisect_reference": (
        "{reference} 指定了各版本与什么比较，而 --baseline-launch 和 --one-after-the-other 针对的是用来"
        "比较的最旧版本；请去掉其中之一。"
    ),
    "command.compare_same": "{old} 和 {new} {how}：等于与自身比较。",
    "command.compare_two": "compare 需要两次或更多运行，旧的在前：{prog} compare OLD NEW",
    "command.compare_tolerance": "--tolerance={tolerance:g} 不大于 0。",
    "command.history_few": (
        "{path} 中同一测试、服务和负载的 {version} 只有 {runs} 次运行，而预测下一次运行的结果至少需要 "
        "{least} 次；其中有 {held}。请用 --history={path} 继续追加。"
    ),
    "command.report_output": "{runs} 次运行写入一个页面：请用 --output=FILE 指定要写入的文件。",
    "command.report_other_file": (
        "{target} 已存在，且不是 slabench 的页面；请用 --output=FILE 指定要写入的文件。"
    ),
    "command.suites_first": "请先写测试集：{prog} {command} tencent --base-url=URL；可用的有 {names}。",
    "command.no_suite": (
        "{word!r} 不是测试集。{hint}可用的有 {names} 及其中的文件。您自己的测试由 pytest 运行：pytest "
        "{word} -p slabench.plugin --base-url=URL。"
    ),
    "command.sub_run_refused": "{who}无法测量：\n{tail}",
    "command.sub_run_unmeasured": "{who}没有测量（退出码 {status}）：\n{tail}",
    "command.unknown": "没有命令 {word!r}。{hint}可用的有 {commands}。",
    "command.interrupted": "slabench {command} 被中断。{continued}",
    "command.continues": "再次运行同一命令即可继续。",
    "command.crashed": (
        "slabench {command} 崩溃（{error}）：这是 slabench 的错误，不是您的服务的；请连同以上各行报告。"
    ),
}
