//! The Lambda function `webauthn`.

fn main() -> Result<(), vestibule::lambda::RunError> {
    vestibule::lambda::run(vestibule_webauthn::routes())
}
