//! The Lambda function `operator-read`, behind a function URL: the operations of operators that only read.

fn main() -> Result<(), vestibule::lambda::RunError> {
    vestibule::lambda::run_operators_api(true)
}
