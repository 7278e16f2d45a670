//! A stack of a test's own.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

use http::Request;
use serde_json::{Value, json};
use vestibule::app::{App, Requirements};
use vestibule::aws::Aws;
use vestibule_cli::arguments::{
    AccountName, ChangeOptions, ChangeSelector, ConsolePort, Data, InviteAdd, InviteCommand, OneEmail,
    PlaygroundOptions, ReadOptions, Replay, Retire, Rotate, RotationStep, SecretKey, Serve, UserAdd,
    UserCommand, UserSelector, UserSet,
};
use vestibule_cli::iam::access_key_id;
use vestibule_cli::operator::OperatorCommandError;
use vestibule_cli::secret_key::{self, SecretKeyError};
use vestibule_cli::serve::{Embedding, ServeError, Stack as LocalStack, TEMPLATE};

use crate::{Answer, Client, Description, Front, Inbox, Kind, Refusals, wire};

/// A password that all validators take.
pub const PASSWORD: &str = "correct-horse-battery";

/// A running stack; it ends with the test.
pub struct Stack {
    /// DynamoDB, as the functions see it.
    pub dynamodb: Front,
    /// Where mail ends up.
    pub inbox: Inbox,
    /// The API, as `host:port`.
    pub api: String,
    /// What the functions' roles did not allow: it fails the test.
    pub refusals: Refusals,
    /// The proxy in front of it, if there is one.
    pub public: Option<String>,
    description: Arc<Description>,
    environment: HashMap<String, String>,
    table_url: String,
    front_url: String,
    data: tempfile::TempDir,
    running: LocalStack,
}

impl Stack {
    /// Starts with these settings, over the defaults and hashes that cost nothing.
    pub async fn start(settings: &[(&str, &str)]) -> Self {
        Self::try_start(settings).await.unwrap_or_else(|error| panic!("{error}"))
    }

    /// Starts, or says why not.
    pub async fn try_start(settings: &[(&str, &str)]) -> Result<Self, ServeError> {
        Self::try_start_as(TEMPLATE, None, settings).await
    }

    /// Starts with another template.
    pub async fn of_template(template: &str, settings: &[(&str, &str)]) -> Result<Self, ServeError> {
        Self::try_start_as(template, None, settings).await
    }

    /// Starts behind a proxy that leads what is not the API's to this frontend, as CloudFront does.
    pub async fn start_behind_proxy(frontend: &str, settings: &[(&str, &str)]) -> Self {
        let frontend = url::Url::parse(frontend).unwrap();
        Self::try_start_as(TEMPLATE, Some(frontend), settings).await.unwrap_or_else(|error| panic!("{error}"))
    }

