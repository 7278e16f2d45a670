//! `auth/2fa/trust`: POST, of browsers only.

use lambda_http::http::Method;
use vestibule::flows::trust;
use vestibule::flows::visit::Visit;
use vestibule::http::call::Call;
use vestibule::http::input::{Field, Form, Kind};
use vestibule::http::present;
use vestibule::http::reply::{Halt, Reply};
use vestibule::http::{Answer, Body, Operation};

const TRUST: Field =
    Field::new("trust", Kind::Boolean, "Whether it is; no also if it is left out.").optional();
const FIELDS: &[Field] = &[TRUST];

pub(crate) const OPERATIONS: &[Operation] = &[Operation {
    method: Method::POST,
    id: "trustBrowser",
    summary: "Say whether this browser is to be trusted",
    text: "A trusted browser is not asked for a second factor for some time.",
    parameters: &[],
    body: Body::Json(FIELDS),
    answers: &[
        Answer::authenticated("Logged in."),
        Answer::unauthenticated("Something else is to be done first."),
        Answer::conflict("That is not what is asked at present."),
    ],
}];

pub(crate) fn decide(visit: &mut Visit<'_>, call: &Call) -> Result<Reply, Halt> {
    let pending = trust::resume(visit)?;
    let input = call.input(|object| {
        let mut form = Form::new(FIELDS, object, visit.settings());
        let wish = form.boolean(&TRUST);
        form.finish()?;
        Ok(wish.unwrap_or_default())
    })?;
    let wish = call.posted(input)?;
    trust::complete(visit, &pending, wish)?;
    Ok(present::authentication(visit))
}
