"""The example, asked by HTTP as the local stack does. Run by tests/sam/lint.sh."""

import json
import threading
import unittest
import urllib.request
from http.server import HTTPServer

import hook


def question(event, email):
    client = {"kind": "app", "ip": "192.0.2.1", "user_agent": "test"}
    return {"type": event, "account": {"email": email}, "profile": {}, "client": client, "method": "password"}


class Asked(unittest.TestCase):
    def setUp(self):
        self.server = HTTPServer(("localhost", 0), hook.Server)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def tearDown(self):
        self.server.shutdown()
        self.server.server_close()

    def ask(self, event, email):
        body = json.dumps(question(event, email)).encode()
        with urllib.request.urlopen(f"http://localhost:{self.server.server_port}/", body, timeout=10) as response:
            return json.load(response)

    def test_one_domain_is_refused_at_sign_up(self):
        refusal = self.ask("before_signup", "eve@competitor.example")
        self.assertEqual((refusal["allow"], refusal["code"], refusal["param"]), (False, "domain_not_welcome", "email"))
        self.assertEqual(self.ask("before_signup", "ann@example.com"), {"allow": True})
        self.assertEqual(self.ask("before_login", "eve@competitor.example"), {"allow": True})

    def test_an_account_without_an_email_address_is_none_of_its_business(self):
        self.assertEqual(hook.handler({"type": "before_signup", "account": {}}, None), {"allow": True})


if __name__ == "__main__":
    unittest.main()
