"""The examples that cannot be run here (compose, Kubernetes, GitHub, GitLab, the image) are at least whole:
the keys that their readers require, names that lead somewhere, folders that are mounted where they are used.
Their commands are checked by test_shown_commands.py.
"""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

REPO = Path(__file__).resolve().parents[2]
ACTION = REPO / "action.yml"
WORKFLOWS = (REPO / ".github" / "workflows" / "gate.yml", REPO / "examples" / "github-action.yml")
Yaml = Mapping[str, Any]


class UniqueKeys(yaml.SafeLoader):
    """A key that stands twice is an error: YAML's readers keep the last one without a word."""


def _mapping(loader: UniqueKeys, node: yaml.MappingNode) -> dict[Any, Any]:
    keys = [loader.construct_object(key, deep=True) for key, _ in node.value]  # type: ignore[no-untyped-call]
    assert len(keys) == len(set(keys)), f"a key twice in {keys}"
    return dict(
        zip(keys, (loader.construct_object(value, deep=True) for _, value in node.value), strict=True)  # type: ignore[no-untyped-call]
    )


UniqueKeys.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def read(path: Path) -> Yaml:
    (document,) = yaml.load_all(path.read_text(encoding="utf-8"), Loader=UniqueKeys)
    assert isinstance(document, dict)
    return document