    async fn try_start_as(
        template: &str,
        behind_proxy: Option<url::Url>,
        settings: &[(&str, &str)],
    ) -> Result<Self, ServeError> {
        let cheap = [("PASSWORD_ARGON2_MEMORY_KIB", "8"), ("PASSWORD_ARGON2_ITERATIONS", "1")];
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let environment: HashMap<_, _> = cheap.iter().chain(settings).map(owned).collect();
        let data = tempfile::tempdir().unwrap();
        let options = Serve {
            port: 0,
            inbox_port: 0,
            dynamodb_port: 0,
            operator_port: 0,
            console: ConsolePort { console_port: 8026 },
            no_console: true,
            playground: PlaygroundOptions { no_playground: true, playground_port: 3000 },
            host: Ipv4Addr::LOCALHOST.into(),
            data: Data { data_dir: Some(data.path().to_owned()) },
            ephemeral: true,
            behind_proxy,
            proxy_port: 0,
        };
        let front = Front::start().await;
        let (mut front_url, mut all_variables) = (String::new(), HashMap::new());
        let come_between = |variables: &mut HashMap<String, String>| {
            let url = variables.get_mut("AWS_ENDPOINT_URL_DYNAMODB").unwrap();
            *url = front.stand_before(url);
            front_url.clone_from(url);
            // The stack has no such services, and sends text messages to a topic; a test may have others.
            for name in [
                "ACCOUNT_HOOK_FUNCTION_ARN",
                "AWS_ENDPOINT_URL_CODEDEPLOY",
                "AWS_ENDPOINT_URL_LAMBDA",
                "AWS_ENDPOINT_URL_SECRETS_MANAGER",
                "SMS_FUNCTION_ARN",
                "SMS_TOPIC_ARN",
            ] {
                let given = environment.get(name).cloned();
                variables.extend(given.map(|value| (name.to_owned(), value)));
            }
            all_variables.clone_from(variables);
        };
        let refusals = Refusals::default();
        let embedding = Embedding {
            template,
            change: Box::new(come_between),
            watch: Some(refusals.watch()),
            concurrency: usize::MAX,
        };
        let stack = LocalStack::embed(&options, environment.clone(), embedding).await?;
        let address = |url: &str| url.trim_start_matches("http://").to_owned();
        let endpoints = stack.endpoints();
        Ok(Self {
            inbox: Inbox::new(&address(&endpoints.inbox)),
            api: address(&endpoints.api),
            public: endpoints.public.as_deref().map(address),
            description: Description::of(all_variables),
            table_url: endpoints.dynamodb.clone(),
            front_url,
            dynamodb: front,
            refusals,
            environment,
            data,
            running: stack,
        })
    }

    /// A client that was never here before.
    pub fn client(&self, kind: Kind) -> Client {
        Client::new(kind, self.public.as_ref().unwrap_or(&self.api), &self.description)
    }

    /// An app.
    pub fn app(&self) -> Client {
        self.client(Kind::App)
    }

    /// A browser.
    pub fn browser(&self) -> Client {
        self.client(Kind::Browser)
    }

    /// Makes a verified account, with [`PASSWORD`], without a trace in the API or in the inbox.
    pub async fn add_user(&self, email: &str) -> String {
        self.add(UserAdd { email: Some(email.to_owned()), ..self.nobody() }).await
    }

    /// Makes an account.
    pub async fn add(&self, user: UserAdd) -> String {
        self.try_add(user).await.unwrap()
    }

    /// Makes an account, or says why not.
    pub async fn try_add(&self, user: UserAdd) -> Result<String, OperatorCommandError> {
        self.command(&UserCommand::Add(user)).await
    }

    /// Runs an operator's command in a process over the same table, with the settings of this stack.
    pub async fn command(&self, command: &UserCommand) -> Result<String, OperatorCommandError> {
        Box::pin(vestibule_cli::user::run(command, self.variables(&self.table_url))).await
    }

    /// Where the operators' API is, and its token.
    pub fn operators(&self) -> (String, String) {
        let url = self.running.endpoints().operator.clone().unwrap();
        let token = std::fs::read_to_string(self.data.path().join("operator-token")).unwrap();
        (url.trim_start_matches("http://").to_owned(), token)
    }

    /// Sends a body to a path of the operators' API.
    pub async fn ask_operator(&self, path: &str, body: &str) -> (u16, Value) {
        let (address, token) = self.operators();
        let request =
            Request::post(path).header("host", &address).header("authorization", format!("Bearer {token}"));
        let response = wire::send(&address, request.body(body.to_owned().into()).unwrap()).await.unwrap();
        let body = serde_json::from_slice(response.body()).unwrap_or_default();
        (response.status().as_u16(), body)
    }

    /// Carries out an operation, and returns its outcome.
    pub async fn operate(&self, operation: &str, arguments: Value) -> Value {
        let (status, body) = self.ask_operator(&format!("/{operation}"), &arguments.to_string()).await;
        assert_eq!(status, 200, "{operation} {body}");
        body["data"].clone()
    }

    /// Carries out an operation at the function that only reads.
    pub async fn read(&self, operation: &str, arguments: Value) -> Value {
        self.operate(&format!("read/{operation}"), arguments).await
    }

