//! The command: runs a range of seeds, and tells the first that fails, as small as it gets.

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::case::Case;
use crate::processes::Releases;
use crate::run::run;
use crate::shrink::shrink;

const USAGE: &str = "simulate a..b, to run all seeds from a to b - 1, or simulate CASE, to repeat a failure";

/// Does what the command line says, with these releases side by side. `repeat`: what repeats a case, before that.
pub fn main(releases: &Releases, repeat: &str) -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let text = arguments.join(" ");
    if let Some((from, to)) = text.split_once("..") {
        return match (from.parse(), to.parse()) {
            (Ok(from), Ok(to)) => run_all(from, to, releases, repeat),
            _ => fail(USAGE),
        };
    }
    match text.parse::<Case>() {
        Ok(case) => run_again(&case, releases),
        Err(error) => fail(&format!("{error}\n{USAGE}")),
    }
}

fn fail(why: &str) -> ExitCode {
    eprintln!("{why}");
    ExitCode::FAILURE
}

fn run_again(case: &Case, releases: &Releases) -> ExitCode {
    let outcome = run(case, releases);
    println!("{}", outcome.trace.join("\n"));
    match outcome.failure {
        Some(failure) => fail(&format!("case {case} fails: {}", failure.0)),
        None => {
            println!("case {case}: {} requests, {} faults", outcome.tasks.len(), outcome.faults.len());
            ExitCode::SUCCESS
        }
    }
}

fn run_all(from: u64, to: u64, releases: &Releases, repeat: &str) -> ExitCode {
    let (next, failed) = (AtomicU64::new(from), Mutex::new(None::<u64>));
    let [journeys, tasks, faults] = [(); 3].map(|()| AtomicU64::new(0));
    let work = || loop {
        let seed = next.fetch_add(1, Ordering::SeqCst);
        let is_over = failed.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        if seed >= to || is_over {
            return;
        }
        let outcome = run(&Case::new(seed), releases);
        journeys.fetch_add(outcome.journeys as u64, Ordering::SeqCst);
        tasks.fetch_add(outcome.tasks.len() as u64, Ordering::SeqCst);
        faults.fetch_add(outcome.faults.len() as u64, Ordering::SeqCst);
        if outcome.failure.is_some() {
            failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(seed);
        }
    };
    std::thread::scope(|scope| {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        (0..threads).for_each(|_| drop(scope.spawn(work)));
    });
    let failed = failed.into_inner().unwrap_or_else(PoisonError::into_inner);
    let Some(seed) = failed else {
        println!(
            "seeds {from}..{to}: {} journeys, {} requests, {} faults, and everything held",
            journeys.into_inner(),
            tasks.into_inner(),
            faults.into_inner()
        );
        return ExitCode::SUCCESS;
    };
    eprintln!("seed {seed} fails; making it smaller");
    let (case, outcome) = shrink(&Case::new(seed), releases);
    eprintln!("{}", outcome.trace.join("\n"));
    let said = outcome.failure.map(|failure| failure.0).unwrap_or_default();
    fail(&format!("{said}\nTo repeat it: {repeat}'{case}'"))
}
