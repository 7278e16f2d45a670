"""Measures both, and prints a table: see run."""

import json
import os
import re
import socket
import subprocess
import sys
import time
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from statistics import median

STARTS, REQUESTS, UNCOUNTED = 20, 200, 5
# As the bench of the functions has them.
EMAIL, PASSWORD = "ada@example.com", "correct horse battery staple"
NAMES = ("config", "session", "login", "signup")
MEASURES = {
    "start": "first answer of a new process, ms",
    "cpu": "CPU of a request, ms",
    "memory": "memory after all requests, MiB",
}

clients = count(1)


class Gunicorn:
    """A new process, with one worker."""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{self.port}"]
        command += ["--log-level", "error", "django.core.wsgi:get_wsgi_application()"]
        self.began = time.perf_counter()
        self.master = subprocess.Popen(command)

    def ask(self, method: str, path: str, status: int, body=None, token=None) -> dict:
        """The answer, as soon as the process listens."""
        n = next(clients)
        headers = {
            "Host": "localhost",
            "User-Agent": "Example/1.0 (Phone; OS 26.0)",
            "X-Forwarded-For": f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}",
        }
        if token:
            headers["X-Session-Token"] = token
        if body:
            headers["Content-Type"] = "application/json"
        while True:
            assert self.master.poll() is None, "gunicorn has ended"
            connection = HTTPConnection("127.0.0.1", self.port)
            try:
                connection.request(
                    method, f"/_allauth/app/v1/{path}", json.dumps(body) if body else None, headers
                )
            except ConnectionRefusedError:
                time.sleep(0.001)
                continue
            reply = connection.getresponse()
            text = reply.read()
            connection.close()
            assert reply.status == status, f"{method} {path}: {reply.status} {text!r}"
            return json.loads(text)

    def do(self, name: str, token: str | None) -> dict:
        password = {"password": PASSWORD}
        match name:
            case "config":
                return self.ask("GET", "config", 200)
            case "session":
                return self.ask("GET", "auth/session", 200, token=token)
            case "login":
                return self.ask("POST", "auth/login", 200, password | {"email": EMAIL})
            case "signup":
                email = f"new{time.time_ns()}@example.com"
                return self.ask("POST", "auth/signup", 401, password | {"email": email})

    def leave(self, name: str, answer: dict) -> None:
        """Ends the session of a login: each login reads all sessions of the account."""
        if name == "login":
            self.ask("DELETE", "auth/session", 401, token=answer["meta"]["session_token"])

    @property
    def worker(self) -> Path:
        master = self.master.pid
        children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
        assert len(children) == 1, children
        return Path(f"/proc/{children[0]}")

    def cpu(self) -> float:
        """The CPU time of the worker until now, in milliseconds."""
        time.sleep(0.002)
        stats = (task.joinpath("schedstat").read_text() for task in self.worker.glob("task/*"))
        return sum(int(stat.split()[0]) for stat in stats) / 1e6

    def memory(self) -> int:
        """That of the worker, in KiB."""
        return int(re.search(r"VmRSS:\s+(\d+)", (self.worker / "status").read_text())[1])

    def __enter__(self) -> "Gunicorn":
        return self

    def __exit__(self, *error: object) -> None:
        self.master.terminate()
        self.master.wait()


def of_reference() -> dict[str, dict[str, float]]:
    with Gunicorn() as process:
        token = process.do("login", None)["meta"]["session_token"]
    figures = {}
    for name in NAMES:
        starts = [first_answer(name, token) for _ in range(STARTS + UNCOUNTED)]
        with Gunicorn() as process:
            process.do(name, token)
            times = [cpu_of(process, name, token) for _ in range(REQUESTS + UNCOUNTED)]
            figures[name] = {
                "start": median(starts[UNCOUNTED:]),
                "cpu": median(times[UNCOUNTED:]),
                "memory": process.memory(),
            }
    return figures


def first_answer(name: str, token: str) -> float:
    with Gunicorn() as process:
        answer = process.do(name, token)
        took = (time.perf_counter() - process.began) * 1e3
        process.leave(name, answer)
        return took


def cpu_of(process: Gunicorn, name: str, token: str) -> float:
    before = process.cpu()
    answer = process.do(name, token)
    cpu = process.cpu() - before
    process.leave(name, answer)
    return cpu


def of_functions(programs: str, bench: str, accounts: int) -> dict[str, dict[str, float]]:
    command = [bench, "--absolute", f"--programs={programs}", f"--accounts={accounts}"]
    command += [f"--starts={STARTS}", f"--requests={REQUESTS}"]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def fill(accounts: int) -> None:
    script = Path(__file__).with_name("fill.py").read_text()
    command = [sys.executable, "-m", "django", "shell", "--verbosity", "0", "--command", script]
    subprocess.run(command, check=True, env=os.environ | {"PEERS_ACCOUNTS": str(accounts)})


def show(accounts: int, ours: dict, theirs: dict) -> None:
    print(f"\n{accounts} accounts{'':<31} Vestibule  django-allauth")
    for measure, text in MEASURES.items():
        for name in NAMES:
            one, other = (
                figures[name][measure] / (1024 if measure == "memory" else 1)
                for figures in (ours, theirs)
            )
            print(f"  {name:<8}{text:<34}{one:>9.2f}{other:>11.2f}  {other / one:>5.1f} times")
    for name in NAMES:
        one, other = (1000 / figures[name]["cpu"] for figures in (ours, theirs))
        print(f"  {name:<8}{'requests per CPU second':<34}{one:>9.0f}{other:>11.0f}")


def main() -> None:
    programs, bench, *sizes = sys.argv[1:]
    for accounts in sorted(int(size) for words in sizes for size in words.split()):
        fill(accounts)
        # Once each before the next size, so that both meet the same weather.
        show(accounts, of_functions(programs, bench, accounts), of_reference())


if __name__ == "__main__":
    main()
