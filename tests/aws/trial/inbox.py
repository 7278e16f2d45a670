"""Mailpit's API over the mails that SES has received into a bucket, for journey.py and the browser tests."""

import email
import email.policy
import http.server
import json
import threading


class Inbox:
    """Serves the mails of a bucket, on a port of this machine."""

    def __init__(self, aws, bucket):
        self.aws, self.bucket, self.mails = aws, bucket, {}
        self.lock = threading.Lock()
        inbox = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                status, body = inbox.answer(self.path.split("?")[0])
                raw = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def answer(self, path):
        """What Mailpit answers to this path: the messages, newest first, or one of them."""
        with self.lock:
            self._fetch()
            newest_first = sorted(self.mails.values(), key=lambda mail: mail["Created"], reverse=True)
        if path == "/api/v1/messages":
            return 200, {"messages": newest_first}
        mail = self.mails.get(path.removeprefix("/api/v1/message/"))
        return (200, mail) if mail else (404, {"Error": "no such message"})

    def _fetch(self):
        listed = self.aws("s3", "list_objects_v2", Bucket=self.bucket)
        for entry in listed.get("Contents", []):
            # SES leaves a note of its own when a rule is made.
            if entry["Key"] not in self.mails and not entry["Key"].startswith("AMAZON_SES"):
                self.mails[entry["Key"]] = self._read(entry)

    def _read(self, entry):
        raw = self.aws("s3", "get_object", Bucket=self.bucket, Key=entry["Key"])["Body"].read()
        message = email.message_from_bytes(raw, policy=email.policy.default)
        to = message["to"].addresses if message["to"] else ()
        return {
            "ID": entry["Key"],
            "Created": entry["LastModified"].isoformat(),
            "Subject": str(message["subject"] or ""),
            "To": [{"Name": address.display_name, "Address": address.addr_spec} for address in to],
            "Text": self._part(message, "plain"),
            "HTML": self._part(message, "html"),
        }

    @staticmethod
    def _part(message, kind):
        part = message.get_body(preferencelist=(kind,))
        return part.get_content() if part else ""
