//! Endpoints, and the one way in which every request to them goes: open, load, decide, commit, respond.

use std::sync::Arc;
use std::time::Duration;

use lambda_http::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use lambda_http::request::RequestContext;
use lambda_http::{Body, Request, RequestExt as _, Response};
use serde_json::{Map, Value};
use tracing::Instrument as _;
use tracing::field::Empty;

use super::call::{ApiRequest, NoCall};
use super::operation::Operation;
use super::reply::{self, Outcome, Reason, Reply};
use super::{call, cookie, csrf, language, origin_verify, present};
use crate::app::{App, Committed, LoadTexts, Requirements, report};
use crate::aws::Aws;
use crate::changes::{Changes, Dropped, SessionChange};
use crate::clock::Clock;
use crate::domain::hook::{HookExchange, HookQuestion};
use crate::domain::refusal::FieldErrorKind;
use crate::domain::session::TokenPair;
use crate::domain::social::{Asked, ProviderRequest, ProviderResponse};
use crate::domain::time::Timestamp;
use crate::domain::token::SessionToken;
use crate::flows::visit::{ClientKind, Context, Decision, MOST_LOADS, Stop, Visit};
use crate::flows::{claims, stages};
use crate::jwt::SigningError;
use crate::outbox;
use crate::outside::{CaptchaClient, CaptchaVerdict, HookClient, Internet, ProviderClient};
use crate::secret::Secret;
use crate::settings::{Settings, When};
use crate::snapshot::{Loaded, Need};
use crate::store::{CommitContext, Store, StoreError};
use crate::texts::Texts;

/// The longest pause after a transaction conflict, in milliseconds.
const LONGEST_PAUSE: usize = 500;

/// How many questions a request may put to other services: each takes as long as they do.
const MOST_QUESTIONS: usize = 3;

/// How long a request may take where Lambda tells no deadline.
const MOST_TIME: Duration = Duration::from_secs(8);

/// What is left of Lambda's deadline when a request is given up: for the response, so that a slow table gives 503 with
/// `Retry-After` and not the 500 of a function that timed out.
const TO_RESPOND: Duration = Duration::from_millis(1500);

/// What is left of the time of a request when it no longer waits for other services or other requests: to decide, and to
/// write that down.
const TO_DECIDE: Duration = Duration::from_secs(2);

/// Which requests to an endpoint take a token of the bot check (`CAPTCHA_PROVIDER`), unless somebody is logged in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BotCheck {
    /// None.
    Never,
    /// Every POST.
    Posts,
    /// A POST of a session with a pending login: all that others cause is an error.
    PendingPosts,
}

