//! The Lambda function `config`.

fn main() -> Result<(), vestibule::lambda::RunError> {
    vestibule::lambda::run(vestibule_config::routes())
}
