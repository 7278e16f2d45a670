"""As much of CloudFormation as infra/restore and the deletion ask for: moto's has more requirements than all else here."""

import contextlib
import http.server
import threading
import urllib.parse
from xml.sax.saxutils import escape

MADE = "2026-01-01T00:00:00Z"


class Stacks:
    """Stacks without resources: their outputs by name. They are deleted at once."""

    def __init__(self):
        self.outputs = {}
        stacks = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                status, text = stacks.answer(form["Action"][0], form.get("StackName", [""])[0])
                self.send_response(status)
                self.send_header("Content-Type", "text/xml")
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_):
                pass

        self.handler = Handler

    @contextlib.contextmanager
    def served(self):
        """Serves them; its URL."""
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), self.handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield f"http://127.0.0.1:{server.server_port}"
            server.shutdown()

    def answer(self, action, name):
        if action == "ListStacks":
            return self._result(action, f"<StackSummaries>{''.join(map(self._stack, self.outputs))}</StackSummaries>")
        if action == "DescribeStacks":
            if name in self.outputs:
                return self._result(action, f"<Stacks>{self._stack(name)}</Stacks>")
            message = escape(f"Stack with id {name} does not exist")
            return 400, f"<ErrorResponse><Error><Code>ValidationError</Code><Message>{message}</Message></Error></ErrorResponse>"
        if action == "DeleteStack":
            self.outputs.pop(name, None)
            return self._result(action, "")
        return 400, f"<ErrorResponse><Error><Code>InvalidAction</Code><Message>{action}</Message></Error></ErrorResponse>"

    @staticmethod
    def _result(action, content):
        return 200, f"<{action}Response><{action}Result>{content}</{action}Result></{action}Response>"

    def _stack(self, name):
        outputs = "".join(
            f"<member><OutputKey>{key}</OutputKey><OutputValue>{escape(value)}</OutputValue></member>"
            for key, value in self.outputs[name].items()
        )
        return (
            f"<member><StackName>{name}</StackName><StackStatus>CREATE_COMPLETE</StackStatus>"
            f"<CreationTime>{MADE}</CreationTime><Outputs>{outputs}</Outputs></member>"
        )
