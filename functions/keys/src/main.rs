//! The Lambda function `keys`.

fn main() -> Result<(), vestibule_keys::RunError> {
    vestibule_keys::run()
}
