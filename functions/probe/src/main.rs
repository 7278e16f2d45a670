//! The Lambda function `probe`.

fn main() -> Result<(), vestibule_probe::RunError> {
    vestibule_probe::run()
}
