//! The Lambda function `mail`.

fn main() -> Result<(), vestibule_mail::RunError> {
    vestibule_mail::run()
}
