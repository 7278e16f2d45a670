//! `vestibule serve`: the whole application in one process.
//!
//! It starts what the functions need before the functions, says that it is ready when everything
//! answers, and stops in the opposite order, so that requests in flight find what they need.

use std::collections::HashMap;
use std::fmt;
use std::io::{self, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tracing::warn;

use crate::arguments::Serve;
use crate::console::{self as operator_console, Console};
use crate::data_dir::{DATABASE, DataDir, DataDirError, Endpoints, OPERATOR_TOKEN};
use crate::database::{self, DatabaseError};
use crate::deployed;
use crate::functions::{Functions, LocalStartError};
use crate::gateway::{Gateway, NoFunction};
use crate::hosts::Hosts;
use crate::iam::{Guard, Roles, Watch, forward};
use crate::inbox::{Echo, console};
use crate::layer::Layer;
use crate::ports::{self, Port, PortError};
use crate::proxy::Proxy;
use crate::repeats::Repeats;
use crate::template::{Template, TemplateError};
use crate::{FRONTEND, REGION, TABLE, inbox, local_aws, operator_port, playground, terminal, welcome};
use vestibule::clock::Clock;
use vestibule::environment;
use vestibule::random::Random;
use vestibule::secret::Secret;
use vestibule::settings::{DUMMY, KNOWN_PROVIDERS, LoadedSettings, OPENID_CONNECT, Settings, TokenStrategy};
use vestibule_keys::GenerateError;

/// The template that is deployed.
pub const TEMPLATE: &str = include_str!("../../template.yaml");

/// How many requests run at once for each processor. On Lambda each has a processor of its own. Here, those that hash
/// passwords take one another's time: of hundreds at once, all would be given up at their deadlines.
const REQUESTS_OF_A_PROCESSOR: usize = 2;

/// How often the outbox is searched for undelivered messages, at most.
const DELIVER_EVERY: Duration = Duration::from_secs(1);

/// Why the local stack cannot run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Settings are wrong.
    #[error(transparent)]
    Settings(#[from] LocalStartError),
    /// The data directory cannot be used.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// Ports cannot be used.
    #[error("{}", list(.0))]
    Ports(Vec<PortError>),
    /// The database cannot be used.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The template cannot be used.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The template names a function that there is not.
    #[error(transparent)]
    NoFunction(#[from] NoFunction),
    /// No key for access tokens can be made.
    #[error(transparent)]
    TokenKey(#[from] GenerateError),
    /// The operating system refuses something else.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Runs the local stack until Ctrl-C or SIGTERM.
pub async fn serve(options: &Serve, environment: HashMap<String, String>) -> Result<(), ServeError> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let stack = Stack::start(options, environment, Some(console::print), Embedding::default()).await?;
    // Nobody may be reading; that is no reason to stop.
    let _ = write!(io::stdout().lock(), "{}", stack.banner(options));
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    tokio::select! {
        () = stack.stop() => {}
        _ = interrupt.recv() => warn!("stopped without waiting for the requests in flight"),
    }
    Ok(())
}

/// A local stack that runs.
pub struct Stack {
    data: DataDir,
    endpoints: Endpoints,
    /// The link to the console, if there is one.
    console: Option<String>,
    variables: HashMap<String, String>,
    /// In the order in which they are stopped.
    layers: Vec<Layer>,
}

/// Changes the environment of the functions.
pub type ChangeEnvironment<'a> = Box<dyn FnOnce(&mut HashMap<String, String>) + Send + 'a>;

/// What a program that has a stack inside it, such as a test, can have otherwise.
pub struct Embedding<'a> {
    /// The template.
    pub template: &'a str,
    /// Changes the functions' environment last of all, say to come between them and DynamoDB.
    pub change: ChangeEnvironment<'a>,
    /// Is told what the functions ask of AWS.
    pub watch: Option<Watch>,
    /// How many requests run at once.
    pub concurrency: usize,
}

impl Default for Embedding<'_> {
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let concurrency = REQUESTS_OF_A_PROCESSOR * processors;
        Self { template: TEMPLATE, change: Box::new(|_| {}), watch: None, concurrency }
    }
}

