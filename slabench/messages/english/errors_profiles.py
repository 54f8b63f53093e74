"""What the embedded server's command refuses."""

MESSAGES = {
    "profile.port": "{text!r} is no port; give a number from 1 to 65535, or 0 for a free one.",
    "profile.tokenizer": "{folder!r} holds no tokenizer.json; give the folder that does.",
    "profile.answers": "answers={file} is no file of questions ({why!r}).",
    "profile.none": "There is no profile {name!r} of the embedded server.{hint} There are {names}.",
    "profile.parameter": "The embedded server has no parameter {name!r}.{hint} There are {names}.",
    "profile.value": "The embedded server has no {key} {name!r}.{hint} There are {names}.",
    "profile.kind": "{key}={text} is no {kind}.",
    "profile.not_finite": "{key}={text} is no finite number.",
    "profile.small": "{key}={text} is too small.",
    "profile.delta": "{key}={text} is neither 0 (text and ids grow) nor 1 (pieces).",
    "profile.share": "{key}={text} is more than all of them; give a share from 0 to 1.",
}
