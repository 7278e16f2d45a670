//! The example as a Lambda function.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(async |event: LambdaEvent<Value>| {
        Ok::<_, Error>(vestibule_hook_example::decide(&event.payload))
    }))
    .await
}