/// One path of the API.
#[derive(Clone, Copy, Debug)]
pub struct Endpoint {
    /// What follows `/_allauth/<client>/v1/`, or a whole path, which begins with `/`. `{name}` stands for any one segment.
    ///
    /// Requests to whole paths come from other sites or from anywhere: there is no protection against forged ones.
    pub path: &'static str,
    /// The only kind of client that has it; none if both do.
    pub client: Option<ClientKind>,
    /// When there is such a path.
    pub when: When,
    /// What it has besides HEAD and OPTIONS: each method, with what it takes and answers.
    pub operations: &'static [Operation],
    /// Which requests take a token of the bot check.
    pub bot_check: BotCheck,
    /// What it is bound to need, so that it is read together with the session.
    pub needs: fn(&ApiRequest, &Context<'_>) -> Vec<Need>,
    /// What happens.
    pub decide: fn(&mut Visit<'_>, &ApiRequest) -> Decision<Outcome>,
}

impl Endpoint {
    /// An endpoint of both kinds of client, whatever the settings, that needs nothing but the session.
    pub const fn at(
        path: &'static str,
        operations: &'static [Operation],
        decide: fn(&mut Visit<'_>, &ApiRequest) -> Decision<Outcome>,
    ) -> Self {
        let (client, when, bot_check) = (None, When::Always, BotCheck::Never);
        Self { path, client, when, operations, bot_check, needs: |_, _| Vec::new(), decide }
    }

    /// The same, with a bot check.
    #[must_use]
    pub const fn checking_bots(self, bot_check: BotCheck) -> Self {
        Self { bot_check, ..self }
    }

    /// The same, but there is such a path only then.
    #[must_use]
    pub const fn when(self, when: When) -> Self {
        Self { when, ..self }
    }

    /// The same, but only this kind of client has it.
    #[must_use]
    pub const fn only_for(self, client: ClientKind) -> Self {
        Self { client: Some(client), ..self }
    }

    /// The same, with a prefetch.
    #[must_use]
    pub const fn needs(self, needs: fn(&ApiRequest, &Context<'_>) -> Vec<Need>) -> Self {
        Self { needs, ..self }
    }
}

/// Something that the service says of itself, to anybody who asks for it with GET: no call of a client.
#[derive(Clone, Copy, Debug)]
pub struct Document {
    /// The whole path.
    pub path: &'static str,
    /// Writes it for who asked this scheme and host; none where the settings switch it off.
    pub write: fn(&App, &str) -> Option<Response<Body>>,
}

/// The endpoints of one function.
#[derive(Clone, Debug)]
pub struct Routes {
    /// The function's name.
    pub name: &'static str,
    /// Its endpoints.
    pub endpoints: &'static [Endpoint],
    /// Its documents.
    pub documents: &'static [Document],
    /// Whether it reads and writes the table.
    pub uses_table: bool,
    /// Whether it makes or checks anything with `SECRET_KEY`.
    pub uses_secret_key: bool,
    /// Whether it sets passwords.
    pub sets_passwords: bool,
    /// What asks other services, made once per process; it gets their secrets.
    pub outside: Option<MakeProviderClient>,
    /// What asks the site's own hook, where accounts sign up or log in.
    pub hook: Option<MakeHookClient>,
    /// What tells people from bots, where an endpoint has a check.
    pub captcha: Option<MakeCaptchaClient>,
}

/// Makes what asks other services.
pub type MakeProviderClient = fn(&App) -> Arc<dyn ProviderClient>;

/// Makes what asks the site's own hook; none where there is no hook.
pub type MakeHookClient = fn(&Settings, &Aws) -> Option<Arc<dyn HookClient>>;

/// Makes what tells people from bots; none where that is off.
pub type MakeCaptchaClient = fn(&Settings, Clock, Option<Internet>) -> Option<Arc<dyn CaptchaClient>>;

/// The header with a token of the bot check: bodies stay those of the contract.
pub(super) const CAPTCHA_TOKEN: &str = "X-Captcha-Token";

/// Answers a request. Each line that is logged meanwhile has API Gateway's id of it; the last one has what it came to,
/// and how long the parts of it took.
pub async fn answer(app: &App, routes: &Routes, request: Request) -> Response<Body> {
    let request_id = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => context.request_id.clone(),
        _ => None,
    };
    // Of the most severe level, so that errors have the id where nothing else is logged.
    let span = tracing::error_span!(
        "request",
        request_id,
        load_ms = Empty,
        decide_ms = Empty,
        commit_ms = Empty,
        ask_ms = Empty
    );
    async {
        let (method, path) = (request.method().clone(), known_path(routes, request.raw_http_path()));
        let deadline = request.lambda_context_ref().map_or(0, |context| context.deadline);
        let now = app.clock.now();
        let time = time_to_answer(deadline, now);
        let response = respond(app, routes, request, now.plus(time));
        let response = app.clock.timeout(time, response).await.unwrap_or_else(|| {
            tracing::error!(function = routes.name, path, error = "the deadline is near", "failed");
            unavailable()
        });
        log(routes.name, &method, path, &response);
        if method == Method::HEAD { response.map(|_| Body::Empty) } else { response }
    }
    .instrument(span)
    .await
}

/// What a request came to, as it is counted.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    logged_in: bool,
    signed_up: bool,
    /// A password, a code or a passkey was wrong.
    mistaken: bool,
}

fn log(function: &str, method: &Method, path: &str, response: &Response<Body>) {
    let Counts { logged_in, signed_up, mistaken } = response.extensions().get().copied().unwrap_or_default();
    let one_if = |counts: bool| counts.then_some(1_u64);
    let reason = response.extensions().get::<Reason>().map(|Reason(reason)| reason.as_str());
    // Queries, headers and bodies may hold secrets, and so may a path that is not ours.
    tracing::info!(
        function,
        %method,
        path,
        status = response.status().as_u16(),
        reason,
        Logins = one_if(logged_in),
        LoginsFailed = one_if(mistaken),
        Signups = one_if(signed_up),
        RateLimited = one_if(response.status() == StatusCode::TOO_MANY_REQUESTS),
        "answered"
    );
}

/// How long a function may take to answer before its deadline, in milliseconds since 1970; 0 where Lambda tells none.
pub fn time_to_answer(deadline: u64, now: Timestamp) -> Duration {
    if deadline == 0 {
        return MOST_TIME;
    }
    let now = u64::try_from(now.millis()).unwrap_or_default();
    Duration::from_millis(deadline.saturating_sub(now)).saturating_sub(TO_RESPOND)
}

fn known_path(routes: &Routes, path: &str) -> &'static str {
    let document = routes.documents.iter().find(|document| document.path == path);
    let path = path.split_once("/v1/").map_or(path, |(_, rest)| rest);
    let endpoint = || routes.find(path).map(|endpoint| endpoint.path);
    document.map(|document| document.path).or_else(endpoint).unwrap_or("unknown")
}

impl Routes {
    /// What the function needs of its process.
    pub const fn requirements(&self) -> Requirements {
        // Whoever looks sessions up can be shown an access token instead.
        let table = self.uses_table;
        let provider_secrets = self.outside.is_some();
        Requirements {
            table,
            secret_key: self.uses_secret_key,
            token_keys: table,
            provider_secrets,
            events: table,
            breached_passwords: self.sets_passwords,
            captcha_secret: self.captcha.is_some(),
            texts: Some(language::load as LoadTexts),
        }
    }