def used_folders(words: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """Of our options: (folder, whether slabench writes there)."""
    for word in words:
        name, _, value = word.partition("=")
        if value.startswith("/"):
            yield value, name in ("--report-dir", "--save-baseline", "--history")


def mounted(words: Sequence[str], mounts: Mapping[str, bool]) -> list[str]:
    """A command's folders that are on no mount, or written on a read-only one. mounts: path -> writable."""
    problems = []
    for path, writes in used_folders(words):
        over = [mount for mount in mounts if path == mount or path.startswith(f"{mount}/")]
        if not over:
            problems.append(f"{path} is on no mount")
        elif writes and not mounts[max(over, key=len)]:
            problems.append(f"{path} is written, and its mount is read-only")
    return problems


def test_compose() -> None:
    document = read(REPO / "examples" / "docker-compose.yml")
    services, volumes = document["services"], document["volumes"]
    assert "version" not in document, "compose warns of it"
    for name, service in services.items():
        assert ("image" in service) != ("build" in service), name
        assert isinstance(service["command"], list), "a string is split by a shell's rules"
        mounts = {}
        for mount in service.get("volumes", ()):
            source, target, *mode = mount.split(":")
            assert source.startswith(("/", ".")) or source in volumes, mount
            assert mode in ([], ["ro"]), mount
            mounts[target] = not mode
        if name == "slabench":
            assert mounted(service["command"], mounts) == []
        for other, how in service.get("depends_on", {}).items():
            assert how == {"condition": "service_healthy"}
            test = services[other]["healthcheck"]["test"]
            assert test[0] == "CMD" and test[-1].startswith("http://127.0.0.1:")
            port = test[-1].rpartition(":")[2].partition("/")[0]
            assert f"--base-url=http://{other}:{port}" in service["command"]
            assert f"--port {port}" in services[other]["command"][-1]
    shell = services["sglang"]["command"]
    assert shell[:2] == ["bash", "-c"]
    subprocess.run(["bash", "-n", "-c", shell[2]], check=True)


def test_kubernetes() -> None:
    document = read(REPO / "examples" / "kubernetes-job.yaml")
    assert (document["apiVersion"], document["kind"]) == ("batch/v1", "Job")
    assert re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", document["metadata"]["name"])
    pod = document["spec"]["template"]["spec"]
    assert pod["restartPolicy"] in ("Never", "OnFailure"), "all that a Job takes"
    assert document["spec"]["backoffLimit"] == 0, "a run that failed is not repeated until it passes"
    names = [volume["name"] for volume in pod["volumes"]]
    assert len(names) == len(set(names))
    for volume in pod["volumes"]:
        (kind,) = volume.keys() - {"name"}
        assert kind in ("persistentVolumeClaim", "emptyDir", "hostPath", "configMap", "secret")
    read_only = {
        volume["name"]: bool(volume.get("persistentVolumeClaim", {}).get("readOnly"))
        for volume in pod["volumes"]
    }
    for container in pod["containers"]:
        mounts = {mount["mountPath"]: not mount.get("readOnly") for mount in container["volumeMounts"]}
        assert {mount["name"] for mount in container["volumeMounts"]} == set(names)
        assert all(
            mount.get("readOnly") or not read_only[mount["name"]] for mount in container["volumeMounts"]
        ), "a claim that is read-only is mounted so"
        assert mounted(container["args"], mounts) == []
        for kind in ("requests", "limits"):
            quantities = container["resources"][kind]
            assert re.fullmatch(r"\d+", quantities["cpu"]), "whole cores"
            assert re.fullmatch(r"\d+(Mi|Gi)", quantities["memory"])
        for variable in container["env"]:
            assert {"name", "key"} <= variable["valueFrom"]["secretKeyRef"].keys()


def steps_of(steps: Sequence[Yaml], *, composite: bool) -> None:
    for step in steps:
        assert ("uses" in step) != ("run" in step), step
        if "uses" in step:
            assert re.fullmatch(r"[\w.-]+/[\w./-]+@v[\w.]+", step["uses"]), step["uses"]
        else:
            assert not composite or step["shell"] == "bash", "a composite action's step has to name it"
            subprocess.run(["bash", "-n", "-c", re.sub(r"\$\{\{.*?\}\}", "X", step["run"])], check=True)
        if "upload-artifact" in step.get("uses", ""):
            assert step["if"] == "always()", "a red run is the one whose report is wanted"


def expressions(document: Yaml, name: str) -> set[str]:
    """NAME of `${{ inputs.NAME }}`, and of an `if:` without braces."""
    return set(re.findall(rf"\b{name}\.([\w-]+)", json.dumps(document)))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_github_workflows(path: Path) -> None:
    document = read(path)
    events = document.get("on", document.get(True))  # YAML 1.1 takes `on` for true
    assert events
    dispatch = events.get("workflow_dispatch") if isinstance(events, dict) else None
    assert expressions(document, "inputs") <= set((dispatch or {}).get("inputs", {}))
    for job in document["jobs"].values():
        assert job["runs-on"] and 0 < job["timeout-minutes"] <= 360
        steps_of(job["steps"], composite=False)
        for step in job["steps"]:
            if step.get("uses", "").startswith("OWNER/slabench@"):
                inputs = read(ACTION)["inputs"]
                required = {name for name, how in inputs.items() if how.get("required")}
                assert required <= step["with"].keys() <= inputs.keys()


def test_github_action() -> None:
    document = read(ACTION)
    assert document["runs"]["using"] == "composite"
    assert document["name"] and document["description"]
    steps_of(document["runs"]["steps"], composite=True)
    assert expressions(document, "inputs") == set(document["inputs"])
    ids = {step["id"]: step.get("run", "") for step in document["runs"]["steps"] if "id" in step}
    for name, output in document["outputs"].items():
        found = re.fullmatch(r"\$\{\{ steps\.(\w+)\.outputs\.(\w+) \}\}", output["value"])
        assert found and f'echo "{found[2]}=' in ids[found[1]], name
    for how in document["inputs"].values():
        assert how["description"] and (how.get("required") or "default" in how)


def measured(folder: Path, status: int, **variables: str) -> tuple[list[str], dict[str, str]]:
    """(slabench's arguments, outputs) of the action's step, with a slabench that only exits with status."""
    (script,) = (step["run"] for step in read(ACTION)["runs"]["steps"] if step.get("id") == "measure")
    program = folder / "bin" / "slabench"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@"\nexit {status}\n')
    program.chmod(0o755)
    (folder / "temp").mkdir()
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=folder,
        env={
            "PATH": f"{program.parent}:/usr/bin:/bin",
            "RUNNER_TEMP": str(folder / "temp"),
            "GITHUB_OUTPUT": str(folder / "outputs"),
            **variables,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status, done.stderr
    outputs = dict(line.split("=", 1) for line in (folder / "outputs").read_text().splitlines())
    return done.stdout.splitlines(), outputs


@pytest.mark.parametrize("suites", ["serving ali", "serving\nali\n", " serving \n\n  ali"])
def test_every_suite_of_the_action_is_run(tmp_path: Path, suites: str) -> None:
    arguments, _ = measured(tmp_path, 0, SUITES=suites, OPTIONS="--base-url=sim:\n--slo=tpot.mean<=50\n")
    assert arguments[:4] == ["run", "serving", "ali", "--github"]
    assert arguments[-2:] == ["--base-url=sim:", "--slo=tpot.mean<=50"]


def test_the_action_has_no_report_of_an_earlier_run(tmp_path: Path) -> None:
    """A runner of one's own keeps its folders; a wrong option is refused before there is a run."""
    (tmp_path / "slabench-reports" / "yesterday").mkdir(parents=True)
    (tmp_path / "slabench-reports" / "latest").symlink_to("yesterday")
    _, outputs = measured(tmp_path, 4, SUITES="tencent", OPTIONS="--nonsense")
    assert (outputs["status"], outputs["report"]) == ("4", "")
    upload = read(ACTION)["runs"]["steps"][-1]["with"]["path"]
    assert upload.startswith("${{ steps.measure.outputs.folder ||")
    assert list(Path(outputs["folder"]).iterdir()) == [], "what is uploaded"


def test_gitlab() -> None:
    document = read(REPO / "docs" / "ci" / "gitlab.yml")
    jobs = {name: job for name, job in document.items() if name != "stages" and not name.startswith(".")}
    for name, job in jobs.items():
        assert job["stage"] in document["stages"], name
        assert all(isinstance(line, str) for line in job["script"]), name
        for line in job["script"]:
            subprocess.run(["bash", "-n", "-c", line], check=True)
        assert job["artifacts"]["when"] == "always", "a red run is the one whose report is wanted"
        assert re.fullmatch(r"\d+ (minutes|hours)", job["timeout"])


@pytest.mark.parametrize(
    ("new", "old", "status"), [("/opt/new", "/opt/old", 0), ("/opt/new", "", 1), ("", "/opt/old", 1)]
)
def test_a_gate_on_gpus_that_has_one_version_is_red(new: str, old: str, status: int) -> None:
    """Were its job left out, the workflow would be green with the embedded server's."""
    github = read(WORKFLOWS[0])["jobs"]["gpu"]
    gitlab = read(REPO / "docs" / "ci" / "gitlab.yml")["gate-gpu"]
    assert github["if"] == "inputs.new != '' || inputs.old != ''"
    assert gitlab["rules"] == [{"if": "$SGLANG_NEW || $SGLANG_OLD", "when": "manual"}]
    (step,) = (each["run"] for each in github["steps"] if each.get("name") == "both environments")
    for script, names in ((step, ("NEW", "OLD")), (gitlab["script"][0], ("SGLANG_NEW", "SGLANG_OLD"))):
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
            env=dict(zip(names, (new, old), strict=True)), capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (done.returncode, "A gate compares two versions" in done.stdout) == (status, status == 1)


def test_a_workflow_that_compares_wants_a_baseline_of_every_test() -> None:
    (step,) = read(WORKFLOWS[1])["jobs"]["measure"]["steps"]
    options = step["with"]["options"].splitlines()
    assert any(line.startswith("--baseline=") for line in options) and "--require-baseline" in options


def test_containerfile() -> None:
    text = (REPO / "Containerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    known = "FROM WORKDIR COPY RUN ENV ENTRYPOINT CMD USER LABEL ARG EXPOSE VOLUME".split()
    assert [line for line in lines if line.split()[0] not in known] == []
    assert lines[0].startswith("FROM ")
    stages = [line.split(" AS ")[1] for line in lines if line.startswith("FROM ") and " AS " in line]
    for line in lines:
        word, rest = line.split(maxsplit=1)
        if word == "COPY":
            *sources, _ = shlex.split(rest)
            if sources[0].startswith("--from="):
                assert sources[0].removeprefix("--from=") in stages
            else:
                assert [source for source in sources if not (REPO / source).exists()] == []
        elif word in ("ENTRYPOINT", "CMD"):
            assert all(isinstance(part, str) for part in json.loads(rest))
        elif word == "RUN":
            subprocess.run(["sh", "-n", "-c", rest], check=True)
    assert json.loads(lines[-2].removeprefix("ENTRYPOINT ")) == ["slabench"]


def test_a_folder_that_is_not_mounted_is_noticed() -> None:
    words = ["run", "--deploy-log=/logs/server.log", "--report-dir=/reports", "--model=/m"]
    assert mounted(words, {"/logs": False, "/reports": True, "/m": False}) == []
    assert mounted(words, {"/logs": False, "/reports": False}) == [
        "/reports is written, and its mount is read-only",
        "/m is on no mount",
    ]


def test_the_image_has_every_list_of_requirements() -> None:
    """An extra whose list is missing where the wheel is made is an empty extra, without an error."""
    dynamic = tomllib.loads((REPO / "pyproject.toml").read_text())["tool"]["setuptools"]["dynamic"]
    named = [dynamic["dependencies"], *dynamic["optional-dependencies"].values()]
    files = {each["file"] for each in named}
    assert len(files) == len(named) and {"requirements.txt", "requirements-ray.txt"} <= files
    build = (REPO / "Containerfile").read_text(encoding="utf-8").partition("RUN ")[0]
    copied = {name for line in build.splitlines() if line.startswith("COPY ") for name in line.split()[1:-1]}
    assert files - copied == set()
