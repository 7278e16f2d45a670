//! The Lambda function `login`.

fn main() -> Result<(), vestibule::lambda::RunError> {
    vestibule::lambda::run(vestibule_login::routes())
}