    /// Gives a process the clients that the function asks others with.
    pub fn equip(&self, app: &mut App) {
        app.outside = self.outside.map(|make| make(app));
        app.captcha =
            self.captcha.and_then(|make| make(&app.settings, app.clock.clone(), app.internet.clone()));
        app.hook = self.hook.zip(app.aws()).and_then(|(make, aws)| make(&app.settings, aws));
    }

    fn find(&self, path: &str) -> Option<&'static Endpoint> {
        self.endpoints.iter().find(|endpoint| matches(endpoint.path, path))
    }
}

fn matches(pattern: &str, path: &str) -> bool {
    let mut segments = path.split('/');
    let fits = pattern.split('/').all(|known| {
        segments
            .next()
            .is_some_and(|segment| known == segment || known.starts_with('{') && !segment.is_empty())
    });
    fits && segments.next().is_none()
}

async fn respond(app: &App, routes: &Routes, request: Request, until: Timestamp) -> Response<Body> {
    let settings = &app.settings;
    if is_preflight(&request) {
        return reply::empty(StatusCode::NO_CONTENT);
    }
    let texts = language::of(app, request.headers());
    if !origin_verify::is_verified(request.headers(), settings) {
        return refuse(NoCall::Unverified, texts);
    }
    app.look_for_keys(call::access_token(request.headers(), settings)).await;
    if let Some(document) = routes.documents.iter().find(|document| document.path == request.raw_http_path())
    {
        return publish(app, document, &request, texts);
    }
    let call = match ApiRequest::read(request, app, texts) {
        Ok(call) => call,
        Err(refusal) => return refuse(refusal, texts),
    };
    if app.lacks_token_keys() && call.shows_access_token(settings) {
        return unavailable();
    }
    let client = call.visitor.client;
    let is_there = |endpoint: &&Endpoint| {
        endpoint.client.is_none_or(|only| only == client) && endpoint.when.holds(settings)
    };
    let Some(endpoint) = routes.find(&call.path).filter(is_there) else {
        return refuse(NoCall::UnknownPath, texts);
    };
    if let Some(refusal) = forged(&call, settings) {
        return refusal;
    }
    match (Exchange { app, routes, endpoint, call: &call, until }).run().await {
        Ok(response) => response,
        Err(error) => {
            tracing::error!(function = routes.name, path = endpoint.path, %error, "failed");
            unavailable()
        }
    }
}

