"""关于服务及其部署日志的说明。"""

MESSAGES = {
    "log_window.gone": "部署日志 {path} 不见了（{reason}）；无法从中读取本次运行的内容。",
    "log_window.replaced": "部署日志 {path} 在运行期间被替换；之前的部分已丢失。",
    "log_window.rotated": "部署日志 {path} 在运行期间被轮转；之前的部分从 {older} 读取。",
    "log_window.cut": "部署日志 {path} 在运行期间从 {before} 字节被截断到 {after} 字节；丢失了一部分。",
    "gpu.not_read": "未能读取 GPU：{why}。缺少能耗和时钟数据。",
    "gpu.readings_failed": "负载期间失败的 GPU 读数：{failed}；最后一次的原因：{why}。",
    "gpu.not_there": "--gpu-index 指定的 GPU 不存在；不报告能耗和时钟。",
    "gpu.two_servers": "无法确定哪些 GPU 属于两个服务中的哪一个，因此不报告能耗和时钟。请用 --gpu-index 指定。",
    "gpu.other_count": "正在使用的 GPU：{in_use}；服务报告自己有 {count} 个，因此不报告能耗和时钟。请用 --gpu-index 指定它的 GPU。",
}