impl fmt::Debug for Embedding<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Embedding").field("template", &self.template).finish_non_exhaustive()
    }
}

impl Stack {
    /// Starts a stack inside another program. Nothing is printed.
    pub async fn embed(
        options: &Serve,
        environment: HashMap<String, String>,
        embedding: Embedding<'_>,
    ) -> Result<Self, ServeError> {
        Self::start(options, environment, None, embedding).await
    }

    async fn start(
        options: &Serve,
        environment: HashMap<String, String>,
        echo: Option<Echo>,
        embedding: Embedding<'_>,
    ) -> Result<Self, ServeError> {
        // Before the local stack's own: a file wins over those, as variables do.
        let environment =
            environment::complete(environment).map_err(|error| LocalStartError::App(error.into()))?;
        let (clock, random) = (Clock::system(), Random::system());
        let data = DataDir::open(options.data.path())?;
        let Ports { api, mail, dynamodb, playground, operator, console } = listen(options).await?;
        let proxy = Proxy::listen(options, &random).await.map_err(|error| ServeError::Ports(vec![error]))?;
        let loopback = [playground.as_ref(), operator.as_ref(), console.as_ref()];
        let endpoints = endpoints(options, [&api, &mail, &dynamodb], proxy.as_ref(), loopback);
        let environment = Proxy::settings(proxy.as_ref(), environment, &endpoints);

        let secret = match own_key(&environment) {
            true => String::new(),
            false if options.ephemeral => random.secret(),
            false => data.secret_key(&random)?,
        };
        let has_own_apps = environment.get("INSTALLED_APPS").is_some_and(|apps| !apps.is_empty());
        let mut variables = variables(environment, &endpoints, options, &mail, &secret);
        (embedding.change)(&mut variables);
        if let Some(key) = token_key(&variables, &data, options.ephemeral, &random)? {
            variables.insert("HEADLESS_JWT_PRIVATE_KEY".to_owned(), key);
        }
        let LoadedSettings { settings, hints } =
            Settings::read(variables.clone()).map_err(settings_are_wrong)?;
        // The stack installs the dummy provider by itself: that is no news.
        for hint in hints.iter().filter(|hint| has_own_apps || !hint.starts_with("INSTALLED_APPS")) {
            warn!("{hint}");
        }
        if let Some(hint) = playground::distrust(&endpoints, &settings) {
            warn!("{hint}");
        }
        let template = Template::read(embedding.template, &deployed::parameters(&settings))?;
        let guard = Guard::new(Roles::new(&template.functions, &deployed::arns(&settings)), embedding.watch);
        let mut lowest = Layer::new();
        guard_other_services(&mut lowest, &guard, &mut variables).await?;
        let functions = Arc::new(Functions::start(&settings, &variables).await?);

        let file = (!options.ephemeral).then(|| data.private_file(DATABASE)).transpose()?;
        let database = database::open(file.as_deref())?;
        database::ensure_table(&database, TABLE, &template.table)?;
        let gateway = Gateway::new(
            template.api,
            functions.programs.clone(),
            welcome_page(options, &endpoints, &settings),
            clock.clone(),
            random.clone(),
        )?
        .with_concurrency(embedding.concurrency);

        let behind = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let repeats = Repeats::new(clock.clone());
        let guarded = guard.before(repeats.before(forward(&behind.local_addr()?.to_string())));
        let served = dynoxide::server::serve_with_shutdown(behind, database.clone(), lowest.stopped());
        lowest.run(async { served.await.map_err(io::Error::other) });
        lowest.serve(dynamodb.listeners, &Hosts::Private.before(guarded));
        lowest.run_until_stopped(database::sweep(database));
        let noting = Arc::clone(&functions);
        let publish: inbox::Publish = Arc::new(move |event| {
            let functions = Arc::clone(&noting);
            Box::pin(async move { functions.note_feedback(event).await })
        });
        if let Some(port) = operator {
            let token = Secret::new(data.new_operator_token(&random)?);
            let router = operator_port::router(functions.operators.clone(), token);
            lowest.serve(port.listeners, &router);
        }
        let echoes = echo.is_some();
        let inbox = guard.before(inbox::router(clock.clone(), random, echo, publish));
        lowest.serve(mail.listeners, &Hosts::Private.before(inbox));
        let tell = if echoes { terminal::print } else { |_: &str| {} };
        let console = console.map(|port| {
            let door = operator_port::door(&functions.operators);
            (Console::new(&port, door, "the local stack", Some(tell)), port)
        });
        let link = console.as_ref().map(|(console, _)| console.url());
        let mut delivery = Layer::new();
        delivery.run_until_stopped(deliver(functions, clock));
        let playground = playground.map(|port| (port, playground::router(&endpoints, &settings)));
        let mut highest = serve_api(api, proxy, playground, gateway, settings.headless.url_prefix)?;
        if let Some((console, port)) = console {
            highest.serve(port.listeners, &operator_console::router(&console));
        }
        data.tell_endpoints(&endpoints)?;
        Ok(Self { data, endpoints, console: link, variables, layers: vec![highest, delivery, lowest] })
    }

