"""argparse 拒绝命令行时自身的句子，按原文查找。"""

MESSAGES = {
    "argparse.argument": "参数 %(argument_name)s：%(message)s",
    "argparse.unrecognized": "无法识别的参数：%s",
    "argparse.not_with": "不能与参数 %s 同时使用",
    "argparse.explicit": "该参数不带值，而给出了 %r",
    "argparse.required": "缺少必需的参数：%s",
    "argparse.one_required": "必须给出参数 %s 之一",
    "argparse.one": "需要一个值",
    "argparse.at_most_one": "最多一个值",
    "argparse.at_least_one": "至少需要一个值",
    "argparse.ambiguous": "选项 %(option)s 有歧义，可能是 %(matches)s",
    "argparse.type": "无效的 %(type)s 值：%(value)r",
    "argparse.choice": "%(value)r 不是可选值（可选：%(choices)s）",
    "argparse.parser": "没有子命令 %(parser_name)r（可选：%(choices)s）",
    "argparse.error": "%(prog)s：错误：%(message)s\n",
}