    /// The error of an operation that is refused: the argument, the code and the message, if it is about an argument.
    pub async fn refused(&self, status: u16, operation: &str, arguments: Value) -> String {
        let (answered, body) = self.ask_operator(&format!("/{operation}"), &arguments.to_string()).await;
        assert_eq!(answered, status, "{operation} {arguments}: {body}");
        let error = &body["errors"][0];
        let text = |name: &str| error[name].as_str().unwrap_or_default();
        match error["param"].as_str() {
            Some(param) => format!("{param}: {}: {}", text("code"), text("message")),
            None => text("message").to_owned(),
        }
    }

    /// Closes an account.
    pub async fn disable(&self, email: &str) {
        self.command(&UserCommand::Disable(changing(None, Some(email)))).await.unwrap();
    }

    /// What operators read of an account's history, one event a line.
    pub async fn history(&self, id: &str) -> Result<String, OperatorCommandError> {
        self.command(&UserCommand::History(reading(Some(id), None))).await
    }

    /// Delivers the events of the last hour again, as an operator does.
    pub async fn replay_events(&self) -> Result<usize, String> {
        let wanted = Replay { hours: 1, data: Data { data_dir: None } };
        let mut variables = self.variables(&self.table_url);
        let inbox = self.running.endpoints().inbox.clone();
        variables.entry("AWS_ENDPOINT_URL_EVENTBRIDGE".to_owned()).or_insert(inbox);
        vestibule_cli::events::replay(&wanted, variables).await.map_err(|error| error.to_string())
    }

    /// Deletes an account, named by its id or by its address.
    pub async fn delete_user(
        &self,
        id: Option<&str>,
        email: Option<&str>,
    ) -> Result<String, OperatorCommandError> {
        self.command(&UserCommand::Delete(changing(id, email))).await
    }

    /// Sets fields and metadata of an account, as an operator does.
    pub async fn set_user(
        &self,
        email: &str,
        values: &[(&str, &str)],
        public_metadata: Option<&str>,
        private_metadata: Option<&str>,
    ) -> Result<String, String> {
        let wanted = UserSet {
            user: changing(None, Some(email)),
            values: values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            username: None,
            public_metadata: public_metadata.map(str::to_owned),
            private_metadata: private_metadata.map(str::to_owned),
        };
        self.command(&UserCommand::Set(wanted)).await.map_err(|error| error.to_string())
    }

    /// Shows an account, as an operator sees it.
    pub async fn show_user(&self, email: &str) -> Value {
        let shown = self.command(&UserCommand::Show(reading(None, Some(email)))).await.unwrap();
        serde_json::from_str(&shown).unwrap()
    }

    /// Invites an email address, by mail or with a link that is returned.
    pub async fn invite(&self, email: &str, print_link: bool) -> Result<String, OperatorCommandError> {
        let (email, by, fields) = (email.to_owned(), Some("Ops".to_owned()), Vec::new());
        let wanted = InviteAdd { email, by, fields, print_link, options: change_options() };
        self.manage_invitations(&InviteCommand::Add(wanted)).await
    }

    /// Runs a command for invitations.
    pub async fn manage_invitations(&self, command: &InviteCommand) -> Result<String, OperatorCommandError> {
        // With the keys of the functions, as messages are encrypted.
        let variables = self.running.variables().iter().map(|(name, value)| (name.clone(), value.clone()));
        let own = [("AWS_ENDPOINT_URL_DYNAMODB", self.table_url.as_str()), ("AWS_ACCESS_KEY_ID", "local")];
        let own = own.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Box::pin(vestibule_cli::invite::run(command, variables.chain(own).collect())).await
    }

    /// Clears an undeliverable email address, as an operator does.
    pub async fn clear_email(&self, email: &str) -> Result<String, String> {
        let wanted = OneEmail { email: email.to_owned(), options: change_options() };
        let cleared = Box::pin(vestibule_cli::email::clear(&wanted, self.variables(&self.table_url))).await;
        cleared.map_err(|error| error.to_string())
    }

