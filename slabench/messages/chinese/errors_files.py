"""无法读取、写入或使用的文件。"""

MESSAGES = {
    "file.output_unwritable": "-o {target} 无法写入（{why}）；请给出已存在文件夹中的文件名。",
    "file.unwritable": "{path} 无法写入（{why}）。",
    "file.history_none_accepted": (
        "--baseline={prefix}{path} 中没有已接受的版本；其中有 {held}。接受一个版本：{program} history "
        "accept {path} VERSION。"
    ),
    "file.history_few": (
        "--baseline={prefix}{path} 中，已接受的版本 {version} 在接受之前对同一测试、服务和负载只有 "
        "{runs}，而估计各次运行的离散程度需要 {least} 次；请用 --history={path} 继续追加，并再次接受 "
        "{version}。"
    ),
    "file.history_unreadable": "{named} 无法作为历史文件读取（{why}）；--history=FILE 会生成这样的文件。",
    "file.history_line": (
        "{named} 第 {number} 行不是历史文件的内容（{why}）；请给出由 --history=FILE 生成的文件。"
    ),
    "file.history_no_file": "{option}={path} 不是可以追加的文件；请给出已存在文件夹中的文件名。",
    "file.history_unwritable": "{option}={path} 无法写入；请给出可以写入的文件。",
    "file.history_other_kind": (
        "{option}={path} 中是{theirs}的运行，而本次是{mine}的：它们的数值含义不同。请换一个文件名。"
    ),
    "file.history_schema": "其 schema 为 {schema!r}，而历史文件的是 {wanted}",
    "file.history_values": "{name} 的 {key}={values!r:.60} 不是各次运行的值",
    "file.not_overwritten": "{option}={path} 已存在，内容是{held}，不会被覆盖；请换一个文件名。",
    "file.no_rows": "{option}={path} 已存在，其中没有{rows}，因此不追加；请换一个文件名。",
    "file.cannot_be_written": "{named} 无法写入（{why}）；请给出已存在文件夹中的文件名。",
    "file.resume_server": (
        "--resume={path}：响应的服务与已保留的测试所测的不同（{lines:；}）。请重新启动那个服务，或开始"
        "新的运行。"
    ),
    "file.resume_log": (
        "--resume={path}：decode 曲线需要部署日志 {log} 的第 {begin} 至 {end} 字节，它们由已保留的 "
        "decode 测试写出，而该文件{problem}。请以原名恢复它，或开始新的运行。"
    ),
    "file.report_dir": "--report-dir={report_dir} 无法写入（{why}）；请换一个文件夹。",
    "file.still_running": "运行 {path} 还在进行：另一个进程正在写入。请等它结束，或终止它。",
    "file.no_run": "{option}{path} 中没有 run.json，因此不是一次运行；{ask}。",
    "file.run_malformed": "{option}{path}：其中的 run.json 不是一次运行的（{why}）；{ask}。",
    "file.run_unreadable": "{option}{path}：其中的 run.json 无法读取（{why}）；{ask}。",
    "file.resume_options": "--resume={path} 以最初启动时的选项继续运行：{options}。请开始新的运行。",
    "file.resume_unwritable": "{file} 无法写入（{why}），因此无法继续这次运行。",
    "file.stored_unreadable": "{name} 无法读取（{why}）；{wanted}。",
    "file.stored_no_json": "{name} 第 {number} 行不是 JSON（{why}）；{wanted}。",
    "file.stored_no_row": "{name}，{where} 不是 sglang.bench_serving 的行；{wanted}。",
    "file.stored_rate": "{name}，{where}：request_rate={rate!r:.60} 不是速率；{wanted}。",
    "file.stored_empty": "{name} 中没有任何行；{wanted}。",
    "file.launch_log": "启动的服务的日志无法写入：{path}（{why}）。",
    "file.log_unreadable": "部署日志 {path} 无法读取（{why}）。请给出服务输出所写入的文件。",
    "file.log_packed": "部署日志 {path} 是{what}。请先解包：{command} {path}",
    "file.log_utf32": (
        "部署日志 {path} 是 UTF-32 编码。请先转换：iconv -f UTF-32 -t UTF-8 {path} > server.log"
    ),
    "file.log_zstd": (
        "部署日志 {path} 由 zstd 压缩，当前的 Python 无法读取。请先解压：zstd -d {path}（或安装 "
        "zstandard 包）。"
    ),
    "file.log_end": "部署日志 {path} 无法读到末尾（{why}）。文件完整吗？",
    "file.log_window": "部署日志 {path} 无法读取（{why}）。{remedy}",
    "file.log_missing": "--{option}={path} 不存在；请给出服务输出所写入的文件。",
    "file.log_gzip": "--{option}={path} 由 gzip 压缩；请给出服务输出当前写入的文件。",
    "file.no_spread": (
        "--launch-spread={path} 中没有启动的离散程度；{slabench} baseline launches RUN RUN ... -o FILE 可"
        "由 8 次或更多启动得出。"
    ),
    "file.baseline_missing": "{named} 不存在；{remedy}。",
    "file.baseline_unreadable": "{named} 无法作为基线读取（{why}）；{remedy}。",
    "file.baseline_wrong": "{named}{wrong}；{remedy}。",
    "file.dataset_no_json": "--dataset-path={path} 无法作为 JSON 读取（{why}）；{expected}。",
    "file.dataset_empty": "--dataset-path={path} 是空文件；{expected}。",
    "file.dataset_none_usable": (
        "--dataset-path={path}：其中 {entries} 个条目都不可用（第一个：{first}）；{expected}。"
    ),
    "file.dataset_no_list": "--dataset-path={path} 的 JSON 是 {kind}，不是列表；{expected}。",
    "file.dataset_empty_list": "--dataset-path={path} 中是空列表；{expected}。",
    "file.dataset_no_turns": "--dataset-path={path} 中没有两轮以上的对话：无法生成 prompt。",
    "file.questions_missing": "{named} 不存在；请给出每行一个问题的文件，或用 {smoke} 指自带的小文件。",
    "file.questions_unreadable": "{named} 无法读取（{why}）。",
    "file.questions_line": "{named} 第 {number} 行：{why}。",
    "file.questions_none": "{named} 中没有问题；它的每一行是一个 JSON 对象。",
    "file.tokenizer_missing": "tokenizer 文件夹 {folder} 不存在；请给出 --tokenizer=DIR。",
    "file.tokenizer_broken": "tokenizer {folder} 无法加载（{why}）；{remedy}。",
}
