//! Where the operator's commands send their requests: to the operators' API where `OPERATOR_URL` or `OPERATOR_READ_URL` names
//! it, and else to the table itself, with the settings and credentials of this process.

use std::collections::HashMap;

use serde_json::{Value, json};
use vestibule::app::{App, Requirements, StartError};
use vestibule::domain::event::Actor;
use vestibule::domain::text::escaped;
use vestibule::operator::{self, FindUsers, OperatorError, OperatorRequest};

use crate::arguments::{AccountName, Data};
use crate::data_dir::DataDirError;
use crate::operator_api::{OperatorAnswer, OperatorApi, OperatorApiError};
use crate::terminal::remark;

/// Why a command of an operator fails.
#[derive(Debug, thiserror::Error)]
pub enum OperatorCommandError {
    /// There is no local stack.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// Settings are wrong, or the table cannot be reached.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The operation is refused.
    #[error("{}", lines(&.0.to_string()))]
    Operator(#[from] OperatorError),
    /// There is no client of the API.
    #[error(transparent)]
    Api(#[from] OperatorApiError),
    /// The API refuses it, or does not answer.
    #[error("{}", lines(.0))]
    Refused(String),
    /// The API and a table are named.
    #[error(
        "OPERATOR_URL or OPERATOR_READ_URL names the operators' API, and TABLE_NAME a table: give one of them"
    )]
    TwoPlaces,
    /// An email address names several accounts.
    #[error("several accounts have this email address; select one by its id: {0}")]
    Ambiguous(String),
    /// The password or the metadata cannot be read, or the output not be written.
    #[error("the standard input or output cannot be used: {0}")]
    Io(#[from] std::io::Error),
    /// Metadata are not what they are to be.
    #[error("{0} takes a JSON object, such as '{{\"plan\": \"pro\"}}': {1}")]
    Metadata(&'static str, serde_json::Error),
    /// One input cannot be both.
    #[error("only one of --public-metadata and --private-metadata can be read from the standard input")]
    OneInput,
}

fn lines(text: &str) -> String {
    text.lines().map(escaped).collect::<Vec<_>>().join("\n")
}

/// The operator of a command that changes the table itself: at a deployed one, the access key. Whose it is, `CloudTrail`
/// knows; it is no secret, and takes no further call.
pub(crate) fn actor(environment: &HashMap<String, String>) -> Actor {
    let at_table = environment.get("TABLE_NAME").is_some_and(|name| !name.is_empty());
    Actor { id: environment.get("AWS_ACCESS_KEY_ID").filter(|_| at_table).cloned(), ..Actor::OPERATOR }
}

/// Carries out requests of an operator.
pub struct Door(Place);

/// Where requests go.
enum Place {
    /// To the table.
    Table(Box<App>, Actor),
    /// To the functions.
    Api(Box<OperatorApi>),
}

impl Door {
    /// Connects to what a request needs, and says where it is.
    pub async fn open(
        data: &Data,
        environment: HashMap<String, String>,
        requirements: Requirements,
    ) -> Result<Self, OperatorCommandError> {
        let is_set = |name: &str| environment.get(name).is_some_and(|value| !value.is_empty());
        if is_set("OPERATOR_URL") || is_set("OPERATOR_READ_URL") {
            if is_set("TABLE_NAME") {
                return Err(OperatorCommandError::TwoPlaces);
            }
            let api = OperatorApi::deployed(&environment)?;
            remark(&format!("at the operators' API {}", api.place()));
            return Ok(Self(Place::Api(Box::new(api))));
        }
        let actor = actor(&environment);
        let app = App::start(data.named_variables(environment)?, requirements).await?;
        Ok(Self(Place::Table(Box::new(app), actor)))
    }

    /// To the table of a process.
    pub fn of(app: App, actor: Actor) -> Self {
        Self(Place::Table(Box::new(app), actor))
    }

    /// The answer to a request, as the API gives it.
    pub async fn answer(&self, request: OperatorRequest) -> OperatorAnswer {
        match &self.0 {
            Place::Table(app, actor) => Box::pin(operator::run(app, actor, request)).await.into(),
            Place::Api(api) => api.ask(&request).await,
        }
    }

    /// The `data` of the answer to a request.
    pub async fn ask(&self, request: OperatorRequest) -> Result<Value, OperatorCommandError> {
        match &self.0 {
            Place::Table(app, actor) => Ok(json!(Box::pin(operator::run(app, actor, request)).await?)),
            Place::Api(_) => {
                let answer = self.answer(request).await;
                if answer.status.is_success() {
                    return Ok(answer.body.get("data").cloned().unwrap_or_default());
                }
                let error = answer.body.pointer("/errors/0/message").and_then(Value::as_str);
                Err(OperatorCommandError::Refused(error.unwrap_or_default().to_owned()))
            }
        }
    }

    /// The id of an account, however it was named.
    pub async fn id(&self, name: &AccountName) -> Result<String, OperatorCommandError> {
        if let Some(id) = &name.id {
            return Ok(id.clone());
        }
        let wanted = FindUsers { email: name.email.clone(), ..FindUsers::default() };
        let found = &self.ask(OperatorRequest::UserFind(wanted)).await?;
        let users = found["users"].as_array().into_iter().flatten();
        let ids: Vec<&str> = users.filter_map(|user| user["id"].as_str()).collect();
        match ids.as_slice() {
            [] => Err(OperatorError::NoAccount.into()),
            [id] => Ok((*id).to_owned()),
            several => Err(OperatorCommandError::Ambiguous(several.join(", "))),
        }
    }
}
