//! The Lambda function `verify`.

fn main() -> Result<(), vestibule::lambda::RunError> {
    vestibule::lambda::run(vestibule_verify::routes())
}
