//! The processes of the functions: two of each, which start when they are first needed, and lose what they know when they die.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use futures_util::FutureExt as _;
use vestibule::app::{App, Requirements, Surroundings};
use vestibule::http::Routes;
use vestibule::random::Random;
use vestibule::settings::Settings;
use vestibule_events::EventTarget;
use vestibule_mail::{AwsSender, Mailer};

use crate::dice::Dice;
use crate::kernel::Kernel;
use crate::network;

/// How far the clock of a process can be from the right time, in milliseconds.
pub const MOST_SKEW: i64 = 2000;

/// A process of a function that answers requests.
#[derive(Clone)]
pub struct ApiProcess {
    /// What it knows.
    pub app: Arc<App>,
    /// What it answers.
    pub routes: Arc<Routes>,
}

/// The process of the function `mail`.
pub struct MailProcess {
    /// What it knows.
    pub app: App,
    /// What it sends with.
    pub mailer: Mailer<AwsSender>,
}

/// The process of the function `events`.
pub struct EventsProcess {
    /// What it knows.
    pub app: App,
    /// What it delivers to.
    pub target: EventTarget,
}

/// Which process: the name of its function, and which of the two it is.
pub type ProcessId = (&'static str, usize);

/// All processes.
pub struct Processes {
    kernel: Arc<Kernel>,
    settings: Settings,
    seed: u64,
    started: u64,
    routes: Vec<Arc<Routes>>,
    api: BTreeMap<ProcessId, ApiProcess>,
    mail: Option<Arc<MailProcess>>,
    events: Option<Arc<EventsProcess>>,
    operator: Option<Arc<App>>,
    authorizers: BTreeMap<ProcessId, Arc<App>>,
}

impl Processes {
    /// None is running.
    pub fn new(kernel: &Arc<Kernel>, variables: HashMap<String, String>, seed: u64) -> Self {
        let settings = Settings::read(variables).expect("the settings are right").settings;
        let routes = vestibule_cli::routes().map(Arc::new).into();
        let kernel = Arc::clone(kernel);
        Self {
            kernel,
            settings,
            seed,
            started: 0,
            routes,
            api: BTreeMap::new(),
            mail: None,
            events: None,
            operator: None,
            authorizers: BTreeMap::new(),
        }
    }

    /// The process that answers a path.
    pub fn answering(&mut self, path: &str, instance: usize) -> (ProcessId, ApiProcess) {
        let rest = path.split_once("/v1/").map_or(path, |(_, rest)| rest);
        let is_there = |routes: &&Arc<Routes>| {
            routes.endpoints.iter().any(|it| matches(it.path, rest))
                || routes.documents.iter().any(|it| it.path == path)
        };
        let routes = self.routes.iter().find(is_there).expect("a path of the API").clone();
        let id = (routes.name, instance);
        if let Some(process) = self.api.get(&id) {
            return (id, process.clone());
        }
        let mut app = self.start(routes.requirements());
        routes.equip(&mut app);
        let process = ApiProcess { app: Arc::new(app), routes };
        self.api.insert(id, process.clone());
        (id, process)
    }

    /// The process that tells another API who is asking.
    pub fn authorizer(&mut self, instance: usize) -> (ProcessId, Arc<App>) {
        let id = ("authorizer", instance);
        if let Some(process) = self.authorizers.get(&id) {
            return (id, Arc::clone(process));
        }
        let process = Arc::new(self.start(vestibule_authorizer::REQUIREMENTS));
        self.authorizers.insert(id, Arc::clone(&process));
        (id, process)
    }

    /// The process that sends mail.
    pub fn mail(&mut self) -> Arc<MailProcess> {
        if let Some(process) = &self.mail {
            return Arc::clone(process);
        }
        let app = self.start(vestibule_mail::REQUIREMENTS);
        let aws = app.aws().expect("it has a table").clone();
        let mailer = Mailer::from_settings(&app.settings, aws).expect("the texts of the project");
        let process = Arc::new(MailProcess { app, mailer });
        self.mail = Some(Arc::clone(&process));
        process
    }

    /// The process that delivers events.
    pub fn events(&mut self) -> Arc<EventsProcess> {
        if let Some(process) = &self.events {
            return Arc::clone(process);
        }
        let app = self.start(vestibule_events::REQUIREMENTS);
        let target = EventTarget::connect(&app).now_or_never().expect("it waits for nothing");
        let process = Arc::new(EventsProcess { app, target: target.expect("the settings name a bus") });
        self.events = Some(Arc::clone(&process));
        process
    }

    /// The process of the function `operator`.
    pub fn operator(&mut self) -> Arc<App> {
        if let Some(process) = &self.operator {
            return Arc::clone(process);
        }
        let app = Arc::new(self.start(vestibule::operator::api::WRITER));
        self.operator = Some(Arc::clone(&app));
        app
    }

    /// Ends a process, with all that it knows.
    pub fn kill(&mut self, id: ProcessId) {
        self.api.remove(&id);
        self.authorizers.remove(&id);
    }

    fn start(&mut self, requirements: Requirements) -> App {
        self.started += 1;
        let mut dice = Dice::new(self.seed, "process", &[self.started]);
        let skew = i64::try_from(dice.next() % (2 * MOST_SKEW.unsigned_abs())).unwrap_or_default();
        let clock = self.kernel.clock(skew - MOST_SKEW);
        let dice = std::sync::Mutex::new(dice);
        let random = Random::new(move |bytes| dice.lock().expect("nobody panics with it").fill(bytes));
        let region = format!("region-{}", unique());
        let aws = Some(network::aws(&self.kernel, &region, clock.clone()));
        let surroundings =
            Surroundings { aws, clock, random, internet: Some(network::internet(&self.kernel)) };
        let app = App::within(self.settings.clone(), requirements, surroundings);
        app.now_or_never().expect("it waits for nothing").expect("the settings are right")
    }
}

/// A number that no other process of this program has.
fn unique() -> u64 {
    static COUNT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
}

fn matches(pattern: &str, path: &str) -> bool {
    let (pattern, path): (Vec<&str>, Vec<&str>) = (pattern.split('/').collect(), path.split('/').collect());
    pattern.len() == path.len()
        && pattern.iter().zip(path).all(|(known, part)| *known == part || known.starts_with('{'))
}