    /// Where its parts are.
    pub const fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// The functions' environment, but for their credentials.
    pub const fn variables(&self) -> &HashMap<String, String> {
        &self.variables
    }

    /// Stops it, when the requests in flight have been answered.
    pub async fn stop(self) {
        self.data.forget_endpoints();
        for layer in self.layers {
            layer.stop().await;
        }
    }

    /// What to do next, in three lines; then what else there is.
    fn banner(&self, options: &Serve) -> String {
        let Endpoints { api, inbox, dynamodb, table, playground, public, .. } = &self.endpoints;
        let first = match (public, playground) {
            (Some(url), _) => {
                format!("Public     {url}/   frontend and API on one origin, as behind CloudFront")
            }
            (None, Some(url)) => {
                format!("Try it     {url}/   a frontend with every flow, and its requests as curl")
            }
            (None, None) => {
                format!("Frontend   {}/   {}", frontend(options, &self.endpoints), why_no_playground(options))
            }
        };
        let operators = match &self.endpoints.operator {
            Some(url) => {
                let token = options.data.path().join(OPERATOR_TOKEN);
                format!("Operators' API: {url}, with the token in {}", token.display())
            }
            None => format!(
                "No operators' API: port {} is in use (--operator-port chooses another)",
                options.operator_port
            ),
        };
        format!(
            "\nVestibule is running.\n\n  \
             {first}\n  \
             Read mail  {inbox}/   the inbox: no message leaves this machine\n  \
             Call it    {api}/   the API, and where everything is\n\
             {}\n\
             DynamoDB: {dynamodb}, table {table}, {}\n\
             {operators}\n\
             Ctrl-C stops it.\n\n",
            self.console_line(options),
            storage(options)
        )
    }

    fn console_line(&self, options: &Serve) -> String {
        let port = options.console.console_port;
        match &self.console {
            Some(link) => format!("  Operate    {link}   the console: find and change accounts\n"),
            None if options.no_console => String::new(),
            None => {
                format!(
                    "  Operate    port {port} is in use, so the console is off (--console-port chooses another)\n"
                )
            }
        }
    }
}

/// The stack has no Secrets Manager, Lambda and CodeDeploy, but it may be told of such.
async fn guard_other_services(
    layer: &mut Layer,
    guard: &Guard,
    variables: &mut HashMap<String, String>,
) -> io::Result<()> {
    for name in ["SECRETS_MANAGER", "LAMBDA", "CODEDEPLOY"].map(|name| format!("AWS_ENDPOINT_URL_{name}")) {
        let Some(url) = variables.get_mut(&name) else { continue };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let own = format!("http://{}", listener.local_addr()?);
        layer.serve([listener], &guard.before(forward(url.trim_start_matches("http://"))));
        *url = own;
    }
    Ok(())
}

