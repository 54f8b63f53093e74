"""关于服务及其部署日志的说明。"""

MESSAGES = {
    "log_window.gone": "部署日志 {path} 不见了（{reason}）；无法从中读取本次运行的内容。",
    "log_window.replaced": "部署日志 {path} 在运行期间被替换；之前的部分已丢失。",
    "log_window.rotated": "部署日志 {path} 在运行期间被轮转；之前的部分从 {older} 读取。",
    "log_window.cut": "部署日志 {path} 在运行期间从 {before} 字节被截断到 {after} 字节；丢失了一部分。",
}
