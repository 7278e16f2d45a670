//! The Lambda function `pretraffic`.

fn main() -> Result<(), vestibule_pretraffic::RunError> {
    vestibule_pretraffic::run()
}
