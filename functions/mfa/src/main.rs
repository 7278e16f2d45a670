//! The Lambda function `mfa`.

fn main() -> Result<(), vestibule::lambda::RunError> {
    vestibule::lambda::run(vestibule_mfa::routes())
}
