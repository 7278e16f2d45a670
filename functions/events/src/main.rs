//! The Lambda function `events`.

fn main() -> Result<(), vestibule_events::RunError> {
    vestibule_events::run()
}
