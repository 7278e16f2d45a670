//! Everything there is: people and their clients, the processes, AWS, and what happens in one round after another.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use serde_json::Value;
use vestibule_simulator_kernel::{Dice, FaultId, Faults, Kernel, Outcome, Task, TaskId};
use vestibule_simulator_release::AUTHORIZER;
use vestibule_tests::{Answer, Client, Description, Kind};

use crate::case::Case;
use crate::choice;
use crate::habits::Habits;
use crate::keys::HOST;
use crate::memory::Memory;
use crate::operator::{ERRAND, Errand};
use crate::person::{Actor, Person};
use crate::processes::{ProcessId, Processes, Releases};
use crate::rotation::{APART, Rotations};
use crate::scene::Scene;
use crate::services::Services;
use crate::settings::{self, Demands, IfFails};
use crate::steps::{Intent, Sending, Step};
use crate::stream::{Reader, Stream};
use crate::tokens::Tokens;

/// The media types of what is sent.
const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
/// The time at which every run begins, in milliseconds since 1970.
const BEGIN: i64 = 1_800_000_000_000;
/// Most requests at once.
const MOST_AT_ONCE: u32 = 3;
/// How many rounds one client does most of what is done.
const FOCUSED: u32 = 12;
/// One round in so many is a rush: a client ends something, while another one of the same person begins something.
const RUSH: usize = 5;
/// One round in so many has a request of an operator.
const ERRANDS: usize = 12;
/// One round in so many has an invitation, where there are any.
const INVITATIONS: usize = 5;
/// Most requests of a rush.
const MOST_IN_RUSH: u32 = 4;

/// A run.
pub struct World {
    seed: u64,
    kernel: Arc<Kernel>,
    /// AWS.
    pub services: Services,
    processes: Processes,
    /// Everybody.
    pub people: Vec<Person>,
    /// The clients of everybody.
    pub actors: Vec<Actor>,
    habits: Habits,
    /// What was promised so far.
    pub memory: Memory,
    stream: Stream,
    left_out: BTreeSet<TaskId>,
    /// The requests that were sent.
    pub tasks: BTreeSet<TaskId>,
    description: Arc<Description>,
    /// Whether an account is of no use before an email address of it is verified.
    pub is_verification_mandatory: bool,
    has_provider: bool,
    demands: Demands,
    /// Whether a sign-up needs no invitation.
    pub is_signup_open: bool,
    /// What follows if the hook fails, if there is one.
    pub hook_failure: Option<IfFails>,
    bot_check_failure: IfFails,
    /// How many faults there were before the last round, and before this one.
    faults_before: [usize; 2],
    round: u32,
    errand: Option<Errand>,
    rotations: Rotations,
    /// What happened, line by line.
    pub trace: Vec<String>,
}

/// A request that is under way.
struct Sent {
    intent: Intent,
    client: Client,
    process: ProcessId,
    id: TaskId,
    path: String,
    body: Bytes,
    sending: Sending,
    response: Outcome<Option<Response<Bytes>>>,
}

