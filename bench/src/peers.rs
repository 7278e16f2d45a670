//! Absolute figures of the functions as JSON, for `bench/peers` to set beside those of django-allauth.

use serde_json::{Map, Value, json};

use crate::lambda::Failure;
use crate::report::Samples;
use crate::subject::{Bench, Subject, UNCOUNTED};

/// What both can do, and what it is called there.
const SUBJECTS: [(&str, Subject); 4] = [
    ("config", Subject::Config),
    ("session", Subject::Session),
    ("login", Subject::Login),
    ("signup", Subject::SignUp),
];

/// Prints, for each: the wall time of a cold start and the CPU time of a request, in milliseconds, and the memory after
/// all requests, in KiB.
pub async fn measure(bench: &mut Bench, starts: u32, requests: u32) -> Result<(), Failure> {
    let mut figures = Map::new();
    for (name, subject) in SUBJECTS {
        let mut cold = Samples::default();
        for turn in 0..starts as usize + UNCOUNTED {
            let time = bench.cold_start(subject).await?;
            if turn >= UNCOUNTED {
                cold.push(time);
            }
        }
        let mut function = bench.start(subject).await?;
        let mut warm = Samples::default();
        for turn in 0..requests as usize + UNCOUNTED {
            let time = bench.request(subject, &mut function).await?;
            if turn >= UNCOUNTED {
                warm.push(time);
            }
        }
        let memory = function.memory()?;
        function.end().await?;
        figures
            .insert(name.to_owned(), json!({"start": cold.median(), "cpu": warm.median(), "memory": memory}));
    }
    println!("{}", Value::Object(figures));
    Ok(())
}
