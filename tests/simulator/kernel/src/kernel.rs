//! Time, tasks, and their calls to AWS: nothing happens but what the dice choose next.
//!
//! Tasks run on one thread, each until it waits. Then one thing happens: a call is answered, or time passes until a timer
//! ends. So the requests that run at once are interleaved at every call, and a seed repeats the order.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use crate::dice::Dice;
use crate::fault::{Fate, Faults, TaskId};

/// What runs until it waits.
pub struct Task {
    /// Which it is.
    pub id: TaskId,
    /// What it does.
    pub future: Pin<Box<dyn Future<Output = ()> + Send>>,
}

/// What a task comes to: nothing before it has ended, or if it dies.
#[derive(Clone, Debug)]
pub struct Outcome<T>(Arc<Mutex<Option<T>>>);

impl Task {
    /// A task, and what it comes to.
    pub fn new<T: Send + 'static>(
        id: TaskId,
        future: impl Future<Output = T> + Send + 'static,
    ) -> (Self, Outcome<T>) {
        let outcome = Arc::new(Mutex::new(None));
        let into = Arc::clone(&outcome);
        let future = Box::pin(async move {
            let came = future.await;
            *into.lock().unwrap_or_else(PoisonError::into_inner) = Some(came);
        });
        (Self { id, future }, Outcome(outcome))
    }
}

impl<T> Outcome<T> {
    /// Takes it.
    pub fn take(&self) -> Option<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// A call to AWS that is under way.
#[derive(Debug)]
pub struct Call {
    /// Who calls.
    pub task: TaskId,
    /// Which of the calls of the task it is.
    pub number: u32,
    /// The host that is called.
    pub host: String,
    /// The operation, where a header names it.
    pub operation: String,
    /// The body.
    pub body: Vec<u8>,
    /// What becomes of it.
    pub fate: Fate,
    not_before: i64,
    waker: Option<Waker>,
}

/// What comes back to a call.
#[derive(Clone, Debug)]
pub enum Reply {
    /// A response: status and body.
    Response(u16, String),
    /// The connection breaks.
    Broken,
}

/// Where tasks, timers and calls are.
#[derive(Debug)]
pub struct Kernel(Mutex<State>);

#[derive(Debug)]
struct State {
    now: i64,
    serial: u64,
    timers: BTreeMap<(i64, u64), Waker>,
    calls: BTreeMap<u64, Call>,
    replies: BTreeMap<u64, Reply>,
    running: TaskId,
    counts: BTreeMap<TaskId, u32>,
    faults: Faults,
}

/// What AWS does with a call that reaches it.
pub type Serve<'a> = &'a mut dyn FnMut(&Call) -> Reply;

enum Event {
    Timer(Waker),
    Call(u64),
    Nothing,
}

impl Kernel {
    /// At this time, in milliseconds since 1970, with these faults.
    pub fn new(now: i64, faults: Faults) -> Arc<Self> {
        Arc::new(Self(Mutex::new(State {
            now,
            serial: 0,
            timers: BTreeMap::new(),
            calls: BTreeMap::new(),
            replies: BTreeMap::new(),
            running: (0, 0),
            counts: BTreeMap::new(),
            faults,
        })))
    }

    /// The time, in milliseconds since 1970.
    pub fn now(&self) -> i64 {
        self.state().now
    }

    /// Lets time pass.
    pub fn pass(&self, length: Duration) {
        self.state().now += i64::try_from(length.as_millis()).unwrap_or(i64::MAX);
    }

    /// The faults, to change them.
    pub fn faults<T>(&self, change: impl FnOnce(&mut Faults) -> T) -> T {
        change(&mut self.state().faults)
    }

    /// Waits.
    pub fn timer(self: &Arc<Self>, length: Duration) -> Timer {
        let mut state = self.state();
        let id = state.next_serial();
        let at = state.now + i64::try_from(length.as_millis()).unwrap_or(i64::MAX / 2);
        Timer { kernel: Arc::clone(self), key: (at, id) }
    }

    /// Makes a call of the task that runs; what it resolves to is what comes back.
    pub fn call(self: &Arc<Self>, host: &str, operation: &str, body: Vec<u8>) -> PendingCall {
        let mut state = self.state();
        let task = state.running;
        let count = state.counts.entry(task).or_default();
        let number = *count;
        *count += 1;
        let fate = state.faults.fate(task, number, host, operation);
        let id = state.next_serial();
        let not_before = state.now + fate.delay();
        let (host, operation) = (host.to_owned(), operation.to_owned());
        state.calls.insert(id, Call { task, number, host, operation, body, fate, not_before, waker: None });
        PendingCall { kernel: Arc::clone(self), id }
    }