impl World {
    /// At the beginning of a run.
    pub fn new(case: &Case, releases: &Releases) -> Self {
        let seed = case.seed;
        fastrand::seed(seed); // The SDK chooses its pauses with it.
        let kernel = Kernel::new(BEGIN, Faults::new(seed, case.without_faults.clone()));
        let variables = settings::of(seed);
        let memory = Memory::new(Tokens::new(&variables));
        let is_verification_mandatory = variables["ACCOUNT_EMAIL_VERIFICATION"] == "mandatory";
        let has_provider = variables["SOCIALACCOUNT_PROVIDERS"] != "{}";
        let description = Description::of(variables.clone());
        // The fewer they are, the more happens to each account.
        let count = Dice::new(seed, "people", &[]).pick(&[1, 1, 2, 2, 3]).copied().unwrap_or(1);
        let people: Vec<Person> =
            ["ann", "bob", "cleo"].into_iter().take(count).enumerate().map(person).collect();
        let actors = (0..people.len() * 2).map(|number| {
            let kind = if number % 2 == 0 { Kind::Browser } else { Kind::App };
            actor(number / 2, &people, Client::new(kind, HOST, &description))
        });
        Self {
            seed,
            services: Services::new(),
            processes: Processes::new(&kernel, releases, variables.clone(), seed),
            actors: actors.collect(),
            people,
            habits: Habits::new(
                seed,
                variables["ACCOUNT_LOGIN_METHODS"].contains("phone"),
                variables["MFA_PASSKEY_SIGNUP_ENABLED"] == "true",
            ),
            memory,
            stream: Stream::default(),
            left_out: case.without_tasks.clone(),
            tasks: BTreeSet::new(),
            description,
            is_verification_mandatory,
            has_provider,
            demands: Demands::of(&variables),
            is_signup_open: variables.get("ACCOUNT_SIGNUP_ENABLED").is_none_or(|value| value == "true"),
            hook_failure: variables
                .contains_key("ACCOUNT_HOOK_URL")
                .then(|| IfFails::of(&variables, "ACCOUNT_HOOK_FAIL_OPEN")),
            bot_check_failure: IfFails::of(&variables, "CAPTCHA_FAIL_OPEN"),
            faults_before: [0; 2],
            round: 0,
            errand: None,
            rotations: Rotations::default(),
            trace: Vec::new(),
            kernel,
        }
    }

    /// The faults that have happened.
    pub fn faults(&self) -> Vec<FaultId> {
        self.kernel.faults(|faults| faults.happened.iter().map(|(id, _)| *id).collect())
    }

    /// From now on nothing goes wrong.
    pub fn calm_down(&mut self) {
        self.kernel.faults(Faults::end);
    }

    /// Another client of a person, which was never here before.
    pub fn newcomer(&mut self, person: usize, kind: Kind) -> usize {
        self.actors.push(actor(person, &self.people, Client::new(kind, HOST, &self.description)));
        self.actors.len() - 1
    }

    /// The number of the round.
    pub const fn now(&self) -> u32 {
        self.round
    }

    /// Lets time pass.
    pub fn pass(&self, length: Duration) {
        self.kernel.pass(length);
    }

    /// The time now, in seconds since 1970.
    pub fn seconds(&self) -> u64 {
        u64::try_from(self.kernel.now() / 1000).unwrap_or_default()
    }

    /// Whether nothing went wrong in this round, and in the one before.
    pub fn is_calm(&self) -> bool {
        self.faults().len() == self.faults_before[0]
    }

    /// What must be there before anybody comes: signing keys.
    pub fn prepare(&mut self) {
        for attempt in 0.. {
            if !self.demands.extras || self.rotations.has_keys() {
                return;
            }
            assert!(attempt < 200, "the first keys never come");
            self.rotations.begin(self.round);
            let mut dice = Dice::new(self.seed, "preparation", &[attempt]);
            self.run(Vec::new(), &mut dice);
        }
    }

    /// One to three requests at once, and what the stream delivers meanwhile.
    pub fn round(&mut self) {
        self.round += 1;
        self.faults_before = [self.faults_before[1], self.faults().len()];
        let round = self.round;
        let mut dice = Dice::new(self.seed, "round", &[round.into()]);
        // Mostly seconds; now and then a limit or a code expires.
        let pause = [40, 200, 1000, 40_000].get(dice.below(30)).copied().unwrap_or(1 + dice.draw() % 16);
        self.kernel.pass(Duration::from_secs(pause));
        self.kernel.serve_late(&mut dice.clone(), &mut |call| self.services.serve(call));
        if self.demands.extras && self.rotations.begin(round) {
            self.processes.kill_all();
            self.memory.jwt.forget_keys();
            self.kernel.pass(APART);
        }
        let rush = self.rush(&mut dice);
        let most = if rush.is_some() { MOST_IN_RUSH } else { MOST_AT_ONCE };
        let count = 1 + u32::try_from(dice.below(most as usize)).unwrap_or_default();
        let mut intents: Vec<(TaskId, Intent)> = Vec::new();
        for part in 0..count {
            let mut dice = Dice::new(self.seed, "intent", &[round.into(), part.into()]);
            let again = intents.last().filter(|_| dice.one_in(3)).map(|(_, intent)| intent.clone());
            let intent = again.unwrap_or_else(|| match rush {
                Some(number) => self.intend_in_rush(number, part, &mut dice),
                None => self.intend(&mut dice),
            });
            if !self.left_out.contains(&(round, part)) {
                self.actors[intent.actor].has_come = true;
                self.tasks.insert((round, part));
                intents.push(((round, part), intent));
            }
        }
        self.errand = self.draw_errand();
        self.run(intents, &mut dice);
    }