/// Whether it is a CORS preflight request, to which API Gateway's `ANY` routes lead as well: only a 2xx lets the browser
/// go on, and API Gateway adds the headers.
fn is_preflight(request: &Request) -> bool {
    let asks = |name| request.headers().contains_key(name);
    *request.method() == Method::OPTIONS
        && asks(header::ORIGIN)
        && asks(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// The answer to a request that another site may have forged in a browser's name.
fn forged(call: &ApiRequest, settings: &Settings) -> Option<Response<Body>> {
    let is_protected = call.visitor.client == ClientKind::Browser && call.is_to_api();
    let forged = is_protected.then(|| csrf::check(call, settings).err()).flatten()?;
    Some(reply::page(StatusCode::FORBIDDEN, &call.texts, forged.text()))
}

fn publish(app: &App, document: &Document, request: &Request, texts: &Texts) -> Response<Body> {
    let base_url = match call::base_url(request.headers(), &app.settings) {
        Ok(base_url) => base_url,
        Err(refusal) => return refuse(refusal, texts),
    };
    match (document.write)(app, &base_url) {
        None if app.lacks_token_keys() => unavailable(),
        None => refuse(NoCall::UnknownPath, texts),
        Some(mut response) if [Method::GET, Method::HEAD].contains(request.method()) => {
            // It may decide the base URL, and a cache must not give one client's choice to all.
            response.headers_mut().append(header::VARY, HeaderValue::from_static("X-Forwarded-Host"));
            response
        }
        Some(_) => reply::methods(request.method(), &[Method::GET]),
    }
}

fn refuse(refusal: NoCall, texts: &Texts) -> Response<Body> {
    match refusal {
        NoCall::UnknownPath => reply::page(StatusCode::NOT_FOUND, texts, "pages.unknown_path"),
        NoCall::UnknownHost => reply::page(StatusCode::BAD_REQUEST, texts, "pages.unknown_host"),
        NoCall::Unverified => reply::page(StatusCode::FORBIDDEN, texts, "pages.unverified"),
    }
}

fn unavailable() -> Response<Body> {
    let mut response = Reply::status(StatusCode::SERVICE_UNAVAILABLE).into_response(&Texts::default());
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

/// One request to an endpoint.
#[derive(Clone, Copy)]
struct Exchange<'a> {
    app: &'a App,
    routes: &'a Routes,
    endpoint: &'a Endpoint,
    call: &'a ApiRequest,
    /// When the request is given up.
    until: Timestamp,
}

/// Why a request gets no answer of its own.
#[derive(Debug, thiserror::Error)]
enum Unanswered {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Signing(#[from] SigningError),
}

/// What a request came to, before it is written.
struct Decided {
    outcome: Decision<Outcome>,
    changes: Changes,
    /// Whether the client is to renew what it holds of its session.
    renewed: bool,
    sessionless: bool,
    /// Which accounts trust the browser from now on, if that has changed.
    trust: Option<String>,
    issued: Option<(TokenPair, Map<String, Value>)>,
    counts: Counts,
}

impl Exchange<'_> {
    async fn run(self) -> Result<Response<Body>, Unanswered> {
        let Self { app, endpoint, call, .. } = self;
        let passwords = app.passwords();
        let mut secrets = app.secrets();
        let mut needs = (endpoint.needs)(call, &app.context(&secrets, &passwords));
        let (mut asked, mut hooked) = (Vec::new(), None);
        let mut rewritten = false;
        let mut races = 0;
        let mut is_checked = !self.checks_bots();
        // Who presents no token is neither logged in nor has a pending login.
        if !is_checked && !call.visitor.presents_token {
            if endpoint.bot_check == BotCheck::Posts
                && let Some(refusal) = self.refuse_bot().await
            {
                return Ok(refusal);
            }
            is_checked = true;
        }
        loop {
            let now = app.clock.now();
            let mut loaded = self.load(&needs, now).await?;
            loaded.asked.clone_from(&asked);
            loaded.hooked.clone_from(&hooked);
            let settled = call.settled(&loaded);
            let exchange = Exchange { call: settled.as_ref().unwrap_or(call), ..self };
            // A secret that is bound to a session (`CSRF_USE_SESSIONS`) is to be that of this one.
            if settled.is_some()
                && let Some(refusal) = forged(exchange.call, &app.settings)
            {
                return Ok(refusal);
            }
            let context = app.context(&secrets, &passwords);
            if !std::mem::replace(&mut is_checked, true)
                && exchange.may_be_bot(context, &loaded, now)
                && let Some(refusal) = exchange.refuse_bot().await
            {
                return Ok(refusal);
            }
            let decided = exchange.decide(context, &mut loaded, &mut needs, now).await?;
            hooked.clone_from(&loaded.hooked);
            if app.finds_newer_keys().await {
                secrets = app.secrets();
                continue;
            }
            if let Some(response) = withheld(endpoint.path, &decided.outcome, &call.texts) {
                return Ok(response);
            }
            match exchange.commit(&decided.changes, &loaded, now).await {
                Ok(sent) => {
                    self.deliver(sent, &decided.changes).await;
                    match decided.outcome {
                        Ok(Outcome::Ask(question)) => {
                            rewritten |= matches!(decided.changes.session, SessionChange::Put { .. });
                            asked.push(self.ask(question, asked.len()).await?);
                        }
                        _ => return Ok(exchange.finish(decided, rewritten)?),
                    }
                }
                Err(StoreError::Lost) => {
                    races += 1;
                    needs.extend(decided.changes.claims());
                    self.wait_for_turn(races).await?;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Whether requests like this one take a token of the bot check.
    fn checks_bots(self) -> bool {
        let is_checked = self.endpoint.bot_check != BotCheck::Never;
        self.app.captcha.is_some() && is_checked && self.call.method == Method::POST
    }

    /// Whether this request takes one: its session is not authenticated, and it may cause more than an error.
    fn may_be_bot(self, context: Context<'_>, loaded: &Loaded, now: Timestamp) -> bool {
        let Ok(visit) = Visit::open(context, &self.call.visitor, loaded, now) else { return true };
        let may_act = self.endpoint.bot_check == BotCheck::Posts || visit.session().pending().is_some();
        visit.user().is_none() && may_act
    }

    /// The answer to a request that has no right token, before anything is decided.
    async fn refuse_bot(self) -> Option<Response<Body>> {
        let captcha = self.app.captcha.as_ref()?;
        match captcha.verify(self.call.header(CAPTCHA_TOKEN), &self.call.visitor.ip).await {
            CaptchaVerdict::Human => None,
            CaptchaVerdict::Refused => {
                let refused = Reply::invalid(FieldErrorKind::BotCheckFailed.of_all().into());
                Some(refused.into_response(&self.call.texts))
            }
            CaptchaVerdict::Unknown => (!self.app.settings.captcha.fail_open).then(unavailable),
        }
    }

    /// Delivers the messages and events of a commit, where nothing else does.
    async fn deliver(self, messages: Vec<String>, changes: &Changes) {
        warn_of_dropped(self.endpoint.path, changes.dropped);
        if let Some(after_commit) = &self.app.after_commit {
            let events = changes.events.iter().map(|item| (item.account.clone(), item.id.clone()));
            after_commit(Committed { messages, events: events.collect() }).await;
        }
    }

    /// Waits for a random time after a transaction conflict, twice as long with each: people behind one IP address share
    /// counters, and so do recipients of mail, and dozens of them at once must all get through. It stops when there is no
    /// time left to decide again.
    async fn wait_for_turn(self, races: u32) -> Result<(), StoreError> {
        let longest = 10_usize.saturating_mul(1 << races.min(10)).min(LONGEST_PAUSE);
        let pause = Duration::from_millis(self.app.random.below(longest) as u64);
        if self.app.clock.now().plus(pause + TO_DECIDE) > self.until {
            return Err(StoreError::Unavailable("lost every race".to_owned()));
        }
        tracing::info!(path = self.endpoint.path, races, "transaction conflict: retrying");
        self.app.clock.wait(pause).await;
        Ok(())
    }

    /// Reads what is bound to be needed, and finds out which session is the client's.
    async fn load(self, needs: &[Need], now: Timestamp) -> Result<Loaded, StoreError> {
        let Some(store) = self.store() else { return Ok(Loaded::default()) };
        let sessions = self.call.visitor.sessions();
        let began = self.app.clock.now();
        let mut loaded = store.load(&sessions, needs).await?;
        self.took("load_ms", began);
        loaded.settle(now);
        Ok(loaded)
    }

    /// Sends a request to a provider. The commit before it made sure that it is sent once: so a request that no longer
    /// waits still has to decide, or what was used up for it would be lost without an answer.
    async fn ask(self, question: Box<ProviderRequest>, asked: usize) -> Result<Arc<Asked>, StoreError> {
        match &self.app.outside {
            Some(outside) if asked < MOST_QUESTIONS => {
                let began = self.app.clock.now();
                let left = u64::try_from(self.until.millis() - began.millis()).unwrap_or_default();
                let patience = Duration::from_millis(left).saturating_sub(TO_DECIDE);
                let answer = self.app.clock.timeout(patience, outside.ask(&question)).await;
                let answer = answer.unwrap_or_else(|| {
                    let provider = question.provider();
                    tracing::warn!(
                        provider,
                        error = "too_slow",
                        "a provider's response is no longer waited for"
                    );
                    ProviderResponse::Nothing
                });
                self.took("ask_ms", began);
                Ok(Arc::new(Asked { question: *question, answer }))
            }
            _ => Err(StoreError::Corrupt(
                "the function sends no requests to providers, or too many".to_owned(),
            )),
        }
    }

    /// Puts a question to the site's own hook.
    async fn ask_hook(self, question: HookQuestion) -> Result<Arc<HookExchange>, StoreError> {
        let none = || StoreError::Corrupt("the function has no client of the hook".to_owned());
        let hook = self.app.hook.as_ref().ok_or_else(none)?;
        let began = self.app.clock.now();
        let answer = hook.ask(&question).await;
        self.took("ask_ms", began);
        Ok(Arc::new(HookExchange { question, answer }))
    }

    /// Adds the milliseconds of a part of the request to its span. Nearly all of `decide_ms` is for hashing passwords.
    fn took(self, part: &'static str, began: Timestamp) {
        let took = self.app.clock.now().millis() - began.millis();
        tracing::Span::current().record(part, took.max(0));
    }

    fn store(&self) -> Option<&Store> {
        self.app.store().filter(|_| self.routes.uses_table)
    }

    /// Decides; whenever a flow needs more items, reads them and decides again, and likewise if it asks the hook. That
    /// costs no round trip: what was read still is the snapshot, and the commit's conditions find out whether it holds.
    async fn decide(
        self,
        context: Context<'_>,
        loaded: &mut Loaded,
        needs: &mut Vec<Need>,
        now: Timestamp,
    ) -> Result<Decided, StoreError> {
        for _ in 0..MOST_LOADS {
            let began = self.app.clock.now();
            let decided = self.decide_once(context, loaded, now);
            self.took("decide_ms", began);
            let missing = match decided {
                Ok(Decided { outcome: Err(Stop::Ask(question)), .. }) => {
                    loaded.hooked = Some(self.ask_hook(*question).await?);
                    continue;
                }
                Ok(decided) => return Ok(decided),
                Err(missing) => missing,
            };
            let began = self.app.clock.now();
            match self.store() {
                Some(store) => store.load_more(loaded, &missing).await?,
                None => return Err(StoreError::Unavailable("this function has no table".to_owned())),
            }
            self.took("load_ms", began);
            needs.extend(missing);
        }
        Err(StoreError::Corrupt("a flow never knew enough".to_owned()))
    }

    fn decide_once(
        self,
        context: Context<'_>,
        loaded: &Loaded,
        now: Timestamp,
    ) -> Result<Decided, Vec<Need>> {
        let visitor = &self.call.visitor;
        let mut visit = match stages::open(context, visitor, loaded, now) {
            Ok(visit) => visit,
            Err(Stop::Missing(needs)) => return Err(needs),
            Err(_) => return Err(Vec::new()),
        };
        let is_app = visitor.client == ClientKind::App;
        let outcome = if is_app && self.routes.uses_table && visitor.presents_token && visit.token_is_stale()
        {
            Ok(present::unauthorized(&visit, StatusCode::GONE).into())
        } else {
            (self.endpoint.decide)(&mut visit, self.call)
        };
        let mistaken = matches!(&outcome, Err(Stop::Invalid(errors)) if errors.has_wrong_credential());
        let outcome = match outcome {
            Err(Stop::Missing(needs)) => return Err(needs),
            Err(stop) => explain(&visit, stop).map(Outcome::Reply),
            decided => decided,
        };
        let logged_in = visit.has_logged_in();
        let (renewed, sessionless) = (visit.is_modified() || visit.slides(), visit.is_sessionless());
        let trust = visit.new_trust().map(str::to_owned);
        let issued = visit.issued().map(|pair| (pair.clone(), claims::of_user(&visit)));
        let changes = visit.into_changes();
        let counts = Counts { logged_in, signed_up: changes.adds_account(), mistaken };
        Ok(Decided { outcome, changes, renewed, sessionless, trust, issued, counts })
    }

    async fn commit(
        self,
        changes: &Changes,
        loaded: &Loaded,
        now: Timestamp,
    ) -> Result<Vec<String>, StoreError> {
        let Some(store) = self.store().filter(|_| !changes.is_empty()) else { return Ok(Vec::new()) };
        let app = self.app;
        let outbox = outbox::seal(app, &changes.letters, now)?;
        let context = CommitContext {
            loaded,
            now,
            session_expires_at: now.plus(app.settings.session.cookie_age),
            session_max_age: app.settings.session.max_age,
            unique_email: app.settings.account.unique_email,
            token: &app.random.uuid(now),
            outbox: &outbox,
        };
        let began = app.clock.now();
        store.commit(changes, &context).await?;
        self.took("commit_ms", began);
        Ok(outbox.into_iter().map(|(id, _)| id).collect())
    }

    /// Turns what was decided into an answer, with the session for the client to keep.
    /// `rewritten` says whether the session was written before another service was asked.
    fn finish(self, decided: Decided, rewritten: bool) -> Result<Response<Body>, SigningError> {
        let call = self.call;
        let token = match &decided.changes.session {
            SessionChange::Put { token, .. } => token.as_ref().filter(|_| decided.renewed),
            SessionChange::None => call.visitor.token.as_ref().filter(|_| rewritten || decided.renewed),
            SessionChange::Delete(..) => None,
        };
        let is_page = matches!(decided.outcome, Ok(Outcome::Page(_)));
        let mut response = match decided.outcome {
            Ok(Outcome::Reply(mut reply)) => {
                if let Some(token) = self.exposed(token) {
                    reply = reply.with_meta("session_token", token.text().into());
                }
                if let (Some(jwt), Some((pair, claims)), Some(token)) =
                    (self.app.jwt(), &decided.issued, token)
                {
                    let issued = jwt.issue(pair, &token.key(), &call.visitor.base_url, claims)?;
                    reply = reply
                        .with_meta("access_token", issued.access_token.expose().into())
                        .with_meta("refresh_token", issued.refresh_token.expose().into());
                }
                reply.into_response(&call.texts)
            }
            Ok(Outcome::Redirect(address)) => reply::redirect(&address, &call.texts),
            Ok(Outcome::Page(html)) => reply::document(StatusCode::OK, &call.texts, html),
            Ok(Outcome::ErrorPage(status, text)) => reply::page(status, &call.texts, text),
            Err(Stop::NotAllowed) => {
                let methods = self.endpoint.operations.iter().map(|operation| operation.method.clone());
                reply::methods(&call.method, &methods.collect::<Vec<_>>())
            }
            Err(Stop::TooLarge) => reply::page(StatusCode::BAD_REQUEST, &call.texts, "pages.too_large"),
            // Other stops are explained and questions asked before they get here.
            Err(_) | Ok(Outcome::Ask(_) | Outcome::RedirectUnchanged(_)) => reply::malformed(),
        };
        response.extensions_mut().insert(decided.counts);
        if call.visitor.client == ClientKind::Browser {
            let is_gone = self.routes.uses_table && call.visitor.presents_token && decided.sessionless;
            let keeps_secret = self.call.is_to_api() || decided.counts.logged_in || is_page;
            self.keep(token, is_gone, decided.counts.logged_in, keeps_secret, response.headers_mut());
            let trust =
                decided.trust.map(|trust| cookie::CookieAttributes::of_trust(&self.app.settings).set(&trust));
            if let Some(Ok(value)) = trust.map(|line| HeaderValue::from_str(&line)) {
                response.headers_mut().append(header::SET_COOKIE, value);
            }
        }
        Ok(response)
    }

    /// The token of an app's session, when it has changed.
    fn exposed<'t>(&self, token: Option<&'t SessionToken>) -> Option<&'t SessionToken> {
        let known = self.call.visitor.token.as_ref().map(SessionToken::text);
        token.filter(|token| self.call.visitor.client == ClientKind::App && known != Some(token.text()))
    }

    /// Sets what a browser keeps: its session, and its CSRF secret.
    fn keep(
        self,
        token: Option<&SessionToken>,
        is_gone: bool,
        logged_in: bool,
        keeps_secret: bool,
        headers: &mut HeaderMap,
    ) {
        let Self { app, call, .. } = self;
        let settings = &app.settings;
        let session = cookie::CookieAttributes::of_session(settings);
        let mut set = |name: HeaderName, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.append(name, value);
            }
        };
        if settings.csrf.use_sessions && keeps_secret {
            // A session that is not in the table holds nothing but the secret that follows from its token.
            let new = || SessionToken::new(None, Secret::new(app.random.secret()));
            let (token, is_new) = match (token, &call.visitor.token) {
                (Some(token), _) => (token.clone(), true),
                (None, Some(token)) => (token.clone(), false),
                (None, None) => (new(), true),
            };
            if is_new {
                set(header::SET_COOKIE, &session.set(&token.text()));
            }
            set(HeaderName::from_static("x-csrftoken"), &csrf::of_session(&token));
            return;
        }
        match token {
            Some(token) => set(header::SET_COOKIE, &session.set(&token.text())),
            None if is_gone => set(header::SET_COOKIE, &session.delete()),
            None => {}
        }
        if !keeps_secret {
            return;
        }
        // Set anew each time, so that it does not expire; another one after a login, as the old one may be known.
        let secret = if logged_in {
            Some(csrf::new_secret(&app.random))
        } else {
            csrf::kept(call, settings, &app.random)
        };
        if let Some(secret) = secret {
            set(header::SET_COOKIE, &cookie::CookieAttributes::of_csrf(settings).set(&secret));
        }
    }
}

fn warn_of_dropped(path: &str, dropped: Dropped) {
    let Dropped { by_recipient, in_all } = dropped;
    if dropped != Dropped::default() {
        tracing::warn!(
            path,
            MailsDroppedByRecipient = by_recipient,
            MailsDroppedInAll = in_all,
            "messages were not sent: a limit on mail was reached"
        );
    }
}

/// The answer where nothing is committed, and the client is to try again: a token can't be signed, an item can't be opened,
/// only a later release knows what is in it, or the site's own hook did not say what is to happen.
fn withheld(path: &str, outcome: &Decision<Outcome>, texts: &Texts) -> Option<Response<Body>> {
    match outcome {
        Err(Stop::Unopened(unopened)) => report(*unopened),
        Err(Stop::Unsupported(what)) => tracing::error!(path, "{what}"),
        Err(Stop::Unsigned | Stop::HookFailed) => {}
        Err(Stop::Outdated) => return Some(Reply::status(StatusCode::CONFLICT).into_response(texts)),
        Ok(Outcome::RedirectUnchanged(url)) => return Some(reply::redirect(url, texts)),
        _ => return None,
    }
    Some(unavailable())
}

/// The answer to a stop, where it has one in the envelope.
fn explain(visit: &Visit<'_>, stop: Stop) -> Decision<Reply> {
    Ok(match stop {
        Stop::Invalid(errors) => Reply::invalid(errors),
        Stop::RateLimited => Reply::status(StatusCode::TOO_MANY_REQUESTS),
        Stop::Conflict => Reply::status(StatusCode::CONFLICT),
        Stop::Forbidden => Reply::status(StatusCode::FORBIDDEN),
        Stop::ReauthenticationRequired => present::reauthentication(visit),
        Stop::Unauthorized => present::unauthorized(visit, StatusCode::UNAUTHORIZED),
        other => return Err(other),
    })
}

#[cfg(test)]
mod tests {
    use lambda_http::BoxFuture;

    use super::*;
    use crate::domain::social::PresentedToken;

    struct Services;

    impl ProviderClient for Services {
        fn ask<'a>(&'a self, question: &'a ProviderRequest) -> BoxFuture<'a, ProviderResponse> {
            Box::pin(async move {
                match question.provider() {
                    "silent" => std::future::pending().await,
                    provider => ProviderResponse::Address(format!("https://{provider}.example")),
                }
            })
        }
    }

    fn ask(service: &str) -> Outcome {
        let token =
            PresentedToken { provider: service.into(), client_id: None, id_token: None, access_token: None };
        Outcome::Ask(Box::new(ProviderRequest::Token(token)))
    }

    fn ask_two(visit: &mut Visit<'_>, call: &ApiRequest) -> Decision<Outcome> {
        call.input(|_| Ok(()))?;
        let said: Vec<String> = visit.asked().iter().map(|asked| format!("{:?}", asked.answer)).collect();
        let services = if call.path == "slow" { ["silent", "silent"] } else { ["provider", "hook"] };
        Ok(services.get(said.len()).map_or_else(|| Outcome::Redirect(said.join(" ")), |service| ask(service)))
    }

    const fn at(
        path: &'static str,
        decide: fn(&mut Visit<'_>, &ApiRequest) -> Decision<Outcome>,
    ) -> Endpoint {
        Endpoint::at(path, &[], decide)
    }

    /// A function with endpoints that ask services.
    async fn asking() -> (App, Routes) {
        const ENDPOINTS: &[Endpoint] =
            &[at("two", ask_two), at("slow", ask_two), at("endless", |_, _| Ok(ask("provider")))];
        let routes = Routes {
            name: "test",
            endpoints: ENDPOINTS,
            documents: &[],
            uses_table: false,
            uses_secret_key: false,
            sets_passwords: false,
            outside: None,
            hook: None,
            captcha: None,
        };
        let variables = [("ALLOWED_HOSTS", "*")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        let nothing = Requirements { table: false, ..Requirements::TABLE };
        let mut app = App::start(variables.into(), nothing).await.unwrap();
        app.outside = Some(Arc::new(Services));
        (app, routes)
    }

    fn get(name: &str) -> Request {
        let request = Request::default().with_raw_http_path(format!("/_allauth/app/v1/{name}"));
        let (mut parts, body) = request.into_parts();
        parts.headers.insert(header::HOST, HeaderValue::from_static("api.example.com"));
        Request::from_parts(parts, body)
    }

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
    }

    #[test]
    fn services_that_do_not_answer_leave_time_to_decide_without_them() {
        block_on(async {
            let (app, routes) = asking().await;
            let little = Duration::from_millis(100);
            let deadline = Duration::from_millis(app.clock.now().millis().unsigned_abs());
            let deadline = deadline + TO_RESPOND + TO_DECIDE + little;
            let mut context = lambda_http::Context::default();
            context.deadline = deadline.as_millis().try_into().unwrap();
            let response = answer(&app, &routes, get("slow").with_lambda_context(context)).await;
            assert_eq!(response.status(), StatusCode::FOUND);
            assert_eq!(response.headers()[header::LOCATION], "Nothing%20Nothing");
        });
    }

    #[test]
    fn a_request_may_ask_one_service_after_the_other_but_not_without_end() {
        block_on(ask_services());
    }

    async fn ask_services() {
        let (app, routes) = asking().await;
        let get = async |name: &str| answer(&app, &routes, get(name)).await;
        let response = get("two").await;
        assert_eq!(response.status(), StatusCode::FOUND);
        let said = response.headers()[header::LOCATION].to_str().unwrap();
        assert!(said.contains("provider.example") && said.contains("hook.example"), "{said}");
        assert_eq!(get("endless").await.status(), StatusCode::SERVICE_UNAVAILABLE);
    }

    #[test]
    fn a_name_in_braces_stands_for_one_segment() {
        let callback = "/accounts/{provider}/login/callback/";
        assert!(matches(callback, "/accounts/github/login/callback/"));
        assert!(matches("auth/login", "auth/login"));
        for path in [
            "/accounts//login/callback/",
            "/accounts/oidc/github/login/callback/",
            "/accounts/github/login/callback",
            "accounts/github/login/callback/",
            "/accounts/github/login/callback/x",
        ] {
            assert!(!matches(callback, path), "{path}");
        }
        assert!(!matches("auth/login", "/auth/login"));
    }
}
