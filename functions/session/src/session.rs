//! `auth/session`: GET says who is logged in, DELETE logs out.

use lambda_http::http::Method;
use vestibule::flows::visit::Visit;
use vestibule::http::call::Call;
use vestibule::http::present;
use vestibule::http::reply::{Halt, Reply};

pub(crate) fn decide(visit: &mut Visit<'_>, call: &Call) -> Result<Reply, Halt> {
    call.input(|_| Ok(()))?;
    match call.method {
        Method::GET | Method::HEAD => {}
        Method::DELETE => visit.flush(),
        _ => return Err(Halt::NotAllowed),
    }
    Ok(present::authentication(visit))
}
