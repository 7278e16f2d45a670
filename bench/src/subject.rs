//! What is measured, and how: a function's start, and a request to it.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use crate::aws;
use crate::event::Request;
use crate::lambda::{Failure, Lambda};

/// What fills the page cache is not measured.
pub const UNCOUNTED: usize = 2;

/// The account.
pub const EMAIL: &str = "ada@example.com";
/// Its password.
pub const PASSWORD: &str = "correct horse battery staple";

/// What can be started.
#[derive(Clone, Copy, PartialEq)]
pub enum Subject {
    Empty,
    Config,
    Session,
    Login,
    /// `login`, which has to ask Secrets Manager for its key.
    LoginAsking,
    SignUp,
}

/// What they are started and called with.
pub struct Bench {
    pub programs: PathBuf,
    pub directory: PathBuf,
    pub variables: HashMap<String, String>,
    /// The address of the last client: each is another, as rate limits count them.
    pub clients: u32,
    pub session_token: String,
    pub password_hash: String,
}

impl Bench {
    /// A running function.
    pub async fn start(&self, subject: Subject) -> Result<Lambda, Failure> {
        let name = match subject {
            Subject::Empty => "empty",
            Subject::Config => "config",
            Subject::Session => "session",
            Subject::Login | Subject::LoginAsking => "login",
            Subject::SignUp => "signup",
        };
        let asking = (subject == Subject::LoginAsking).then(|| aws::with_secret_elsewhere(&self.variables));
        let variables = asking.as_ref().unwrap_or(&self.variables);
        Lambda::start(&self.programs.join(name), variables, &self.directory).await
    }

    fn event(&mut self, subject: Subject) -> String {
        self.clients += 1;
        let client = Ipv4Addr::from_bits(self.clients);
        let get = |path, session_token| Request { method: "GET", path, session_token, body: None, client };
        let request = match subject {
            Subject::Empty | Subject::Config => get("config", None),
            Subject::Session => get("auth/session", Some(self.session_token.as_str())),
            Subject::Login | Subject::LoginAsking => Request {
                method: "POST",
                body: Some(json!({"email": EMAIL, "password": PASSWORD})),
                ..get("auth/login", None)
            },
            Subject::SignUp => Request {
                method: "POST",
                body: Some(
                    json!({"email": format!("new{}@example.com", self.clients), "password": PASSWORD}),
                ),
                ..get("auth/signup", None)
            },
        };
        request.event()
    }

    /// Has a request answered, and returns the answer's body and how long after the start it came.
    async fn answer(
        &mut self,
        subject: Subject,
        function: &mut Lambda,
    ) -> Result<(String, Duration), Failure> {
        let (answer, at) = function.invoke(self.event(subject)).await?;
        // After a sign-up, the email address waits to be verified.
        let expected = if subject == Subject::SignUp { 401 } else { 200 };
        match answer.get("statusCode").and_then(Value::as_u64) {
            Some(status) if status == expected => {
                let body = answer.get("body").and_then(Value::as_str).unwrap_or_default();
                Ok((body.to_owned(), function.since_start(at)))
            }
            _ => Err(function.wrong(&format!("answered {answer}"))),
        }
    }

    /// Logs in, and returns the session token.
    pub async fn log_in(&mut self) -> Result<String, Failure> {
        let mut function = self.start(Subject::Login).await?;
        let (body, _) = self.answer(Subject::Login, &mut function).await?;
        let body: Value = serde_json::from_str(&body).unwrap_or_default();
        let token = body.pointer("/meta/session_token").and_then(Value::as_str);
        let token = token.ok_or_else(|| function.wrong("gave no session token"))?.to_owned();
        function.end().await?;
        Ok(token)
    }

    /// How long a new process takes until its first answer is complete, in milliseconds.
    pub async fn cold_start(&mut self, subject: Subject) -> Result<f64, Failure> {
        let mut function = self.start(subject).await?;
        let (_, duration) = self.answer(subject, &mut function).await?;
        function.end().await?;
        Ok(duration.as_secs_f64() * 1e3)
    }

    /// The CPU time of a request to a running function, in milliseconds.
    pub async fn request(&mut self, subject: Subject, function: &mut Lambda) -> Result<f64, Failure> {
        let before = function.cpu_time().await?;
        self.answer(subject, function).await?;
        Ok(milliseconds(function.cpu_time().await? - before))
    }
}

/// As milliseconds.
#[expect(clippy::cast_precision_loss, reason = "a request takes far less than 2^52 nanoseconds")]
pub fn milliseconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e6
}