    /// A request of an operator, in some rounds.
    fn draw_errand(&mut self) -> Option<Errand> {
        let mut dice = Dice::new(self.seed, "errand", &[self.round.into()]);
        if self.left_out.contains(&(self.round, ERRAND)) {
            return None;
        }
        if self.demands.invitations && dice.one_in(INVITATIONS) {
            self.tasks.insert((self.round, ERRAND));
            return Some(Errand::invitation(&self.people, &mut dice));
        }
        if !dice.one_in(ERRANDS) {
            return None;
        }
        let accounts: BTreeSet<String> =
            self.memory.tokens.values().filter_map(|held| held.account.clone()).collect();
        let errand = Errand::draw(&accounts.into_iter().collect::<Vec<_>>(), &self.people, &mut dice)?;
        self.tasks.insert((self.round, ERRAND));
        Some(errand)
    }

    /// One request, with nothing else at once.
    pub fn ask(&mut self, intent: Intent) -> Option<Answer> {
        self.round += 1;
        let round = self.round;
        let mut dice = Dice::new(self.seed, "asking", &[round.into()]);
        self.run(vec![((round, 0), intent)], &mut dice).pop().flatten()
    }

    /// Delivers all messages and events.
    pub fn deliver_all(&mut self) {
        for _ in 0..20 {
            self.round += 1;
            let mut dice = Dice::new(self.seed, "delivery", &[self.round.into()]);
            // A delivery that died has a claim for a minute.
            self.kernel.pass(Duration::from_secs(70));
            self.kernel.serve_late(&mut dice.clone(), &mut |call| self.services.serve(call));
            self.run(Vec::new(), &mut dice);
            if self.stream.is_empty() {
                return;
            }
        }
        panic!("this is never delivered: {:?}", self.stream);
    }

    fn intend(&self, dice: &mut Dice) -> Intent {
        // One client at a time does most of what is done, and the other one of the same person some: they get further.
        let mut focus = Dice::new(self.seed, "focus", &[u64::from(self.round / FOCUSED)]);
        let focused = focus.below(self.actors.len());
        let number = match dice.below(6) {
            0 | 1 => dice.below(self.actors.len()),
            2 => twin(focused),
            _ => focused,
        };
        // Who waits for a mail may take the other client meanwhile.
        let waits = choice::waits(self.scene(), &self.actors[number]) && !dice.one_in(4);
        let number = if waits { twin(number) } else { number };
        choice::choose(self.scene(), number, &self.actors[number], dice)
    }

    /// The client that ends something in this round, if it is a rush.
    fn rush(&self, dice: &mut Dice) -> Option<usize> {
        let is_rush = dice.one_in(RUSH);
        let logged_in = |number: &usize| self.actors[*number].account.is_some();
        let all: Vec<usize> = (0..self.actors.len()).filter(logged_in).collect();
        dice.pick(&all).copied().filter(|_| is_rush)
    }

    fn intend_in_rush(&self, number: usize, part: u32, dice: &mut Dice) -> Intent {
        if part == 0 {
            return choice::choose_end(self.scene(), number, &self.actors[number], dice);
        }
        // Who has tokens may refresh them while its session ends.
        let is_own = !self.actors[number].refresh_tokens.is_empty() && dice.one_in(2);
        let twin = if is_own { number } else { twin(number) };
        choice::choose_beginning(self.scene(), twin, &self.actors[twin], dice)
    }

