//! The Lambda function `signup`.

fn main() -> Result<(), vestibule::lambda::RunError> {
    vestibule::lambda::run(vestibule_signup::routes())
}