/// What people and browsers reach: the API, the proxy, and the playground, at a port each.
fn serve_api(
    api: Port,
    proxy: Option<Proxy>,
    playground: Option<(Port, Router)>,
    gateway: Gateway,
    prefix: Option<String>,
) -> Result<Layer, TemplateError> {
    let mut layer = Layer::new();
    // The proxy rewrites it, if there is one.
    let gateway = Arc::new(gateway.with_prefix(prefix.clone().filter(|_| proxy.is_none())));
    let number = api.number;
    let front = Front { gateway: Arc::clone(&gateway), port: number };
    let router = Router::new().fallback(answer).with_state(Arc::new(front));
    layer.serve(api.listeners, &router);
    if let Some((port, router)) = playground {
        layer.serve(port.listeners, &Hosts::Private.before(router));
    }
    if let Some(proxy) = proxy {
        proxy.serve(&mut layer, gateway, number, prefix)?;
    }
    Ok(layer)
}

struct Front {
    gateway: Arc<Gateway>,
    port: u16,
}

async fn answer(
    State(front): State<Arc<Front>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> axum::response::Response {
    front.gateway.answer(request, peer, front.port).await
}

async fn deliver(functions: Arc<Functions>, clock: Clock) {
    let mut pause = DELIVER_EVERY;
    loop {
        tokio::time::sleep(pause).await;
        let began = clock.now();
        functions.deliver_waiting().await;
        let took = u64::try_from(clock.now().millis() - began.millis()).unwrap_or(0);
        // A search reads the whole table: in a large one it must not take the time of requests.
        pause = DELIVER_EVERY.max(Duration::from_millis(took) * 50);
    }
}

/// What the stack listens on.
struct Ports {
    api: Port,
    mail: Port,
    dynamodb: Port,
    playground: Option<Port>,
    operator: Option<Port>,
    console: Option<Port>,
}

/// All ports, or everything that is wrong with any of them.
async fn listen(options: &Serve) -> Result<Ports, ServeError> {
    let host = options.host;
    let results = [
        ports::listen(host, options.port, "--port (VESTIBULE_PORT)").await.map(Some),
        ports::listen(host, options.inbox_port, "--inbox-port (VESTIBULE_MAIL_PORT)").await.map(Some),
        ports::listen(host, options.dynamodb_port, "--dynamodb-port (VESTIBULE_DYNAMODB_PORT)")
            .await
            .map(Some),
        playground_port(options).await,
        unless_in_use(options.operator_port, "--operator-port (VESTIBULE_OPERATOR_PORT)").await,
        console_port(options).await,
    ];
    match results {
        [Ok(Some(api)), Ok(Some(mail)), Ok(Some(dynamodb)), Ok(playground), Ok(operator), Ok(console)] => {
            Ok(Ports { api, mail, dynamodb, playground, operator, console })
        }
        results => Err(ServeError::Ports(results.into_iter().filter_map(Result::err).collect())),
    }
}

/// A port on loopback alone; none if another frontend has it.
async fn playground_port(options: &Serve) -> Result<Option<Port>, PortError> {
    const FLAG: &str = "--playground-port (VESTIBULE_PLAYGROUND_PORT)";
    if options.playground.no_playground || !has_loopback(options.host) {
        return Ok(None);
    }
    unless_in_use(options.playground.playground_port, FLAG).await
}

async fn console_port(options: &Serve) -> Result<Option<Port>, PortError> {
    if options.no_console {
        return Ok(None);
    }
    unless_in_use(options.console.console_port, operator_console::PORT_FLAG).await
}

/// A port on loopback, whatever the host; none if another program has it.
async fn unless_in_use(number: u16, flag: &'static str) -> Result<Option<Port>, PortError> {
    match ports::listen(Ipv4Addr::LOCALHOST.into(), number, flag).await {
        Ok(port) => Ok(Some(port)),
        Err(PortError::InUse { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether the API is at the name that the playground has: their cookies need one site.
fn has_loopback(host: IpAddr) -> bool {
    host.is_loopback() || host.is_unspecified()
}

/// Where a frontend under development is: the playground's origin, or that of whatever has its port.
fn frontend(options: &Serve, endpoints: &Endpoints) -> String {
    match (&endpoints.playground, options.playground.playground_port) {
        (Some(url), _) => url.clone(),
        // Any free port, for a playground that is not there.
        (None, 0) => FRONTEND.to_owned(),
        (None, port) => format!("http://localhost:{port}"),
    }
}

fn endpoints(
    options: &Serve,
    [api, inbox, dynamodb]: [&Port; 3],
    proxy: Option<&Proxy>,
    [playground, operator, console]: [Option<&Port>; 3],
) -> Endpoints {
    let name = ports::name(options.host);
    Endpoints {
        api: format!("http://{name}:{}", api.number),
        public: proxy.map(|proxy| format!("http://{name}:{}", proxy.port.number)),
        inbox: format!("http://{name}:{}", inbox.number),
        dynamodb: format!("http://{}:{}", ports::address(options.host), dynamodb.number),
        playground: playground.map(|port| format!("http://localhost:{}", port.number)),
        operator: operator.map(|port| format!("http://127.0.0.1:{}", port.number)),
        console: console.map(|port| format!("http://127.0.0.1:{}", port.number)),
        table: TABLE.to_owned(),
        region: REGION.to_owned(),
        process: std::process::id(),
    }
}

fn settings_are_wrong(errors: vestibule::settings::Errors) -> LocalStartError {
    LocalStartError::App(errors.into())
}

/// Whether the environment brings a `SECRET_KEY`, so that the stack needs none of its own.
fn own_key(environment: &HashMap<String, String>) -> bool {
    let is_given = |name| environment.get(name).is_some_and(|value| !value.trim().is_empty());
    ["SECRET_KEY", "SECRET_KEY_ARN"].into_iter().any(is_given)
}

/// The environment of the functions: the process's own, over this stack's defaults, under what
/// makes AWS local. Whatever credentials the process has, nothing here uses them.
fn variables(
    environment: HashMap<String, String>,
    endpoints: &Endpoints,
    options: &Serve,
    inbox: &Port,
    secret: &str,
) -> HashMap<String, String> {
    let mail = format!("http://{}:{}", ports::address(options.host), inbox.number);
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    let installed = installed_apps();
    let frontend = frontend(options, endpoints);
    let defaults = [
        ("CSRF_TRUSTED_ORIGINS", frontend.as_str()),
        ("DEFAULT_FROM_EMAIL", "Vestibule <vestibule@localhost>"),
        ("FRONTEND_URL", frontend.as_str()),
        ("INSTALLED_APPS", installed.as_str()),
        ("SECRET_KEY", secret),
        ("SOCIALACCOUNT_ALLOW_PRIVATE_ADDRESSES", "true"),
    ];
    let mut variables: HashMap<_, _> = defaults.into_iter().map(owned).collect();
    // An empty value is this stack's default, where it has one; elsewhere it may be a value.
    let is_default = |name: &str| defaults.iter().any(|(known, _)| *known == name);
    variables.extend(environment.into_iter().filter(|(name, value)| !value.is_empty() || !is_default(name)));
    // Without a service that tells people from bots, the inbox stands in for it.
    let is_given = |name| variables.get(name).is_some_and(|value| !value.is_empty());
    if !["CAPTCHA_SECRET", "CAPTCHA_SECRET_ARN", "CAPTCHA_URL"].into_iter().any(is_given) {
        let url = format!("{mail}{}", inbox::captcha::PATH);
        variables.extend([("CAPTCHA_SECRET", "stand-in"), ("CAPTCHA_URL", &url)].map(owned));
    }
    // There is no Lambda to invoke them in.
    variables.remove("SMS_FUNCTION_ARN");
    variables.remove("ACCOUNT_HOOK_FUNCTION_ARN");
    local_aws(&mut variables, &endpoints.dynamodb, &endpoints.region, &endpoints.table);
    variables.extend(
        [
            ("AWS_ENDPOINT_URL_EVENTBRIDGE", mail.as_str()),
            ("AWS_ENDPOINT_URL_SESV2", mail.as_str()),
            ("AWS_ENDPOINT_URL_SNS", mail.as_str()),
            ("SMS_TOPIC_ARN", "arn:aws:sns:local:000000000000:vestibule-text-messages"),
        ]
        .map(owned),
    );
    variables
}

/// The key of access and refresh tokens, where there are such and none is given: on AWS the function `keys` makes it.
fn token_key(
    variables: &HashMap<String, String>,
    data: &DataDir,
    ephemeral: bool,
    random: &Random,
) -> Result<Option<String>, ServeError> {
    // What is wrong with the settings is said when the functions start.
    let Ok(loaded) = Settings::read(variables.clone()) else { return Ok(None) };
    let headless = loaded.settings.headless;
    let is_given = headless.jwt.private_key.is_some() || headless.jwt.keys_arn.is_some();
    if headless.token_strategy != TokenStrategy::Jwt || is_given {
        return Ok(None);
    }
    let algorithm = headless.jwt.algorithm;
    let made = match vestibule_keys::generate(algorithm, random) {
        Ok(key) => key.pem,
        // Such tokens are signed with a secret, which SECRET_KEY brings.
        Err(GenerateError::Shared(_)) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    Ok(Some(if ephemeral { made } else { data.kept(&format!("token-key-{algorithm:?}"), || made)? }))
}

/// All there is, and the dummy provider before all others.
fn installed_apps() -> String {
    let parts =
        ["account", "headless", "mfa", "usersessions", "socialaccount"].map(|part| format!("allauth.{part}"));
    let providers = [DUMMY, OPENID_CONNECT].into_iter().chain(KNOWN_PROVIDERS.iter().map(|known| known.id));
    let providers = providers.map(|provider| format!("allauth.socialaccount.providers.{provider}"));
    parts.into_iter().chain(providers).collect::<Vec<_>>().join(",")
}

fn welcome_page(options: &Serve, endpoints: &Endpoints, settings: &Settings) -> String {
    let named = options.data.data_dir.as_ref();
    let data_dir = named.map(|path| format!(" --data-dir '{}'", path.display())).unwrap_or_default();
    // As it was called, so that the command works when copied: mostly it is in no PATH.
    let program = std::env::args().next().unwrap_or_else(|| "vestibule".to_owned());
    let what = match &endpoints.playground {
        Some(_) => "the playground, with every flow of the API and its requests as curl",
        None => "where links in mails lead",
    };
    let values: [(&str, &str); 12] = [
        ("program", &program),
        ("api", endpoints.public.as_ref().unwrap_or(&endpoints.api)),
        ("inbox", &endpoints.inbox),
        ("dynamodb", &endpoints.dynamodb),
        ("table", &endpoints.table),
        ("region", &endpoints.region),
        ("storage", &storage(options)),
        ("frontend", endpoints.playground.as_ref().unwrap_or(&settings.headless.frontend_url)),
        ("frontend_url", &settings.headless.frontend_url),
        ("what", what),
        ("origins", &settings.csrf.trusted_origins.join(", ")),
        ("data_dir", &data_dir),
    ];
    welcome::page(settings, &values)
}

fn why_no_playground(options: &Serve) -> String {
    let port = options.playground.playground_port;
    if options.playground.no_playground {
        return "your own: links in mails lead there".to_owned();
    }
    if has_loopback(options.host) {
        return format!(
            "port {port} is in use, so the playground is off: links in mails lead to whatever has the port \
             (--playground-port chooses another)"
        );
    }
    "links in mails lead there; the playground needs the API on localhost (--host)".to_owned()
}

fn storage(options: &Serve) -> String {
    if options.ephemeral {
        return "in memory until it stops".to_owned();
    }
    format!("stored in {}", options.data.path().display())
}

fn list(errors: &[impl fmt::Display]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_of_the_repository_has_what_the_stack_needs() {
        let overrides = [("AllowedOrigins", FRONTEND), ("SenderAddress", "vestibule@localhost")];
        let overrides = overrides.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let template = Template::read(TEMPLATE, &overrides).unwrap();
        assert_eq!(template.api.cors.unwrap().allow_origins, [FRONTEND]);
        let login = |route: &&crate::template::Route| route.path == "/_allauth/{client}/v1/auth/login";
        assert_eq!(template.api.routes.iter().find(login).unwrap().program, "login");
        let database = database::open(None).unwrap();
        database::ensure_table(&database, TABLE, &template.table).unwrap();
        database::ensure_table(&database, TABLE, &template.table).unwrap();
    }
}
