//! The Lambda function `reset`.

fn main() -> Result<(), vestibule::lambda::RunError> {
    vestibule::lambda::run(vestibule_reset::routes())
}
