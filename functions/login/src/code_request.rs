//! `auth/code/request`: POST.

use vestibule::domain::account::AccountId;
use vestibule::domain::message::Recipient;
use vestibule::domain::refusal::Refusal;
use vestibule::flows::login_by_code;
use vestibule::flows::visit::{Need, Stop, Tools, Visit};
use vestibule::http::call::Call;
use vestibule::http::input::json::Object;
use vestibule::http::input::{Form, Text};
use vestibule::http::present;
use vestibule::http::reply::{Halt, Reply};
use vestibule::settings::{Action, LoginMethod, Settings};

pub(crate) fn needs(call: &Call, tools: &Tools<'_>) -> Vec<Need> {
    let settings = tools.settings;
    let Some(to) = call.object().ok().and_then(|object| read(&object, settings).ok()) else {
        return Vec::new();
    };
    let (Recipient::Email(address) | Recipient::Phone(address)) = &to;
    let mut needs = Visit::counters(settings, Action::RequestLoginCode, &call.visitor, None, address);
    needs.extend(Visit::mail_counters(settings, &call.visitor, address));
    needs.push(match to {
        Recipient::Email(email) => Need::Email(email),
        Recipient::Phone(phone) => Need::Phone(phone),
    });
    needs
}

pub(crate) fn decide(visit: &mut Visit<'_>, call: &Call) -> Result<Reply, Halt> {
    let input = call.input(|object| Ok(find(visit, object)?))?;
    let (account, to) = call.posted(input)?;
    login_by_code::request(visit, account, to)?;
    Ok(present::authentication(visit))
}

fn find(visit: &mut Visit<'_>, object: &Object) -> Result<(Option<AccountId>, Recipient), Stop> {
    let to = read(object, visit.settings())?;
    let account = login_by_code::find_account(visit, &to)?;
    Ok((account, to))
}

fn read(object: &Object, settings: &Settings) -> Result<Recipient, Stop> {
    let methods = &settings.account.login_methods;
    let by_phone = methods.contains(LoginMethod::Phone);
    // Where people log in by username, codes go to their address all the same.
    let by_email = methods.contains(LoginMethod::Email) || !by_phone;
    let mut form = Form::new(object);
    let mut field = |name, rules: Text, asked: bool| {
        asked.then(|| form.text(name, &rules)).flatten().filter(|text| !text.is_empty())
    };
    let email = field("email", Text::EMAIL.required_if(!by_phone), by_email);
    let phone = field("phone", Text::PHONE.required_if(!by_email), by_phone);
    let only_one = match (email, phone) {
        (Some(email), None) => Some(Recipient::Email(email)),
        (None, Some(phone)) => Some(Recipient::Phone(phone)),
        (Some(_), Some(_)) => {
            form.refuse_all(Refusal::SelectOnlyOne);
            None
        }
        (None, None) => {
            if form.is_valid() {
                form.refuse("email", Refusal::Required);
            }
            None
        }
    };
    form.finish().map_err(Stop::Invalid)?;
    only_one.ok_or(Stop::Conflict)
}
