"""The commands for AWS in the documents: are they ones?

The blocks marked as sh are run by a shell that finds no program, but writes down each call. Calls of `aws` and `sam` are
then given to the parsers of the AWS CLI and of SAM, and their parameters, outputs and capabilities are looked up in the
templates. In a sentence a command may be cut short: there it may lack arguments.
"""

import contextlib
import dataclasses
import functools
import io
import json
import pathlib
import re
import shlex
import subprocess
import tempfile
import unittest.mock

import awscli.clidriver
from awscli.customizations.cloudformation.deploy import DeployCommand
from awscli.customizations.cloudformation.yamlhelper import yaml_parse

from .installation import ROOT
from .plan import Failed

PROGRAMS = ("aws", "sam", "make", "infra/", "tests/")
# A shell with no program but these, which print a word.
SHELL = """
command_not_found_handle() { printf '%s\\0' "$@" $'\\x1e' >> calls; echo stand-in; }
"""
# What the documents use of version 2 of the AWS CLI; PyPI has version 1, with the same services.
VERSION_2 = ["--cli-binary-format", "raw-in-base64-out"], ["configure", "export-credentials", "--format", "env"]


@dataclasses.dataclass(frozen=True)
class Call:
    """A call of a program, in a block or in a sentence."""

    place: str
    words: tuple[str, ...]
    is_whole: bool

    def option(self, name):
        """The words of an option: up to the next one."""
        if name not in self.words:
            return []
        rest = self.words[self.words.index(name) + 1 :]
        end = next((at for at, word in enumerate(rest) if word.startswith("--")), len(rest))
        return list(rest[:end])

    def value(self, name):
        return next(iter(self.option(name)), None)

    @functools.cached_property
    def parameters(self):
        """The names of the parameters that it sets; None for those that another command prints."""
        words = " ".join(self.option("--parameter-overrides")).split()
        return [word.partition("=")[0] if "=" in word else None for word in words if not re.match(r"\W", word)]


def faults():
    """Everything that is wrong, one a line, and the number of calls."""
    calls = list(found())
    stacks = {"vestibule": "template.yaml"}
    stacks |= {call.value("--stack-name"): call.value("--template-file") for call in calls if call.words[2:3] == ("deploy",)}
    wrong = [f"{call.place}: {' '.join(call.words)}: {fault}" for call in calls for fault in faults_of(call, stacks)]
    return wrong + sam_faults([call for call in calls if call.words[0] == "sam"]), len(calls)


def found():
    for path in [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))]:
        text = path.read_text()
        place = str(path.relative_to(ROOT))
        for block in re.findall(r"^ *```sh\n(.*?)^ *```$", text, re.M | re.S):
            for words in run(block):
                yield from as_deployed(Call(place, tuple(words), True))
        for code in re.findall(r"`([^`]+)`", re.sub(r"^ *```.*?^ *```$", "", text, flags=re.M | re.S)):
            if code.startswith(PROGRAMS) and " " in code:
                yield from as_deployed(Call(place, tuple(shlex.split(code.partition(" > ")[0])), False))


def run(block):
    """The calls that a block makes."""
    with tempfile.TemporaryDirectory() as folder:
        for name in re.findall(r"(?:infra|tests)/[\w./]+", block):
            script = pathlib.Path(folder, name)
            script.parent.mkdir(parents=True, exist_ok=True)
            script.write_text(f'#!/bin/bash\n{SHELL}command_not_found_handle {name} "$@"\n')
            script.chmod(0o755)
        options = {"cwd": folder, "env": {"PATH": "/nowhere", "HOME": folder}, "timeout": 30}
        done = subprocess.run(["/bin/bash", "-c", SHELL + block], **options, capture_output=True, text=True)
        if "syntax error" in done.stderr:
            raise Failed(f"no shell understands this: {block}{done.stderr}")
        with contextlib.suppress(FileNotFoundError), open(f"{folder}/calls") as calls:
            for call in calls.read().split("\x1e\0")[:-1]:
                words = call.split("\0")[:-1]
                if words and words[0].startswith(PROGRAMS):
                    yield words


def as_deployed(call):
    """The call, and what `make` and `infra/deploy` make of it."""
    yield call
    words = list(call.words)
    if words[:2] == ["make", "deploy"]:
        given = dict(word.split("=", 1) for word in words[2:])
        environment = ["--config-env", given["ENV"]] if "ENV" in given else []
        words = ["infra/deploy", *environment, *shlex.split(given.get("ARGS", ""))]
    if words[0] == "infra/deploy":
        yield dataclasses.replace(call, words=("sam", "deploy", "--template-file", "template.yaml", *words[1:]))


