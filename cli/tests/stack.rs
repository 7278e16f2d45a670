//! The program `vestibule serve`, run as a process: what it tells, catches, keeps and refuses.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "what these tests share may fail as they may"
)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_sesv2::types::{Body, Content, Destination, EmailContent, Message};
use serde_json::Value;

/// How long anything may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(20);

struct Stack {
    process: Child,
    /// The lines of the standard output, as they come.
    lines: mpsc::Receiver<String>,
    endpoints: Value,
    /// What it says when it is ready.
    banner: Vec<String>,
}

fn vestibule(data_dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vestibule"));
    command
        .args(arguments)
        .env_clear()
        .env("VESTIBULE_DATA_DIR", data_dir)
        .env("VESTIBULE_PORT", "0")
        .env("VESTIBULE_MAIL_PORT", "0")
        .env("VESTIBULE_DYNAMODB_PORT", "0")
        .env("VESTIBULE_PLAYGROUND_PORT", "0")
        .env("VESTIBULE_CONSOLE_PORT", "0")
        .stdin(Stdio::null());
    command
}

impl Stack {
    fn start(data_dir: &Path, arguments: &[&str]) -> Self {
        let mut command = vestibule(data_dir, &[&["serve"], arguments].concat());
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            output.lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        let mut banner: Vec<String> = Vec::new();
        while !banner.last().is_some_and(|line| line.starts_with("Ctrl-C")) {
            banner.push(lines.recv_timeout(PATIENCE).expect("it starts"));
        }
        let endpoints = std::fs::read(data_dir.join("endpoints.json")).unwrap();
        Self { process, lines, endpoints: serde_json::from_slice(&endpoints).unwrap(), banner }
    }

    fn address(&self, part: &str) -> &str {
        self.endpoints[part].as_str().unwrap().strip_prefix("http://").unwrap()
    }

    /// Sends raw HTTP to a part of the stack, and returns the head and the body of the answer.
    fn send(&self, part: &str, request: &str) -> (String, String) {
        let mut stream = TcpStream::connect(self.address(part)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.to_owned(), body.to_owned())
    }

