//! The example as a Lambda function.

use std::time::{SystemTime, UNIX_EPOCH};

use lambda_http::{Error, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(async |request| {
        #[expect(clippy::disallowed_methods, reason = "this is where the clock is read")]
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
        vestibule_guarded_api::answer(&request, i64::try_from(now.as_secs())?)
    }))
    .await
}