    /// Runs tasks until each has ended or died. Returns those that died.
    pub fn run(&self, tasks: Vec<Task>, dice: &mut Dice, serve: Serve<'_>) -> Vec<TaskId> {
        let mut died = Vec::new();
        let mut tasks: Vec<(Task, Arc<Flag>)> =
            tasks.into_iter().map(|task| (task, Arc::new(Flag(AtomicBool::new(true))))).collect();
        loop {
            tasks.retain_mut(|(task, flag)| !self.poll(task, flag));
            if tasks.is_empty() {
                return died;
            }
            if tasks.iter().any(|(_, flag)| flag.0.load(Ordering::SeqCst)) {
                continue;
            }
            match self.choose(dice) {
                Event::Timer(waker) => waker.wake(),
                Event::Call(id) => {
                    if let Some(task) = self.serve(id, serve) {
                        died.push(task);
                        tasks.retain(|(other, _)| other.id != task);
                    }
                }
                Event::Nothing => panic!("a request waits for nothing"),
            }
            self.pass(Duration::from_millis(dice.below(8) as u64));
        }
    }

    /// Lets what is late arrive: nobody waits for the replies any more.
    pub fn serve_late(&self, dice: &mut Dice, serve: Serve<'_>) {
        loop {
            let state = self.state();
            let due: Vec<u64> = state.due_calls();
            drop(state);
            let Some(id) = dice.pick(&due) else { return };
            self.serve(*id, serve);
        }
    }

    /// Whether it has ended.
    fn poll(&self, task: &mut Task, flag: &Arc<Flag>) -> bool {
        if !flag.0.swap(false, Ordering::SeqCst) {
            return false;
        }
        self.state().running = task.id;
        let waker = Waker::from(Arc::clone(flag));
        task.future.as_mut().poll(&mut Context::from_waker(&waker)).is_ready()
    }

    fn choose(&self, dice: &mut Dice) -> Event {
        let mut state = self.state();
        loop {
            let first = state.timers.keys().next().copied();
            if let Some(key) = first.filter(|(at, _)| *at <= state.now) {
                return state.timers.remove(&key).map_or(Event::Nothing, Event::Timer);
            }
            if let Some(id) = dice.pick(&state.due_calls()) {
                return Event::Call(*id);
            }
            let later = state.calls.values().map(|call| call.not_before).min();
            match first.map(|(at, _)| at).into_iter().chain(later).min() {
                Some(at) => state.now = at,
                None => return Event::Nothing,
            }
        }
    }

    /// Answers a call; returns the task that dies of it.
    fn serve(&self, id: u64, serve: Serve<'_>) -> Option<TaskId> {
        let call = self.state().calls.remove(&id)?;
        let reply = serve(&call);
        self.state().replies.insert(id, reply);
        let task = call.task;
        match call.fate {
            Fate::DieBefore | Fate::DieAfter => return Some(task),
            _ => call.waker.map(Waker::wake),
        };
        None
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn next_serial(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }

    fn due_calls(&self) -> Vec<u64> {
        self.calls.iter().filter(|(_, call)| call.not_before <= self.now).map(|(id, _)| *id).collect()
    }
}

/// A call whose reply is waited for.
#[derive(Debug)]
pub struct PendingCall {
    kernel: Arc<Kernel>,
    id: u64,
}

impl Future for PendingCall {
    type Output = Reply;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Reply> {
        let mut state = self.kernel.state();
        if let Some(reply) = state.replies.remove(&self.id) {
            return Poll::Ready(reply);
        }
        if let Some(call) = state.calls.get_mut(&self.id) {
            call.waker = Some(context.waker().clone());
        }
        Poll::Pending
    }
}

/// A time that is waited for.
#[derive(Debug)]
pub struct Timer {
    kernel: Arc<Kernel>,
    key: (i64, u64),
}

impl Future for Timer {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.kernel.state();
        if state.now >= self.key.0 {
            return Poll::Ready(());
        }
        state.timers.insert(self.key, context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.kernel.state().timers.remove(&self.key);
    }
}

#[derive(Debug)]
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}
