//! The Lambda function `session`.

fn main() -> Result<(), vestibule::lambda::RunError> {
    vestibule::lambda::run(vestibule_session::routes())
}
