"""A hook of your own: Vestibule asks it before sign-ups and logins. docs/hook.md explains.

As a Lambda function its handler is hook.handler. For the local stack, `python3 hook.py` serves it at port 9000:
ACCOUNT_HOOK_URL=http://localhost:9000/
"""

import json
from http.server import BaseHTTPRequestHandler, HTTPServer

# Domains whose email addresses must not sign up.
NOT_WELCOME = {"competitor.example", "throwaway.example"}


def handler(question, _context):
    """Answers a question. It must have no effect of its own: a sign-up that it allows may still come to nothing."""
    domain = question["account"].get("email", "").rpartition("@")[2]
    if question["type"] == "before_signup" and domain in NOT_WELCOME:
        return {
            "allow": False,
            "code": "domain_not_welcome",
            "message": "Please sign up with another email address.",
            "param": "email",
        }
    return {"allow": True}


class Server(BaseHTTPRequestHandler):
    def do_POST(self):
        question = json.loads(self.rfile.read(int(self.headers["content-length"])))
        answer = json.dumps(handler(question, None)).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        """Its questions have email addresses, which belong in no log."""


if __name__ == "__main__":
    HTTPServer(("localhost", 9000), Server).serve_forever()