    fn scene(&self) -> Scene<'_> {
        Scene {
            people: &self.people,
            mails: &self.services.mails,
            meddled: &self.memory.meddled,
            habits: &self.habits,
            round: self.round,
            seconds: self.seconds(),
            has_provider: self.has_provider,
            demands: self.demands,
        }
    }

    fn run(&mut self, intents: Vec<(TaskId, Intent)>, dice: &mut Dice) -> Vec<Option<Answer>> {
        let faults = self.faults().len();
        let mut tasks = Vec::new();
        let mut sent: Vec<Sent> =
            intents.into_iter().map(|(id, intent)| self.send(id, intent, dice, &mut tasks)).collect();
        let senders: Vec<usize> = sent.iter().map(|sent| sent.intent.actor).collect();
        for sent in &mut sent {
            let count = senders.iter().filter(|actor| **actor == sent.intent.actor).count();
            sent.sending.is_alone = count == 1;
        }
        let batches = self.stream.deliver(self.round, &mut self.processes, dice, &mut tasks);
        let mut errand = self.errand.take();
        tasks.extend(self.rotations.tasks(self.round, &mut self.processes, dice));
        tasks.extend(errand.as_mut().map(|errand| errand.task(self.round, &mut self.processes)));
        let died = self.kernel.run(tasks, dice, &mut |call| self.services.serve(call));
        self.trace.append(&mut self.services.log);
        let is_calm = self.faults().len() == faults;
        self.stream.settle(batches);
        self.stream.left(Reader::Mail).append(&mut self.services.messages);
        self.stream.left(Reader::Events).append(&mut self.services.recorded);
        if let Some(errand) = errand {
            self.trace.push(errand.settle(&mut self.memory, self.round, is_calm));
        }
        let rotated = self.rotations.settle(&self.services.vault, is_calm, dice);
        self.trace.extend(rotated);
        let tokens: Vec<_> = self.actors.iter().map(|actor| actor.client.token()).collect();
        let mut moved = vec![false; self.actors.len()];
        let removes = sent.iter().any(|sent| sent.intent.step == Step::RemoveEmail);
        let mut answers = Vec::new();
        for sent in sent {
            if died.contains(&sent.id) {
                self.processes.kill(sent.process);
            }
            answers.push(self.settle(&sent, &tokens, &mut moved, is_calm));
        }
        if removes {
            self.memory.forget_links();
        }
        answers
    }

    fn send(&mut self, id: TaskId, intent: Intent, dice: &mut Dice, tasks: &mut Vec<Task>) -> Sent {
        let (method, path) = intent.step.target();
        let actor = &self.actors[intent.actor];
        // A token says enough by itself.
        let client = match &intent.bearer {
            Some(_) => Client::new(Kind::App, HOST, &self.description),
            None => actor.client.twin(),
        };
        let foreign = intent.email.as_ref().filter(|email| !self.people[actor.person].owns(email));
        self.memory.meddled.extend(foreign.cloned());
        if let Some(email) = &intent.email {
            let mails_before = Person::count(&self.services.mails, email);
            let actor = &mut self.actors[intent.actor];
            (actor.email, actor.entered, actor.mails_before) = (email.clone(), self.round, mails_before);
        }
        if let Some(pass) = &intent.pass {
            self.actors[intent.actor].pass = Some(pass.clone());
        }
        if let Some(phone) = &intent.phone {
            self.actors[intent.actor].phone.clone_from(phone);
        }
        let actor = &self.actors[intent.actor];
        self.memory.vouched.entry(actor.person).or_default().extend(intent.vouched.clone());
        let (kind, body) = match &intent.body {
            Value::Null => (JSON, Bytes::new()),
            // A page of the frontend submits it.
            form if intent.step == Step::GoToProvider => (FORM, encoded(form).into()),
            body => (JSON, body.to_string().into()),
        };
        let path = intent.query.as_ref().map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
        let bearer = intent.bearer.as_ref().map(|token| format!("Bearer {token}"));
        let bearer = bearer.iter().map(|bearer| ("authorization", bearer.as_str()));
        let pass = intent.pass.iter().map(|pass| ("x-captcha-token", pass.as_str()));
        let other = intent.header.iter().map(|(name, value)| (*name, value.as_str()));
        let headers: Vec<(&str, &str)> =
            bearer.chain(pass).chain(other).chain([("content-type", kind)]).collect();
        let request = client.request(method, &path, &headers, body.clone());
        let path = request.uri().path().to_owned();
        let needs_factor = actor.pending.iter().any(|flow| flow == "mfa_authenticate");
        let function =
            if intent.step == Step::AskGuard { AUTHORIZER } else { self.processes.function(&path) };
        let process = (function, dice.below(2));
        let answer = self.processes.get(process).answer(request, format!("192.0.2.{}", actor.person));
        let (task, response) = Task::new(id, answer);
        tasks.push(task);
        let sending = Sending { round: self.round, at: self.kernel.now(), is_alone: true, needs_factor };
        Sent { intent, client, process, id, path, body, sending, response }
    }

    /// What an answer tells the client, and what it promises.
    fn settle(
        &mut self,
        sent: &Sent,
        tokens: &[Option<String>],
        moved: &mut [bool],
        is_calm: bool,
    ) -> Option<Answer> {
        let Sent { intent, client, path, body, .. } = sent;
        let (method, _) = intent.step.target();
        let actor = &mut self.actors[intent.actor];
        let who = &self.people[actor.person].mailboxes[0];
        let told = format!("{} {} {method} {path} {}", self.round, actor.client.kind.name(), intent.told());
        let Some(response) = sent.response.take().flatten() else {
            self.trace.push(format!("{told} of {who}: no answer"));
            assert!(!is_calm, "nothing went wrong, and yet there is no answer");
            (actor.unsure, actor.login_began) = (true, None);
            return None;
        };
        let answer = client.receive(&method, path, body, response);
        self.trace.push(format!("{told} of {who}: {} {}", answer.status, answer.errors().join(", ")));
        assert!(answer.status < 500 || answer.status == 503, "no client should see: {}", answer.text);
        assert!(answer.status != 503 || !is_calm, "nothing went wrong, and yet it is unavailable");
        let held = &tokens[intent.actor];
        let was_in = held.as_ref().is_some_and(|held| self.memory.is_logged_in(held));
        let is_asked = self.demands.bot_check && sent.sending.is_alone && !was_in;
        if is_asked && (is_calm || matches!(self.bot_check_failure, IfFails::Stops)) {
            self.services.bots.check(sent.id, intent.step, &answer);
        }
        if intent.is_aside() {
            self.memory.note_tokens(intent, &answer, held.as_deref(), actor, sent.sending);
            return Some(answer);
        }
        if client.token() != *held || !moved[intent.actor] {
            moved[intent.actor] |= client.token() != *held;
            actor.client = client.twin();
            if answer.status == 503 {
                actor.unsure = true;
            } else {
                actor.learn(&answer);
            }
        }
        self.memory.note(intent, &answer, held.as_deref(), &mut self.people, actor, sent.sending);
        Some(answer)
    }
}

