//! One run: rounds of requests, what must hold after each, and what must hold in the end.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;
use std::time::Duration;

use serde_json::json;
use vestibule_simulator_kernel::{FaultId, TaskId};

use crate::case::Case;
use crate::events;
use crate::invariants::{self, Seen};
use crate::person::Actor;
use crate::processes::Releases;
use crate::steps::{Intent, Step};
use crate::stream::DELIVERIES;
use crate::world::World;

/// How many rounds a run has.
const ROUNDS: u32 = 40;
/// Most sessions that are tried again in the end.
const MOST_TRIED: usize = 8;

/// What a run came to.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What happened, line by line.
    pub trace: Vec<String>,
    /// A hash of that, and of the table in the end.
    pub hash: u64,
    /// How many journeys there were: clients that sent something.
    pub journeys: usize,
    /// The requests that were sent.
    pub tasks: BTreeSet<TaskId>,
    /// What went wrong with calls.
    pub faults: Vec<FaultId>,
    /// What it found.
    pub failure: Option<Failure>,
}

/// What must not happen, and did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure(pub String);

thread_local! {
    /// What the last panic of a run said; none outside of runs.
    static SAID: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Runs a case.
pub fn run(case: &Case, releases: &Releases) -> Outcome {
    let logs = vestibule_tests::Logs::capture_from(tracing_subscriber::filter::LevelFilter::INFO);
    let mut world = World::new(case, releases);
    listen_to_panics();
    SAID.set(Some(String::new()));
    let result = catch_unwind(AssertUnwindSafe(|| play(&mut world)));
    let said = SAID.take().unwrap_or_default();
    let failure = result.err().map(|_| Failure(said));
    let failure = failure.or_else(|| leaked(&world, &logs.own()));
    let mut hasher = DefaultHasher::new();
    world.trace.hash(&mut hasher);
    world.services.items().iter().for_each(|item| item.to_string().hash(&mut hasher));
    Outcome {
        hash: hasher.finish(),
        journeys: world.actors.iter().filter(|actor| actor.has_come).count(),
        tasks: world.tasks.clone(),
        faults: world.faults(),
        trace: world.trace,
        failure,
    }
}

fn play(world: &mut World) {
    let mut seen = Seen::default();
    world.prepare();
    for _ in 0..ROUNDS {
        world.round();
        invariants::check(world, &mut seen);
    }
    world.calm_down();
    world.deliver_all();
    invariants::check(world, &mut seen);
    nothing_was_overlooked(world, &seen);
    nothing_waits(world);
    events::check(world, &seen.table);
    tokens_are_verified(world);
    what_is_revoked_stays_revoked(world);
}

/// The items that the invariants have seen are those of the table.
fn nothing_was_overlooked(world: &World, seen: &Seen) {
    let items = world.services.items();
    assert_eq!(
        seen.table.items().map(|(_, item)| item).collect::<Vec<_>>(),
        items.iter().collect::<Vec<_>>()
    );
}

/// All messages have left the outbox. One that was sent stays there if it could not be deleted: it expires.
fn nothing_waits(world: &World) {
    let items = world.services.items();
    let keys = items.iter().filter_map(|item| item["pk"]["S"].as_str());
    let left: Vec<&str> = keys.filter(|key| key.starts_with("OUTBOX#")).collect();
    let (messages, mails) = (world.services.count_messages(), world.services.mails.len());
    let faults: Vec<TaskId> =
        world.faults().iter().map(|(task, _)| *task).filter(|(_, part)| *part >= DELIVERIES).collect();
    assert!(left.len() <= faults.len(), "messages are left in the outbox: {left:?}");
    // A fault may leave it unknown whether a mail was sent; if the process dies, whether any mail of the batch was.
    let beside = world.services.senders.iter().filter(|task| faults.contains(task)).count();
    let unsure = faults.len() + beside;
    assert!(mails <= messages + unsure, "{mails} mails were sent of {messages} messages");
}

fn what_is_revoked_stays_revoked(world: &mut World) {
    let revoked = world.memory.revoked();
    for (token, held) in revoked.iter().rev().take(MOST_TRIED) {
        let actor = world.newcomer(held.person, held.kind);
        world.actors[actor].client.hold(Some(token));
        let answer = world.ask(Intent::new(actor, Step::GetSession)).expect("nothing dies any more");
        let why = held.revoked.as_deref().unwrap_or_default();
        let is_valid = answer.status == 200 && answer.body["meta"]["is_authenticated"] == true;
        assert!(!is_valid, "a session is still valid, though {why}");
        if let Some(refresh) = world.memory.jwt.refresh_token_of(token) {
            let body = json!({"refresh_token": refresh});
            let answer = world.ask(Intent { body, ..Intent::new(actor, Step::RefreshTokens) });
            let status = answer.expect("nothing dies any more").status;
            assert_ne!(status, 200, "a session is still refreshed, though {why}");
        }
        world.pass(Duration::from_secs(1));
    }
}

/// Another API verifies all access tokens with the keys that are published.
fn tokens_are_verified(world: &mut World) {
    let issues = |actor: &Actor| !actor.access_tokens.is_empty();
    let Some(actor) = world.actors.iter().position(issues) else { return };
    world.ask(Intent::new(actor, Step::GetKeys)).expect("nothing dies any more");
    world.memory.jwt.verify_all(world.seconds().cast_signed());
}

fn leaked(world: &World, logs: &str) -> Option<Failure> {
    let secret = world.memory.secrets.iter().find(|secret| logs.contains(secret.as_str()))?;
    let line = logs.lines().find(|line| line.contains(secret.as_str())).unwrap_or_default();
    Some(Failure(format!("a secret is logged: {secret} in {line}")))
}

/// What a panic says goes into the outcome, not onto the terminal.
fn listen_to_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if SAID.with_borrow(Option::is_none) {
                return usual(info);
            }
            let place = info.location().map(ToString::to_string).unwrap_or_default();
            let said = info.payload_as_str().unwrap_or("a panic without words");
            SAID.set(Some(format!("{said} ({place})")));
        }));
    });
}
