//! One instance of a function, and Lambda's Runtime API as it sees it.
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use std::collections::HashMap;
use std::io;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::sync::{Mutex, mpsc, watch};
use tokio::task::JoinHandle;

use crate::process::{FunctionProcess, now};

/// How long a function may take; on AWS it is the template's `Timeout`.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why a function gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// It can't be started, or watched.
    #[error("{0}: {1}")]
    Io(String, io::Error),
    /// It took too long, failed, or answered something else than was asked for.
    #[error("{program} {what}; it has written:\n{log}")]
    Wrong { program: String, what: String, log: String },
}

/// A running function.
pub struct Lambda {
    program: String,
    process: FunctionProcess,
    started: Instant,
    /// How many events it has been given, and how many it has asked for.
    given: u64,
    polls: watch::Receiver<u64>,
    events: mpsc::Sender<String>,
    answers: mpsc::Receiver<Answer>,
    api: JoinHandle<()>,
}

/// What a function has posted.
struct Answer {
    at: Instant,
    result: Result<Bytes, Bytes>,
}

/// The API's end of the channels.
struct Ends {
    polls: watch::Sender<u64>,
    events: Mutex<mpsc::Receiver<String>>,
    answers: mpsc::Sender<Answer>,
}

impl Lambda {
    /// Starts the program.
    pub async fn start(
        program: &Path,
        variables: &HashMap<String, String>,
        directory: &Path,
    ) -> Result<Self, Failure> {
        let failed = |error| Failure::Io(program.display().to_string(), error);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?.to_string();
        let (polls, events, answers) = (watch::channel(0), mpsc::channel(1), mpsc::channel(1));
        let ends = Ends { polls: polls.0, events: Mutex::new(events.1), answers: answers.0 };
        let api = tokio::spawn(async move {
            let _ = axum::serve(listener, runtime_api(ends)).await;
        });
        let mut variables = variables.clone();
        variables.insert("AWS_LAMBDA_RUNTIME_API".to_owned(), address);
        let command = Command::new(program);
        let started = now();
        let process = FunctionProcess::start(command, &variables, directory).map_err(failed)?;
        let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self {
            program: name,
            process,
            started,
            given: 0,
            polls: polls.1,
            events: events.0,
            answers: answers.1,
            api,
        })
    }

    /// Gives it an event, and returns the answer and when it was complete.
    pub async fn invoke(&mut self, event: String) -> Result<(Value, Instant), Failure> {
        self.given += 1;
        let answered = async {
            self.events.send(event).await.ok()?;
            self.answers.recv().await
        };
        let Ok(Some(Answer { at, result })) = tokio::time::timeout(PATIENCE, answered).await else {
            return Err(self.wrong("gave no answer"));
        };
        let answer = result.map_err(|error| self.wrong(&String::from_utf8_lossy(&error)))?;
        let answer = serde_json::from_slice(&answer).map_err(|error| self.wrong(&error.to_string()))?;
        Ok((answer, at))
    }

    /// How long after its start this was.
    pub fn since_start(&self, at: Instant) -> Duration {
        at - self.started
    }

    /// Its CPU time once it waits for the next event, in nanoseconds.
    pub async fn cpu_time(&mut self) -> Result<u64, Failure> {
        let asks = self.polls.wait_for(|polls| *polls > self.given);
        if !matches!(tokio::time::timeout(PATIENCE, asks).await, Ok(Ok(_))) {
            return Err(self.wrong("asks for nothing more"));
        }
        self.process.cpu_time().await.map_err(|error| Failure::Io(self.program.clone(), error))
    }

    /// The memory that it has in use, in KiB.
    pub fn memory(&self) -> Result<u64, Failure> {
        self.process.memory().map_err(|error| Failure::Io(self.program.clone(), error))
    }

    /// A failure of this function.
    pub fn wrong(&self, what: &str) -> Failure {
        Failure::Wrong { program: self.program.clone(), what: what.to_owned(), log: self.process.log() }
    }

    /// Ends it.
    pub async fn end(self) -> Result<(), Failure> {
        self.api.abort();
        self.process.end().await.map_err(|error| Failure::Io(self.program, error))
    }
}

fn runtime_api(ends: Ends) -> Router {
    Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
        .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
        .route("/2018-06-01/runtime/init/error", post(error))
        .with_state(Arc::new(ends))
}

async fn next(State(ends): State<Arc<Ends>>) -> Response {
    ends.polls.send_modify(|polls| *polls += 1);
    let Some(event) = ends.events.lock().await.recv().await else {
        return StatusCode::GONE.into_response();
    };
    let headers = [
        ("Content-Type", "application/json"),
        ("Lambda-Runtime-Aws-Request-Id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd"),
        // Long after anybody measures.
        ("Lambda-Runtime-Deadline-Ms", "4102444800000"),
        ("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-west-1:000000000000:function:bench"),
        ("Lambda-Runtime-Trace-Id", "Root=1-6a5145a9-1bae89e2512ec92d5d9438a0;Sampled=0"),
    ];
    (headers, event).into_response()
}

async fn response(State(ends): State<Arc<Ends>>, body: Bytes) -> StatusCode {
    take(&ends, Ok(body)).await
}

async fn error(State(ends): State<Arc<Ends>>, body: Bytes) -> StatusCode {
    take(&ends, Err(body)).await
}

async fn take(ends: &Ends, result: Result<Bytes, Bytes>) -> StatusCode {
    let _ = ends.answers.send(Answer { at: now(), result }).await;
    StatusCode::ACCEPTED
}