/// A form, as a browser submits it.
fn encoded(form: &Value) -> String {
    let fields = form.as_object().into_iter().flatten();
    let fields = fields.filter_map(|(name, value)| Some((name, value.as_str()?)));
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

fn person((number, name): (usize, &str)) -> Person {
    Person {
        phone: format!("+3161234567{number}"),
        mailboxes: [format!("{name}@example.com"), format!("{name}@example.org")],
        passwords: Vec::new(),
        right: BTreeMap::new(),
        apps: BTreeMap::new(),
        keys: Vec::new(),
        recovery_codes: BTreeMap::new(),
    }
}

fn actor(person: usize, people: &[Person], client: Client) -> Actor {
    Actor {
        person,
        client,
        pending: Vec::new(),
        account: None,
        email: people[person].mailboxes[0].clone(),
        phone: people[person].phone.clone(),
        setup: None,
        options: None,
        listed: Vec::new(),
        emails: Vec::new(),
        entered: 0,
        mails_before: 0,
        due: BTreeSet::new(),
        unsure: false,
        has_come: false,
        access_tokens: Vec::new(),
        refresh_tokens: Vec::new(),
        departure: None,
        pass: None,
        shown: None,
        login_began: None,
    }
}

/// The other client of the same person.
const fn twin(number: usize) -> usize {
    number ^ 1
}
