//! The program `vestibule console`, run as a process in front of a stand-in for the operators' API: whom it answers, and what
//! it passes on.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "what these tests share may fail as they may")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::{Value, json};

/// How long anything may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(20);

/// A function URL: it tells each request, head and body, and answers all alike.
struct FunctionUrl {
    url: String,
    requests: mpsc::Receiver<(String, String)>,
}

impl FunctionUrl {
    fn start(status: &'static str, body: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (sender, requests) = mpsc::channel();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = BufReader::new(stream.unwrap());
                let mut head = String::new();
                while !head.ends_with("\r\n\r\n") && stream.read_line(&mut head).unwrap() > 0 {}
                let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
                let mut content = vec![0; length.map_or(0, |length| length.parse().unwrap())];
                stream.read_exact(&mut content).unwrap();
                let length = body.len();
                let answer = format!(
                    "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
                     Connection: close\r\n\r\n{body}"
                );
                stream.get_mut().write_all(answer.as_bytes()).unwrap();
                sender.send((head, String::from_utf8(content).unwrap())).unwrap();
            }
        });
        Self { url, requests }
    }

    fn next(&self) -> (String, String) {
        self.requests.recv_timeout(PATIENCE).expect("a request")
    }

    /// Whether nothing has come. A request that was passed on would be here before its answer was.
    fn is_untouched(&self) -> bool {
        self.requests.try_recv().is_err()
    }
}

struct Console {
    process: Child,
    output: BufReader<std::process::ChildStdout>,
    host: String,
    token: String,
}

fn command(variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vestibule"));
    command.arg("console").env_clear().env("VESTIBULE_CONSOLE_PORT", "0").stdin(Stdio::null());
    let credentials = [
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
    ];
    command.envs(credentials).envs(variables.iter().copied());
    command
}

impl Console {
    fn start(variables: &[(&str, &str)]) -> Self {
        let mut process = command(variables).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        let mut console = Self { process, output, host: String::new(), token: String::new() };
        let mut line = String::new();
        while console.token.is_empty() {
            line.clear();
            assert!(console.output.read_line(&mut line).unwrap() > 0, "it ended without a link");
            let found = line.trim().strip_prefix("http://").and_then(|url| url.split_once("/#"));
            if let Some((host, token)) = found {
                (console.host, console.token) = (host.to_owned(), token.to_owned());
            }
        }
        console
    }

    fn before(api: &FunctionUrl) -> Self {
        Self::start(&[("OPERATOR_URL", &api.url)])
    }

    /// Sends a request with these headers, and returns the head and the body of the answer.
    fn send(&self, line: &str, headers: &[(&str, &str)], body: &str) -> (String, String) {
        let mut stream = TcpStream::connect(&self.host).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let length = body.len().to_string();
        let length = Some(("Content-Length", length.as_str())).filter(|_| !body.is_empty());
        let headers = headers.iter().copied().chain(length);
        let headers: String = headers.map(|(name, value)| [name, ": ", value, "\r\n"].concat()).collect();
        let request = format!("{line} HTTP/1.1\r\nConnection: close\r\n{headers}\r\n{body}");
        // An answer may come before all of it is sent.
        let _ = stream.write_all(request.as_bytes());
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
        (head.to_owned(), body.to_owned())
    }