    fn get(&self, part: &str, path: &str) -> (String, String) {
        self.send(part, &format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
    }

    fn inbox(&self, path: &str) -> Value {
        serde_json::from_str(&self.get("inbox", path).1).unwrap()
    }

    fn delete_messages(&self, body: &str) {
        let length = body.len();
        let request = format!(
            "DELETE /api/v1/messages HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        );
        assert_eq!(self.send("inbox", &request).1, "ok");
    }

    fn signal(&self, name: &str) {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    fn stop(mut self, signal: &str) -> Option<i32> {
        self.signal(signal);
        self.process.wait().unwrap().code()
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn credentials() -> aws_credential_types::Credentials {
    aws_credential_types::Credentials::new("local", "local", None, None, "test")
}

fn http_client() -> aws_sdk_dynamodb::config::SharedHttpClient {
    let client = vestibule::aws::http::AwsHttp::new(vestibule::aws::AMAZON_ROOTS.as_bytes()).unwrap();
    aws_sdk_dynamodb::config::SharedHttpClient::new(client)
}

fn ses(stack: &Stack) -> aws_sdk_sesv2::Client {
    let config = aws_sdk_sesv2::Config::builder()
        .behavior_version_latest()
        .region(aws_sdk_sesv2::config::Region::new("local"))
        .credentials_provider(credentials())
        .http_client(http_client())
        .endpoint_url(stack.endpoints["inbox"].as_str().unwrap());
    aws_sdk_sesv2::Client::from_conf(config.build())
}

fn sns(stack: &Stack) -> aws_sdk_sns::Client {
    let config = aws_sdk_sns::Config::builder()
        .behavior_version_latest()
        .region(aws_sdk_sns::config::Region::new("local"))
        .credentials_provider(credentials())
        .http_client(http_client())
        .endpoint_url(stack.endpoints["inbox"].as_str().unwrap());
    aws_sdk_sns::Client::from_conf(config.build())
}

fn dynamodb(stack: &Stack) -> aws_sdk_dynamodb::Client {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version_latest()
        .region(aws_sdk_dynamodb::config::Region::new("local"))
        .credentials_provider(credentials())
        .http_client(http_client())
        .endpoint_url(stack.endpoints["dynamodb"].as_str().unwrap());
    aws_sdk_dynamodb::Client::from_conf(config.build())
}

async fn send_mail(stack: &Stack, subject: &str) -> String {
    let content = |text: &str| Content::builder().data(text).charset("UTF-8").build().unwrap();
    let body = Body::builder().text(content("Your code:\n\nABCD-1234")).html(content("<p>ABCD-1234</p>"));
    let message = Message::builder().subject(content(subject)).body(body.build()).build();
    let sent = ses(stack)
        .send_email()
        .from_email_address("Vestibule <vestibule@localhost>")
        .destination(Destination::builder().to_addresses("ann@example.com").build())
        .content(EmailContent::builder().simple(message).build())
        .send()
        .await
        .unwrap();
    sent.message_id.unwrap()
}

#[tokio::test]
async fn mail_sent_through_the_sdk_is_caught() {
    let home = tempfile::tempdir().unwrap();
    let stack = Stack::start(home.path(), &["--ephemeral"]);
    let id = send_mail(&stack, "First").await;
    send_mail(&stack, "Second").await;

    let listing = stack.inbox("/api/v1/messages");
    assert_eq!((&listing["total"], &listing["count"]), (&2.into(), &2.into()));
    assert_eq!(listing["messages"][0]["Subject"], "Second");
    assert_eq!(listing["messages"][1]["Snippet"], "Your code: ABCD-1234");
    let page = stack.inbox("/api/v1/messages?start=1&limit=1");
    assert_eq!((&page["count"], &page["messages"][0]["ID"]), (&1.into(), &id.clone().into()));

    let mail = stack.inbox(&format!("/api/v1/message/{id}"));
    assert_eq!(mail["Subject"], "First");
    assert_eq!(mail["From"]["Name"], "Vestibule");
    assert_eq!(mail["From"]["Address"], "vestibule@localhost");
    assert_eq!(mail["To"][0]["Address"], "ann@example.com");
    assert_eq!(
        (&mail["Text"], &mail["HTML"]),
        (&"Your code:\n\nABCD-1234".into(), &"<p>ABCD-1234</p>".into())
    );
    assert_eq!(stack.inbox("/api/v1/message/latest")["Subject"], "Second");
    assert!(stack.get("inbox", "/api/v1/message/none").0.starts_with("HTTP/1.1 404"));

    let console: Vec<_> = std::iter::from_fn(|| stack.lines.recv_timeout(PATIENCE).ok())
        .filter(|line| !line.is_empty())
        .take(3)
        .collect();
    assert_eq!(console, ["┌─ Mail to ann@example.com", "│  First", "│"]);

    stack.delete_messages(&format!(r#"{{"IDs": ["{id}"]}}"#));
    assert_eq!(stack.inbox("/api/v1/messages")["messages"][0]["Subject"], "Second");
    stack.delete_messages("");
    assert_eq!(stack.inbox("/api/v1/messages")["total"], 0);
}

#[tokio::test]
async fn what_ses_refuses_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let stack = Stack::start(home.path(), &["--ephemeral"]);
    let error = ses(&stack)
        .send_email()
        .from_email_address("vestibule@localhost")
        .content(EmailContent::builder().build())
        .send()
        .await
        .unwrap_err()
        .into_service_error();
    assert!(error.is_bad_request_exception(), "{error:?}");
    let error = sns(&stack).publish().topic_arn("arn").message("no JSON").send().await.unwrap_err();
    assert!(error.into_service_error().is_invalid_parameter_exception());
}

#[tokio::test]
async fn text_messages_published_through_the_sdk_are_caught() {
    let home = tempfile::tempdir().unwrap();
    let stack = Stack::start(home.path(), &["--ephemeral"]);
    sns(&stack)
        .publish()
        .topic_arn("arn:aws:sns:local:000000000000:texts")
        .message(r#"{"phone": "+31612345678", "text": "Your code is ABCD & <EFGH>", "kind": "code"}"#)
        .send()
        .await
        .unwrap();
    let text = stack.inbox("/api/v1/message/latest");
    assert_eq!(text["To"][0]["Address"], "+31612345678");
    assert_eq!(text["Text"], "Your code is ABCD & <EFGH>");
    sns(&stack).publish().phone_number("+31687654321").message("Plain").send().await.unwrap();
    assert_eq!(stack.inbox("/api/v1/message/latest")["Text"], "Plain");
}

#[tokio::test]
async fn a_second_start_finds_the_data_even_after_a_crash() {
    let home = tempfile::tempdir().unwrap();
    for (run, signal) in ["KILL", "TERM", "INT"].iter().enumerate() {
        let stack = Stack::start(home.path(), &[]);
        let client = dynamodb(&stack);
        let scan = client.scan().table_name("vestibule").send().await.unwrap();
        assert_eq!(scan.count, i32::try_from(run).unwrap());
        client
            .put_item()
            .table_name("vestibule")
            .item("pk", AttributeValue::S(format!("TEST#{run}")))
            .item("sk", AttributeValue::S("-".to_owned()))
            .send()
            .await
            .unwrap();
        let status = stack.stop(signal);
        let clean = *signal != "KILL";
        assert_eq!(status, clean.then_some(0), "{signal}");
        assert_eq!(home.path().join("endpoints.json").exists(), !clean, "{signal}");
    }
}

#[tokio::test]
async fn an_ephemeral_stack_leaves_nothing() {
    let home = tempfile::tempdir().unwrap();
    let stack = Stack::start(home.path(), &["--ephemeral"]);
    let ttl = dynamodb(&stack).describe_time_to_live().table_name("vestibule").send().await.unwrap();
    assert_eq!(ttl.time_to_live_description.unwrap().attribute_name.unwrap(), "expires_at");
    assert_eq!(stack.stop("TERM"), Some(0));
    let mut left: Vec<_> =
        std::fs::read_dir(home.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, [".gitignore", "lock"]);
}

#[test]
fn the_gateway_answers_under_both_addresses_of_localhost() {
    let home = tempfile::tempdir().unwrap();
    let stack = Stack::start(home.path(), &["--ephemeral"]);
    let (head, body) = stack.get("api", "/");
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert!(body.contains(stack.endpoints["inbox"].as_str().unwrap()), "{body}");
    assert!(!body.contains("{api}"), "{body}");
    let (head, body) = stack.get("api", "/nope");
    assert!(head.starts_with("HTTP/1.1 404"), "{head}");
    assert_eq!(body, r#"{"message":"Not Found"}"#);
    let port = stack.address("api").rsplit_once(':').unwrap().1.parse().unwrap();
    assert!(TcpStream::connect(("127.0.0.1", port)).is_ok());
    if TcpListener::bind("[::1]:0").is_ok() {
        assert!(TcpStream::connect(("::1", port)).is_ok());
    }
}

#[test]
fn the_journey_on_the_page_works_as_printed() {
    let home = tempfile::tempdir().unwrap();
    let stack = Stack::start(home.path(), &["--ephemeral"]);
    let (_, page) = stack.get("api", "/");
    let blocks = page.split("<pre>").skip(1).map(|rest| rest.split_once("</pre>").unwrap().0);
    let script: Vec<_> = blocks.map(|block| block.replace("&quot;", "\"").replace("&amp;", "&")).collect();
    let script = script.join("\necho\n");
    let run = Command::new("sh").args(["-euc", &script]).output().unwrap();
    let output = String::from_utf8(run.stdout).unwrap();
    let statuses: Vec<_> = output
        .split("\"status\":")
        .skip(1)
        .map(|rest| rest.split(|c: char| !c.is_ascii_digit()).next().unwrap())
        .collect();
    assert_eq!(statuses, ["401", "401", "200", "401"], "{output}");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
}

#[test]
fn an_account_that_was_added_logs_in() {
    let home = tempfile::tempdir().unwrap();
    let stack = Stack::start(home.path(), &[]);
    let add = ["user", "add", "--email", "ben@example.com", "--password", "Correct-Horse-9"];
    let output = vestibule(home.path(), &add).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8(output.stdout).unwrap().trim().len(), 36);

    let body = r#"{"email": "ben@example.com", "password": "Correct-Horse-9"}"#;
    let request = format!(
        "POST /_allauth/app/v1/auth/login HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let (head, body) = stack.send("api", &request);
    assert!(head.starts_with("HTTP/1.1 200"), "{head}\n{body}");

    let (code, error) = refused(&mut vestibule(home.path(), &add));
    assert_eq!(code, Some(1));
    assert!(error.contains("ben@example.com"), "{error}");
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(home.path().join("dynamodb.sqlite")).unwrap().permissions(),
    );
    assert_eq!(mode & 0o777, 0o600, "password hashes are in it");
}

#[test]
fn pages_load_nothing_from_elsewhere() {
    let home = tempfile::tempdir().unwrap();
    let stack = Stack::start(home.path(), &["--ephemeral"]);
    for (part, path) in [("api", "/"), ("inbox", "/"), ("inbox", "/inbox.js"), ("inbox", "/inbox.css")] {
        let (head, body) = stack.get(part, path);
        assert!(head.starts_with("HTTP/1.1 200"), "{part}{path}: {head}");
        for loading in ["src=\"http", "rel=\"stylesheet\" href=\"http", "@import", "url(http", "from \"http"]
        {
            assert!(!body.contains(loading), "{part}{path} has {loading}");
        }
    }
}

#[test]
fn the_playground_has_an_origin_of_its_own() {
    let home = tempfile::tempdir().unwrap();
    let stack = Stack::start(home.path(), &["--ephemeral", "--host", "0.0.0.0"]);
    let url = stack.endpoints["playground"].as_str().unwrap();
    assert!(
        stack.banner.iter().any(|line| line.contains(&format!("Try it     {url}/"))),
        "{:?}",
        stack.banner
    );
    for path in ["/", "/account/verify-email/a%3Ab"] {
        let (head, body) = stack.get("playground", path);
        assert!(head.starts_with("HTTP/1.1 200") && body.contains("/modules/main.js"), "{head}");
        let policy = format!("connect-src 'self' {};", stack.endpoints["api"].as_str().unwrap());
        assert!(head.contains(&policy) && head.contains("require-trusted-types-for 'script'"), "{head}");
    }
    let environment: Value = serde_json::from_str(&stack.get("playground", "/environment.json").1).unwrap();
    assert_eq!(environment["pages"]["account_signup"], format!("{url}/account/signup"));
    assert!(stack.get("playground", "/modules/main.js").1.contains("import "));
    let port = url.rsplit(':').next().unwrap().parse().unwrap();
    for outside in local_addresses() {
        assert!(TcpStream::connect_timeout(&(outside, port).into(), PATIENCE).is_err(), "{outside}");
    }
}

/// A page that leads its own name to this machine sends that name, whatever port it then calls.
#[test]
fn a_name_of_public_dns_is_no_host_of_the_inbox_the_playground_or_the_table() {
    let home = tempfile::tempdir().unwrap();
    let stack = Stack::start(home.path(), &["--ephemeral", "--host", "0.0.0.0"]);
    let ask = |part: &str, host: &str| {
        let request = format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        stack.send(part, &request)
    };
    for part in ["inbox", "playground", "dynamodb"] {
        for host in ["attacker.example", "attacker.example:8025", ""] {
            let (head, body) = ask(part, host);
            assert!(head.starts_with("HTTP/1.1 421"), "{part} {host}: {head}");
            assert!(body.contains("It answers to: IP addresses, localhost"), "{body}");
        }
        for host in ["localhost", "127.0.0.1:1", "host.docker.internal:8025", "vestibule"] {
            let (head, _) = ask(part, host);
            assert!(!head.starts_with("HTTP/1.1 421"), "{part} {host}: {head}");
        }
    }
    // What the API tells is for whoever calls it, so that tunnels and proxies may name it as they like.
    assert!(ask("api", "tunnel.example").0.starts_with("HTTP/1.1 200"));
}

/// The machine's IP addresses that are not loopback, as far as a route tells.
fn local_addresses() -> Vec<std::net::IpAddr> {
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").unwrap();
    // Nothing is sent: the system only chooses where it would send from.
    let route = socket.connect("192.0.2.1:9").and_then(|()| socket.local_addr());
    route.map(|address| address.ip()).into_iter().filter(|ip| !ip.is_loopback()).collect()
}

#[test]
fn another_frontend_keeps_its_port() {
    let home = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for (flags, reason) in [
        (&["--playground-port", &port][..], format!("port {port} is in use, so the playground is off")),
        (
            &["--playground-port", &port, "--no-playground"][..],
            "your own: links in mails lead there".to_owned(),
        ),
    ] {
        let stack = Stack::start(home.path(), &[&["--ephemeral"], flags].concat());
        assert!(stack.endpoints.get("playground").is_none());
        let line = stack.banner.iter().find(|line| line.contains("Frontend")).unwrap();
        assert!(line.contains(&format!("http://localhost:{port}/")) && line.contains(&reason), "{line}");
        let page = stack.get("api", "/").1;
        assert!(page.contains(&format!("<code>http://localhost:{port}</code> (<code>FRONTEND_URL</code>)")));
    }
}

#[test]
fn the_console_is_on_loopback_alone_and_its_link_is_printed_and_nowhere_else() {
    let home = tempfile::tempdir().unwrap();
    let stack = Stack::start(home.path(), &["--ephemeral", "--host", "0.0.0.0"]);
    let origin = stack.endpoints["console"].as_str().unwrap();
    let line = stack.banner.iter().find(|line| line.contains("Operate")).unwrap();
    let token = line.split_once(&format!("{origin}/#")).unwrap().1.split(' ').next().unwrap();
    assert!(origin.starts_with("http://127.0.0.1:") && token.len() == 43, "{line}");
    assert!(!std::fs::read_to_string(home.path().join("endpoints.json")).unwrap().contains(token));
    let host = stack.address("console");
    let ask = |token: &str| {
        let request = format!(
            "POST /api/user.find HTTP/1.1\r\nHost: {host}\r\nOrigin: {origin}\r\nSec-Fetch-Site: same-origin\r\n\
             Content-Type: application/json\r\nX-Console-Token: {token}\r\nContent-Length: 16\r\n\
             Connection: close\r\n\r\n{{\"username\":\"a\"}}"
        );
        stack.send("console", &request)
    };
    let (head, body) = ask(token);
    assert!(head.starts_with("HTTP/1.1 200") && body == r#"{"data":{"users":[]}}"#, "{head}\n{body}");
    assert!(ask("").0.starts_with("HTTP/1.1 401"));
    let port = host.rsplit(':').next().unwrap().parse().unwrap();
    for outside in local_addresses() {
        assert!(TcpStream::connect_timeout(&(outside, port).into(), PATIENCE).is_err(), "{outside}");
    }
}

#[test]
fn a_port_that_the_console_lacks_is_said() {
    let home = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for (flags, said) in [(&["--console-port", &port][..], true), (&["--no-console"][..], false)] {
        let stack = Stack::start(home.path(), &[&["--ephemeral"], flags].concat());
        assert!(stack.endpoints.get("console").is_none());
        let line = stack.banner.iter().find(|line| line.contains("Operate"));
        assert_eq!(line.is_some_and(|line| line.contains(&format!("port {port} is in use"))), said);
        assert_eq!(line.is_some(), said);
    }
}

fn refused(command: &mut Command) -> (Option<i32>, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    assert!(stdout.is_empty(), "{}", String::from_utf8_lossy(&stdout));
    (status.code(), String::from_utf8(stderr).unwrap())
}

#[test]
fn a_command_that_reads_says_in_which_table() {
    let mut show = Command::new(env!("CARGO_BIN_EXE_vestibule"));
    show.args(["user", "show", "--email", "ann@example.com"]).env_clear().envs([
        ("TABLE_NAME", "accounts"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
        ("AWS_ACCESS_KEY_ID", "x"),
        ("AWS_SECRET_ACCESS_KEY", "x"),
        ("FRONTEND_URL", "https://example.com"),
    ]);
    let (code, error) = refused(&mut show);
    assert!(code == Some(1) && error.contains("in the table accounts, region eu-west-1"), "{error}");
    assert!(error.contains("the table is unavailable: no connection"), "{error}");
}

#[test]
fn ports_in_use_are_all_named_with_their_flags() {
    let home = tempfile::tempdir().unwrap();
    let taken: Vec<_> = (0..2).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
    let [api, inbox] = [0, 1].map(|number| taken[number].local_addr().unwrap().port().to_string());
    let mut serve = vestibule(home.path(), &["serve", "--port", &api, "--inbox-port", &inbox]);
    assert_eq!(
        refused(&mut serve),
        (
            Some(1),
            format!(
                "vestibule: port {api} is in use. Stop what uses it, or choose another with \
                 --port (VESTIBULE_PORT); 0 takes any free one\n\
                 port {inbox} is in use. Stop what uses it, or choose another with \
                 --inbox-port (VESTIBULE_MAIL_PORT); 0 takes any free one\n"
            )
        )
    );
}

#[test]
fn one_stack_has_a_data_directory() {
    let home = tempfile::tempdir().unwrap();
    let stack = Stack::start(home.path(), &["--ephemeral"]);
    let (code, error) = refused(&mut vestibule(home.path(), &["serve"]));
    assert_eq!(code, Some(1));
    let api = stack.endpoints["api"].as_str().unwrap();
    let expected = format!("already ({api}, process {})", stack.process.id());
    assert!(error.contains(&expected) && error.contains("--data-dir"), "{error}");
}

#[test]
fn wrong_settings_are_all_listed() {
    let home = tempfile::tempdir().unwrap();
    let mut serve = vestibule(home.path(), &["serve"]);
    serve.env("ACCOUNT_LOGIN_METHODS", "pigeon").env("ACCOUNT_EMAIL_VERIFICATION", "maybe");
    let (code, error) = refused(&mut serve);
    assert_eq!(code, Some(2), "{error}");
    assert!(error.contains("ACCOUNT_LOGIN_METHODS"), "{error}");
    assert!(error.contains("ACCOUNT_EMAIL_VERIFICATION"), "{error}");
}

#[test]
fn help_says_what_there_is() {
    let home = tempfile::tempdir().unwrap();
    let output = vestibule(home.path(), &[]).output().unwrap();
    let help = String::from_utf8(output.stderr).unwrap();
    assert!(help.contains("serve") && help.contains("user"), "{help}");
}

#[test]
fn a_password_must_be_one() {
    let home = tempfile::tempdir().unwrap();
    let _stack = Stack::start(home.path(), &["--ephemeral"]);
    let add = ["user", "add", "--email", "ann@example.com", "--password"];
    for (password, problem) in [
        ("", "the password is empty"),
        ("12345678", "--no-validate, accepts it"),
        ("ann@example", "too similar"),
    ] {
        let (code, error) = refused(&mut vestibule(home.path(), &[&add[..], &[password]].concat()));
        assert!(code == Some(1) && error.contains(problem), "{password}: {error}");
    }
    let (code, error) = refused(&mut vestibule(home.path(), &[&add[..], &["", "--no-validate"]].concat()));
    assert!(code == Some(1) && error.contains("the password is empty"), "{error}");
    let output =
        vestibule(home.path(), &[&add[..], &["12345678", "--no-validate"]].concat()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn what_changes_accounts_says_where_and_is_told_it_once() {
    let home = tempfile::tempdir().unwrap();
    let _stack = Stack::start(home.path(), &["--ephemeral"]);
    for command in ["add", "disable", "delete"] {
        let mut both = vestibule(home.path(), &["user", command, "--email", "ann@example.com"]);
        let (code, error) = refused(both.env("TABLE_NAME", "production"));
        assert!(code == Some(1) && error.contains("TABLE_NAME (production)"), "{error}");
        assert!(error.contains("give one of them"), "{error}");
    }
    let add = ["user", "add", "--email", "ann@example.com"];
    assert!(vestibule(home.path(), &add).output().unwrap().status.success());
    for command in ["disable", "enable", "delete"] {
        let output =
            vestibule(home.path(), &["user", command, "--email", "ann@example.com"]).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success() && error.contains("in the table vestibule, region local"), "{error}");
    }
}

#[test]
fn no_key_is_made_beside_data() {
    let home = tempfile::tempdir().unwrap();
    drop(Stack::start(home.path(), &[]));
    let key = std::fs::read_to_string(home.path().join("secret-key")).unwrap();
    std::fs::remove_file(home.path().join("secret-key")).unwrap();
    let (code, error) = refused(&mut vestibule(home.path(), &["serve"]));
    assert!(code == Some(1) && error.contains("sealed with one"), "{error}");
    assert!(!home.path().join("secret-key").exists());
    std::fs::write(home.path().join("secret-key"), key).unwrap();
    drop(Stack::start(home.path(), &[]));
}

#[test]
fn no_user_without_a_stack() {
    let home = tempfile::tempdir().unwrap();
    let (code, error) = refused(&mut vestibule(home.path(), &["user", "add", "--email", "a@example.com"]));
    assert_eq!(code, Some(1));
    assert!(error.contains("no local stack is running") && error.contains("vestibule serve"), "{error}");
}

/// Stores an account of before: its email address as `stored`, with its look-ups.
fn make_old(runtime: &tokio::runtime::Runtime, stack: &Stack, id: &str, canonical: &str, stored: &str) {
    let client = dynamodb(stack);
    let text = |text: &str| AttributeValue::S(text.to_owned());
    runtime.block_on(async {
        let key = |pk: String, sk: String| [("pk".to_owned(), text(&pk)), ("sk".to_owned(), text(&sk))];
        let account = key(format!("USER#{id}"), "ACCOUNT".to_owned());
        let found =
            client.get_item().table_name("vestibule").set_key(Some(account.into())).send().await.unwrap();
        let mut items = vec![found.item.unwrap()];
        let document = items[0]["document"].as_s().unwrap().replace(canonical, stored);
        items[0].insert("document".to_owned(), text(&document));
        for sk in [format!("USER#{id}"), "CLAIM".to_owned()] {
            let old = key(format!("EMAIL#{canonical}"), sk);
            let delete = client.delete_item().table_name("vestibule").set_key(Some(old.into()));
            let deleted =
                delete.return_values(aws_sdk_dynamodb::types::ReturnValue::AllOld).send().await.unwrap();
            let mut item = deleted.attributes.unwrap();
            item.insert("pk".to_owned(), text(&format!("EMAIL#{stored}")));
            items.push(item);
        }
        for item in items {
            client.put_item().table_name("vestibule").set_item(Some(item)).send().await.unwrap();
        }
    });
}

#[test]
fn accounts_of_before_are_brought_into_canonical_form() {
    let home = tempfile::tempdir().unwrap();
    let stack = Stack::start(home.path(), &[]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let add = |email: &str| {
        let add = ["user", "add", "--email", email, "--password", " Correct-Horse-9\n"];
        let output = vestibule(home.path(), &add).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let canonicalise = || {
        let output = vestibule(home.path(), &["table", "canonicalise"]).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let log_in = |email: &str| {
        let body = format!(r#"{{"email": "{email}", "password": "Correct-Horse-9"}}"#);
        let request = format!(
            "POST /_allauth/app/v1/auth/login HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stack.send("api", &request).0
    };
    let old = add("ann@xn--bcher-kva.example");
    make_old(&runtime, &stack, &old, "ann@xn--bcher-kva.example", "ann@bücher.example");
    assert!(log_in("ann@bücher.example").starts_with("HTTP/1.1 400"));
    let (code, told) = canonicalise();
    assert_eq!(code, Some(0), "{told}");
    assert_eq!(
        told,
        format!(
            "{old}: email address ann@bücher.example is now ann@xn--bcher-kva.example\n\
             changed: 1, collisions: 0\n"
        )
    );
    assert!(log_in("ann@bücher.example").starts_with("HTTP/1.1 200"));
    assert_eq!(canonicalise(), (Some(0), "changed: 0, collisions: 0\n".to_owned()));

    make_old(&runtime, &stack, &old, "ann@xn--bcher-kva.example", "ann@bücher.example");
    let new = add("ann@bücher.example");
    let collision =
        format!("{old}: ann@xn--bcher-kva.example collides with account {new}; nothing was changed\n");
    for _ in 0..2 {
        assert_eq!(canonicalise(), (Some(1), format!("{collision}changed: 0, collisions: 1\n")));
    }
    assert!(log_in("ann@bücher.example").starts_with("HTTP/1.1 200"));
}
