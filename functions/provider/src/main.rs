//! The Lambda function `provider`.

fn main() -> Result<(), vestibule::lambda::RunError> {
    vestibule::lambda::run(vestibule_provider::routes())
}
