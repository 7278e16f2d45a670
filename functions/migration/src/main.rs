//! The Lambda function `migration`, behind a function URL: imports accounts from elsewhere.

fn main() -> Result<(), vestibule::lambda::RunError> {
    vestibule::lambda::run_migration()
}
