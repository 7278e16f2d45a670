//! The Lambda function `operator`, behind a function URL: all operations of operators.

fn main() -> Result<(), vestibule::lambda::RunError> {
    vestibule::lambda::run_operators_api(false)
}