def faults_of(call, stacks):
    if "" in call.words:
        yield "has a variable that is set nowhere"
    if call.words[0] == "make":
        target = next((word for word in call.words[1:] if "=" not in word), "help")
        if not re.search(rf"^{re.escape(target)}:", (ROOT / "Makefile").read_text(), re.M):
            yield "no such target"
    elif "/" in call.words[0]:
        if not (ROOT / call.words[0]).is_file():
            yield "no such program"
    elif call.words[0] == "aws":
        yield from aws_faults(call)
        yield from output_faults(call, stacks)
    if "--parameter-overrides" in call.words:
        yield from parameter_faults(call)


def aws_faults(call):
    words = list(call.words[1:])
    for newer in VERSION_2:
        at = next((at for at in range(len(words)) if words[at : at + len(newer)] == newer), None)
        if at is not None:
            del words[at : at + len(newer)]
    if not words:
        return
    # A file that an earlier command of the block writes.
    words = [re.sub(r"^file://(.*)", lambda match: readable(match[1]), word) for word in words]
    driver, said = awscli.clidriver.create_clidriver(), io.StringIO()
    driver.session.register("calling-command", lambda **_: 0)
    with contextlib.redirect_stderr(said), unittest.mock.patch.object(DeployCommand, "_run_main", lambda *_: 0):
        with contextlib.suppress(SystemExit):
            driver.main(words)
    # Without how to get help, which comes first.
    reason = " ".join(said.getvalue().rpartition("<subcommand> help\n")[2].split())
    if reason and (call.is_whole or "are required" not in reason):
        yield reason


def output_faults(call, stacks):
    named = re.findall(r"OutputKey=='(\w+)'", " ".join(call.words))
    stack = call.value("--stack-name")
    if named and stack not in stacks:
        yield f"no document deploys a stack {stack}"
    elif named:
        outputs = template(stacks[stack])["Outputs"]
        yield from (f"{stacks[stack]} has no output {output}" for output in named if output not in outputs)


def readable(name):
    return f"file://{ROOT / name}" if (ROOT / name).is_file() else "{}"


def parameter_faults(call):
    if call.words[0] not in ("aws", "sam"):
        return
    name = call.option("--template-file")[0]
    declared = template(name)["Parameters"]
    yield from (f"{name} has no parameter {given}" for given in call.parameters if given and given not in declared)
    if call.words[0] == "aws" and None not in call.parameters:
        required = {name for name, parameter in declared.items() if "Default" not in parameter}
        yield from (f"{name} needs the parameter {missing}" for missing in sorted(required - set(call.parameters)))
    kinds = {resource["Type"] for resource in template(name)["Resources"].values()}
    if call.words[0] == "aws" and any(kind.startswith("AWS::IAM::") for kind in kinds) and not call.option("--capabilities"):
        yield f"{name} makes roles or policies: it needs --capabilities"


@functools.cache
def template(name):
    return yaml_parse((ROOT / name).read_text())


# By SAM's own Python, as its packages are of other versions than those of the AWS CLI.
SAM = """
import json, sys
import click
from samcli.cli.main import cli
for place, is_whole, words in json.load(sys.stdin):
    try:
        context = cli.make_context("sam", [words[1]], resilient_parsing=True)
        command = cli.get_command(context, words[1])
        if command is None:
            raise click.UsageError("no such command")
        if is_whole:
            command.make_context(words[1], words[2:], parent=context)
    except click.ClickException as error:
        print(f"{place}: {' '.join(words)}: {error.format_message()}")
"""


def sam_faults(calls):
    if not calls:
        return []
    tools = subprocess.run([ROOT / "infra/tools.sh"], capture_output=True, text=True, check=True).stdout.strip()
    given = json.dumps([(call.place, call.is_whole, call.words) for call in calls])
    with tempfile.TemporaryDirectory() as folder:
        for name in {call.value("--template-file") or "template.yaml" for call in calls}:
            for file in (pathlib.Path(name), pathlib.Path(name).with_name("samconfig.toml")):
                copy = pathlib.Path(folder, file)
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_text((ROOT / file).read_text())
        # A section of one's own, as the document has it.
        with open(f"{folder}/samconfig.toml", "a") as config:
            config.writelines(re.findall(r"^```toml\n(.*?)^```$", (ROOT / "docs/deploy.md").read_text(), re.M | re.S))
        command = [f"{tools}/python3", "-c", SAM]
        return subprocess.run(command, input=given, cwd=folder, capture_output=True, text=True, check=True).stdout.splitlines()