    /// An operator's process over the same table, with the same settings.
    pub async fn process(&self, requirements: Requirements) -> App {
        App::start(self.variables(&self.front_url), requirements).await.unwrap()
    }

    /// The process of a function that has no route, by the name of its program.
    pub async fn function(&self, program: &str, requirements: Requirements) -> App {
        App::start(self.signed_by(program), requirements).await.unwrap()
    }

    /// AWS, as a function sees it, by the name of its program.
    pub fn aws(&self, program: &str) -> Aws {
        Aws::new(self.signed_by(program)).unwrap()
    }

    fn signed_by(&self, program: &str) -> HashMap<String, String> {
        let mut variables = self.running.variables().clone();
        variables.insert("AWS_ACCESS_KEY_ID".to_owned(), access_key_id(program));
        variables
    }

    /// Takes a step of a rotation of `SECRET_KEY`, as an operator does.
    pub async fn rotate(&self, step: RotationStep) -> Result<String, SecretKeyError> {
        let wanted = Rotate { step, restarted: true, data: Data { data_dir: None } };
        secret_key::rotate(&wanted, self.variables(&self.table_url)).await
    }

    /// Removes a key that was replaced.
    pub async fn retire_key(&self) -> Result<String, SecretKeyError> {
        let retire = SecretKey::Retire(Retire { id: None, data: Data { data_dir: None } });
        secret_key::run(&retire, self.variables(&self.table_url)).await
    }

    /// The variables of an operator's command.
    pub fn operator_variables(&self) -> HashMap<String, String> {
        self.variables(&self.table_url)
    }

    /// The same, behind what fails as AWS does.
    pub fn failing_variables(&self) -> HashMap<String, String> {
        self.variables(&self.front_url)
    }

    fn variables(&self, table_url: &str) -> HashMap<String, String> {
        let mut environment = self.environment.clone();
        for (name, value) in [
            ("AWS_ENDPOINT_URL_DYNAMODB", table_url),
            ("AWS_REGION", "local"),
            ("AWS_ACCESS_KEY_ID", "local"),
            ("AWS_SECRET_ACCESS_KEY", "local"),
            ("TABLE_NAME", "vestibule"),
        ] {
            environment.insert(name.to_owned(), value.to_owned());
        }
        environment
    }

    /// A verified account without a name yet, with [`PASSWORD`].
    pub fn nobody(&self) -> UserAdd {
        UserAdd {
            email: None,
            password: Some(PASSWORD.to_owned()),
            username: None,
            phone: None,
            unverified: false,
            inactive: false,
            superuser: false,
            no_validate: false,
            options: change_options(),
        }
    }

    /// Logs in with an address.
    pub async fn log_in(&self, client: &Client, email: &str, password: &str) -> Answer {
        client.post("auth/login", credentials(email, password)).await
    }
}

/// What signing up and logging in take.
fn credentials(email: &str, password: &str) -> Value {
    json!({"email": email, "password": password})
}

/// The options of an operator's command that reads.
pub fn read_options() -> ReadOptions {
    ReadOptions { json: false, data: Data { data_dir: None } }
}

/// The options of an operator's command that changes.
pub fn change_options() -> ChangeOptions {
    ChangeOptions { dry_run: false, read: read_options() }
}

fn named(id: Option<&str>, email: Option<&str>) -> AccountName {
    AccountName { id: id.map(str::to_owned), email: email.map(str::to_owned) }
}

/// An account to read, by its id or by its email address.
pub fn reading(id: Option<&str>, email: Option<&str>) -> UserSelector {
    UserSelector { name: named(id, email), options: read_options() }
}

/// An account to change, by its id or by its email address.
pub fn changing(id: Option<&str>, email: Option<&str>) -> ChangeSelector {
    ChangeSelector { name: named(id, email), options: change_options() }
}