    /// The page's own headers, with one in the place of another of its name; without it if it is empty.
    fn headers<'a>(&'a self, origin: &'a str, changed: (&'a str, &'a str)) -> Vec<(&'a str, &'a str)> {
        let own = [
            ("Host", self.host.as_str()),
            ("Origin", origin),
            ("Sec-Fetch-Site", "same-origin"),
            ("Content-Type", "application/json"),
            ("X-Console-Token", &self.token),
        ];
        let kept = own.into_iter().filter(|(name, _)| *name != changed.0);
        kept.chain(Some(changed).filter(|(name, value)| !name.is_empty() && !value.is_empty())).collect()
    }

    /// Asks for an operation as the page does, but for one header.
    fn ask_with(&self, changed: (&str, &str), operation: &str, body: &str) -> (u16, Value) {
        let origin = format!("http://{}", self.host);
        let line = format!("POST /api/{operation}");
        let (head, answer) = self.send(&line, &self.headers(&origin, changed), body);
        assert!(!head.to_lowercase().contains("access-control"), "{head}");
        (status(&head), serde_json::from_str(&answer).unwrap_or_default())
    }

    fn ask(&self, operation: &str, body: &str) -> (u16, Value) {
        self.ask_with(("", ""), operation, body)
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn status(head: &str) -> u16 {
    head.split(' ').nth(1).unwrap_or_default().parse().unwrap_or_default()
}

const FIND: &str = r#"{"email":"ann@example.com"}"#;

#[test]
fn what_the_page_asks_is_passed_on_with_the_signature_of_the_operator() {
    let (read, change) =
        (FunctionUrl::start("200 OK", r#"{"data":{"users":[]}}"#), FunctionUrl::start("200 OK", "{}"));
    let console = Console::start(&[("OPERATOR_READ_URL", &read.url), ("OPERATOR_URL", &change.url)]);
    assert_eq!(console.ask("user.find", FIND), (200, json!({"data": {"users": []}})));
    let (head, body) = read.next();
    assert!(head.starts_with("POST /user.find HTTP/1.1\r\n"), "{head}");
    assert!(head.contains("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"), "{head}");
    assert!(head.contains("/eu-west-1/lambda/aws4_request"), "{head}");
    assert_eq!(body, FIND);
    let own = ["x-console-token", "origin:", "sec-fetch", &console.token];
    assert!(!own.iter().any(|own| head.to_lowercase().contains(&own.to_lowercase())), "{head}");
    assert!(change.is_untouched());
    assert_eq!(console.ask("user.disable", r#"{"id":"42"}"#).0, 200);
    assert!(change.next().0.starts_with("POST /user.disable HTTP/1.1\r\n"));
    assert!(read.is_untouched());
}

#[test]
fn only_its_own_page_with_the_link_is_answered() {
    let api = FunctionUrl::start("200 OK", "{}");
    let console = Console::before(&api);
    let port = console.host.split_once(':').unwrap().1;
    let localhost = format!("localhost:{port}");
    let others = [localhost.as_str(), "attacker.example", "127.0.0.1", "127.0.0.1:1", ""];
    for (name, values, expected) in [
        ("Host", &others[..], 421),
        ("Origin", &["http://attacker.example", &format!("http://{localhost}"), "null", ""], 403),
        ("Sec-Fetch-Site", &["cross-site", "same-site", "none", ""], 403),
        ("X-Console-Token", &["wrong", &console.token[..42], &format!("{}A", console.token), ""], 401),
        (
            "Content-Type",
            &["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""],
            415,
        ),
    ] {
        for value in values {
            let (status, answer) = console.ask_with((name, value), "user.find", FIND);
            // No server takes a request of HTTP/1.1 without any host.
            let is_expected = status == expected || (name == "Host" && value.is_empty() && status == 400);
            assert!(is_expected, "{name}: {value}: {status}");
            let sentence = answer["errors"][0]["message"].as_str().unwrap_or_default();
            assert!(name == "Host" || sentence.ends_with('.'), "{name}: {value}: {answer}");
        }
    }
    // A cookie is no token, nor is one in the URL.
    let cookie = format!("x-console-token={}", console.token);
    let origin = format!("http://{}", console.host);
    let mut headers = console.headers(&origin, ("X-Console-Token", ""));
    headers.push(("Cookie", &cookie));
    let line = format!("POST /api/user.find?x-console-token={}", console.token);
    assert_eq!(status(&console.send(&line, &headers, FIND).0), 401);
    assert!(api.is_untouched());
    assert_eq!(console.ask("user.find", FIND).0, 200);
}

#[test]
fn other_methods_operations_and_bodies_are_not_passed_on() {
    let api = FunctionUrl::start("200 OK", "{}");
    let console = Console::before(&api);
    let origin = format!("http://{}", console.host);
    for method in ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"] {
        let (head, _) =
            console.send(&format!("{method} /api/user.find"), &console.headers(&origin, ("", "")), "");
        assert_eq!(status(&head), 405, "{method}");
        assert!(!head.to_lowercase().contains("access-control"), "{head}");
    }
    for operation in ["user.find%2F..%2Fuser.delete", "%2E%2E", "user.find%3Fx", "USER.FIND", "user%20find"] {
        assert_eq!(console.ask(operation, "{}").0, 404, "{operation}");
    }
    for body in ["", "{", "[]", "null", "\"{}\"", "email=ann"] {
        assert_eq!(console.ask("user.find", body).0, 400, "{body}");
    }
    let of_size = |size: usize| format!("{{\"id\":\"{}\"}}", "x".repeat(size - 9));
    assert_eq!(console.ask("user.show", &of_size(64 * 1024 + 1)).0, 413);
    assert!(api.is_untouched());
    assert_eq!(console.ask("user.show", &of_size(64 * 1024)).0, 200);
}

#[test]
fn the_page_is_for_its_origin_alone_and_needs_nothing_from_elsewhere() {
    let api = FunctionUrl::start("200 OK", "{}");
    let console = Console::before(&api);
    let get = |path: &str| console.send(&format!("GET {path}"), &[("Host", &console.host)], "");
    for path in ["/", "/modules/main.js", "/style.css", "/environment.json"] {
        let (head, body) = get(path);
        let lower = head.to_lowercase();
        assert_eq!(status(&head), 200, "{path}");
        for header in [
            "content-security-policy: default-src 'self';",
            "frame-ancestors 'none'",
            "cross-origin-resource-policy: same-origin",
            "x-content-type-options: nosniff",
            "cache-control: no-store",
            "referrer-policy: no-referrer",
        ] {
            assert!(lower.contains(header), "{path}: {header}: {head}");
        }
        assert!(!lower.contains("set-cookie") && !body.contains(&console.token), "{path}");
        for loading in ["src=\"http", "href=\"http", "@import", "url(http", "from \"http", "<style", "style="]
        {
            assert!(!body.contains(loading), "{path} has {loading}");
        }
    }
    assert_eq!(status(&get("/nothing").0), 404);
    let (head, _) = console.send("GET /", &[("Host", "attacker.example")], "");
    assert!(status(&head) == 421 && head.contains("frame-ancestors"), "{head}");
}

#[test]
fn what_the_api_and_aws_refuse_is_said() {
    let own = r#"{"errors":[{"code":"taken","message":"another account has it","param":"email"}]}"#;
    for (answered, body, expected, part) in [
        ("409 Conflict", own, 409, "another account has it"),
        ("403 Forbidden", r#"{"Message":"Forbidden"}"#, 403, "AWS refuses this to your credentials."),
        ("429 Too Many Requests", r#"{"Reason":"x"}"#, 429, "throttles"),
        ("502 Bad Gateway", "Internal Server Error", 502, "Its log says why."),
    ] {
        let api = FunctionUrl::start(answered, body);
        let console = Console::before(&api);
        let (status, answer) = console.ask("user.disable", r#"{"id":"42"}"#);
        let message = answer["errors"][0]["message"].as_str().unwrap();
        assert!(status == expected && message.contains(part), "{status}: {answer}");
        api.next();
        assert!(api.is_untouched(), "asked once: only the operator knows whether to repeat a change");
    }
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let console = Console::start(&[("OPERATOR_URL", &format!("http://{free}"))]);
    let (status, answer) = console.ask("user.disable", r#"{"id":"42"}"#);
    assert!(status == 502 && answer["errors"][0]["message"].as_str().unwrap().contains("cannot be reached"));
}

#[test]
fn it_ends_when_it_is_told_to() {
    let api = FunctionUrl::start("200 OK", "{}");
    let mut console = Console::before(&api);
    assert!(Command::new("kill").arg(console.process.id().to_string()).status().unwrap().success());
    let mut rest = String::new();
    console.output.read_to_string(&mut rest).unwrap();
    assert!(rest.ends_with("The console has ended.\n"), "{rest}");
    assert_eq!(console.process.wait().unwrap().code(), Some(0));
}

#[test]
fn without_an_api_or_a_port_it_says_what_is_missing() {
    let refused = |variables: &[(&str, &str)], port: &str| {
        let output = command(variables).args(["--console-port", port]).output().unwrap();
        assert!(!output.status.success() && output.stdout.is_empty());
        String::from_utf8(output.stderr).unwrap()
    };
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for (variables, port, part) in [
        (&[][..], "0", "no local stack is running"),
        (&[("OPERATOR_URL", "https://example.com"), ("TABLE_NAME", "table")], "0", "give one of them"),
        (&[("OPERATOR_URL", "http://example.com")], "0", "OPERATOR_URL is not the URL of a function"),
        (&[("OPERATOR_URL", "https://example.com"), ("AWS_REGION", "")], "0", "AWS_REGION is not set"),
        (&[("OPERATOR_URL", "https://example.com")], &port, "--console-port (VESTIBULE_CONSOLE_PORT)"),
    ] {
        let error = refused(variables, port);
        assert!(error.starts_with("vestibule: ") && error.contains(part), "{error}");
    }
}
