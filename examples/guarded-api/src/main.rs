//! The example as a Lambda function.

use lambda_http::{Error, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(async |request| vestibule_guarded_api::greet(&request))).await
}
