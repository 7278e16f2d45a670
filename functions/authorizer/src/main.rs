//! The Lambda function `authorizer`.

fn main() -> Result<(), vestibule_authorizer::RunError> {
    vestibule_authorizer::run()
}
