//! `vestibule user …`: the operator's operations on accounts.

use std::collections::HashMap;
use std::io::{self, Write as _};

use serde_json::{Map, Value, json};
use vestibule::app::{App, Requirements};
use vestibule::domain::text::{escaped, quoted};
use vestibule::operator::{
    self, AddUser, ChangeEmail, ChangePassword, ChangePhone, ChangeUser, DisconnectProvider, EmailChange,
    EndSessions, FindUsers, ListUsers, NoArguments, OperatorMail, OperatorRequest, PhoneChange, ReadHistory,
    ResetMfa, SendMail, SetSuperuser, SetUser, UserById,
};
use vestibule::secret::Secret;

use crate::arguments::{
    ChangeOptions, ChangeSelector, Data, EmailAction, MailChoice, MfaCommand, PhoneAction, UserAdd,
    UserCommand, UserFind, UserList, UserPassword, UserSelector, UserSessionsCommand, UserSet,
};
use crate::operator::{Door, OperatorCommandError};
use crate::terminal::{escaped_json, print, remark};

type Environment = HashMap<String, String>;
type Said = Result<String, OperatorCommandError>;

/// Runs a command, and returns what to print.
pub async fn run(command: &UserCommand, environment: Environment) -> Said {
    match command {
        UserCommand::List(wanted) => list(wanted, environment).await,
        UserCommand::Find(wanted) => find(wanted, environment).await,
        UserCommand::Show(user) => show(user, environment).await,
        UserCommand::History(user) => history(user, environment).await,
        UserCommand::Fields(data) => declared(data, environment).await,
        UserCommand::Add(wanted) => add(wanted, environment).await,
        UserCommand::Sessions(wanted) if wanted.end.is_none() && !wanted.end_all => {
            sessions(wanted, environment).await
        }
        command => change(command, environment).await,
    }
}

async fn list(wanted: &UserList, environment: Environment) -> Said {
    let door = Door::open(&wanted.options.data, environment, Requirements::TABLE).await?;
    let (mut next, mut read) = (None, 0);
    loop {
        let page = ListUsers { contains: wanted.contains.clone(), next, limit: Some(200) };
        let page = &door.ask(OperatorRequest::UserList(page)).await?;
        read += page["items_read"].as_u64().unwrap_or_default();
        let lines = users(page, wanted.options.json);
        let mut out = io::stdout().lock();
        for line in lines {
            writeln!(out, "{line}")?;
        }
        out.flush()?;
        for id in page["unreadable"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            remark(&format!("account {} cannot be read", quoted(id)));
        }
        next = page["next"].as_str().map(str::to_owned);
        if next.is_none() {
            remark(&format!("{read} items of the table were read"));
            return Ok(String::new());
        }
    }
}

async fn declared(data: &Data, environment: Environment) -> Said {
    let door = Door::open(data, environment, Requirements::TABLE).await?;
    let found = &door.ask(OperatorRequest::FieldList(NoArguments {})).await?;
    let fields = found["fields"].as_array().into_iter().flatten();
    Ok(fields.map(|field| escaped_json(&field.to_string())).collect::<Vec<_>>().join("\n"))
}

async fn find(wanted: &UserFind, environment: Environment) -> Said {
    let door = Door::open(&wanted.options.data, environment, Requirements::TABLE).await?;
    let UserFind { id, email, phone, username, provider, uid, options } = wanted;
    let wanted = FindUsers {
        id: id.clone(),
        email: email.clone(),
        phone: phone.clone(),
        username: username.clone(),
        provider: provider.clone(),
        uid: uid.clone(),
    };
    let found = door.ask(OperatorRequest::UserFind(wanted)).await?;
    Ok(users(&found, options.json).join("\n"))
}

/// A line an account: tab-separated, or JSON.
fn users(page: &Value, json: bool) -> Vec<String> {
    let users = page["users"].as_array().into_iter().flatten();
    users.map(|user| if json { escaped_json(&user.to_string()) } else { user_line(user) }).collect()
}

fn user_line(user: &Value) -> String {
    let state = match (user["active"] == true, user["superuser"] == true) {
        (true, false) => "",
        (true, true) => "administrator",
        (false, false) => "disabled",
        (false, true) => "disabled administrator",
    };
    let names = ["id", "email", "username", "phone"].map(|name| user[name].as_str().unwrap_or("-"));
    names.into_iter().chain([state]).map(escaped).collect::<Vec<_>>().join("\t").trim_end().to_owned()
}

async fn show(user: &UserSelector, environment: Environment) -> Said {
    let door = Door::open(&user.options.data, environment, Requirements::TABLE).await?;
    let id = door.id(&user.name).await?;
    let shown = door.ask(OperatorRequest::UserShow(UserById { id })).await?;
    Ok(escaped_json(&format!("{shown:#}")))
}

async fn sessions(wanted: &UserSessionsCommand, environment: Environment) -> Said {
    let options = &wanted.user.options.read;
    let door = Door::open(&options.data, environment, Requirements::TABLE).await?;
    let id = door.id(&wanted.user.name).await?;
    let found = &door.ask(OperatorRequest::UserSessions(UserById { id })).await?;
    let sessions = found["sessions"].as_array().into_iter().flatten();
    let line = |session: &Value| {
        let text = |name: &str| escaped(session[name].as_str().unwrap_or("-"));
        format!("{}\t{}\t{}", session["id"], text("ip"), text("user_agent"))
    };
    let line =
        |session: &Value| if options.json { escaped_json(&session.to_string()) } else { line(session) };
    Ok(sessions.map(line).collect::<Vec<_>>().join("\n"))
}

/// The recorded events of an account, one a line, the earliest first: so all pages are read before the first is printed.
async fn history(user: &UserSelector, environment: Environment) -> Said {
    let page = ReadHistory { id: String::new(), next: None };
    let requirements = OperatorRequest::UserHistory(page).requirements();
    let door = Door::open(&user.options.data, environment, requirements).await?;
    let id = door.id(&user.name).await?;
    let (mut lines, mut next) = (Vec::new(), None);
    loop {
        let page = &door.ask(OperatorRequest::UserHistory(ReadHistory { id: id.clone(), next })).await?;
        let events = page["events"].as_array().into_iter().flatten();
        lines.extend(events.map(|event| escaped_json(&event.to_string())));
        for altered in page["altered"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            remark(&format!("the events of the item {} were altered, and are left out", escaped(altered)));
        }
        next = page["next"].as_str().map(str::to_owned);
        if next.is_none() {
            lines.reverse();
            return Ok(lines.join("\n"));
        }
    }
}

async fn add(user: &UserAdd, environment: Environment) -> Said {
    let new = AddUser {
        email: user.email.clone(),
        username: user.username.clone(),
        phone: user.phone.clone(),
        password: user.password.as_deref().map(password).transpose()?,
        any_password: user.no_validate,
        unverified: user.unverified,
        inactive: user.inactive,
        superuser: user.superuser,
        dry_run: user.options.dry_run,
    };
    let request = OperatorRequest::UserAdd(new);
    let door = Door::open(&user.options.read.data, environment, request.requirements()).await?;
    Ok(changed(&door.ask(request).await?, &user.options))
}

/// A change of an account that is there.
async fn change(command: &UserCommand, environment: Environment) -> Said {
    let Some((user, request)) = requested(command)? else { return Ok(String::new()) };
    let requirements = request(String::new()).requirements();
    let door = Door::open(&user.options.read.data, environment, requirements).await?;
    let id = door.id(&user.name).await?;
    Ok(changed(&door.ask(request(id)).await?, &user.options))
}

/// The request for an account of this id.
type Request<'c> = Box<dyn Fn(String) -> OperatorRequest + 'c>;

/// The account that a command names, and what it asks for; none for commands that only read.
fn requested(command: &UserCommand) -> Result<Option<(&ChangeSelector, Request<'_>)>, OperatorCommandError> {
    use OperatorRequest as Wanted;
    Ok(Some(match command {
        UserCommand::Set(wanted) => (&wanted.user, set(wanted)?),
        UserCommand::Password(wanted) => (&wanted.user, set_password(wanted)?),
        UserCommand::Email(wanted) => of(&wanted.user, |id, dry_run| {
            let action = match wanted.action {
                EmailAction::Add => EmailChange::Add,
                EmailAction::Remove => EmailChange::Remove,
                EmailAction::Verify => EmailChange::Verify,
                EmailAction::Primary => EmailChange::Primary,
            };
            Wanted::UserEmail(ChangeEmail { id, action, email: wanted.address.clone(), dry_run })
        }),
        UserCommand::Phone(wanted) => of(&wanted.user, |id, dry_run| {
            let action = match wanted.action {
                PhoneAction::Set => PhoneChange::Set,
                PhoneAction::Remove => PhoneChange::Remove,
                PhoneAction::Verify => PhoneChange::Verify,
            };
            Wanted::UserPhone(ChangePhone { id, action, phone: wanted.number.clone(), dry_run })
        }),
        UserCommand::Mfa(MfaCommand::Reset(wanted)) => of(&wanted.user, |id, dry_run| {
            Wanted::UserMfaReset(ResetMfa { id, authenticator: wanted.authenticator, dry_run })
        }),
        UserCommand::Send(wanted) => of(&wanted.user, |id, dry_run| {
            let mail = match wanted.mail {
                MailChoice::Verification => OperatorMail::Verification,
                MailChoice::PasswordReset => OperatorMail::PasswordReset,
            };
            Wanted::UserSend(SendMail { id, mail, email: wanted.to.clone(), dry_run })
        }),
        UserCommand::Sessions(wanted) => of(&wanted.user, |id, dry_run| {
            Wanted::UserEndSessions(EndSessions { id, session: wanted.end, dry_run })
        }),
        UserCommand::Disconnect(wanted) => of(&wanted.user, |id, dry_run| {
            let (provider, uid) = (wanted.provider.clone(), wanted.uid.clone());
            Wanted::UserDisconnect(DisconnectProvider { id, provider, uid, dry_run })
        }),
        UserCommand::Superuser(wanted) => of(&wanted.user, |id, dry_run| {
            Wanted::UserSuperuser(SetSuperuser { id, value: wanted.value, dry_run })
        }),
        UserCommand::Unlock(user) => of(user, |id, dry_run| Wanted::UserUnlock(ChangeUser { id, dry_run })),
        UserCommand::Disable(user) => of(user, |id, dry_run| Wanted::UserDisable(ChangeUser { id, dry_run })),
        UserCommand::Enable(user) => of(user, |id, dry_run| Wanted::UserEnable(ChangeUser { id, dry_run })),
        UserCommand::Delete(user) => of(user, |id, dry_run| Wanted::UserDelete(ChangeUser { id, dry_run })),
        UserCommand::List(_)
        | UserCommand::Find(_)
        | UserCommand::Show(_)
        | UserCommand::History(_)
        | UserCommand::Fields(_)
        | UserCommand::Add(_) => return Ok(None),
    }))
}

fn of<'c>(
    user: &'c ChangeSelector,
    request: impl Fn(String, bool) -> OperatorRequest + 'c,
) -> (&'c ChangeSelector, Request<'c>) {
    let dry_run = user.options.dry_run;
    (user, Box::new(move |id| request(id, dry_run)))
}

fn set(wanted: &UserSet) -> Result<Request<'static>, OperatorCommandError> {
    let given = [&wanted.public_metadata, &wanted.private_metadata];
    if given.iter().all(|given| given.as_deref() == Some("-")) {
        return Err(OperatorCommandError::OneInput);
    }
    let change = SetUser {
        id: String::new(),
        username: wanted.username.clone(),
        fields: fields(&wanted.values),
        public_metadata: metadata("--public-metadata", wanted.public_metadata.as_deref())?,
        private_metadata: metadata("--private-metadata", wanted.private_metadata.as_deref())?,
        dry_run: wanted.user.options.dry_run,
    };
    Ok(Box::new(move |id| OperatorRequest::UserSet(SetUser { id, ..change.clone() })))
}

fn set_password(wanted: &UserPassword) -> Result<Request<'static>, OperatorCommandError> {
    let change = ChangePassword {
        id: String::new(),
        password: wanted.password.as_deref().map(password).transpose()?,
        any_password: wanted.no_validate,
        clear: wanted.clear,
        dry_run: wanted.user.options.dry_run,
    };
    Ok(Box::new(move |id| OperatorRequest::UserPassword(ChangePassword { id, ..change.clone() })))
}

/// Values of fields, as text.
pub(crate) fn fields(values: &[(String, String)]) -> Map<String, Value> {
    values.iter().map(|(name, value)| (name.clone(), json!(value))).collect()
}

fn metadata(
    option: &'static str,
    given: Option<&str>,
) -> Result<Option<Map<String, Value>>, OperatorCommandError> {
    let text = match given {
        Some("-") => Some(io::read_to_string(io::stdin())?),
        other => other.map(str::to_owned),
    };
    let read = |text: String| serde_json::from_str(&text);
    text.map(read).transpose().map_err(|error| OperatorCommandError::Metadata(option, error))
}

fn password(argument: &str) -> io::Result<Secret> {
    if argument != "-" {
        return Ok(Secret::new(argument));
    }
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    Ok(Secret::new(line.trim_end_matches(['\r', '\n'])))
}

/// What has changed: the id of the account, or what would change, or all of it as JSON.
fn changed(outcome: &Value, options: &ChangeOptions) -> String {
    if options.read.json {
        return escaped_json(&outcome.to_string());
    }
    let id = escaped(outcome["id"].as_str().unwrap_or_default());
    if !options.dry_run {
        return id;
    }
    let events = outcome["events"].as_array().into_iter().flatten();
    let events = events.map(|event| format!("would be recorded: {event}"));
    let mails = outcome["mails_to"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let mails = mails.map(|email| format!("would be mailed: {email}"));
    let lines: Vec<_> = events.chain(mails).map(|line| escaped(&line)).collect();
    if lines.is_empty() {
        format!("{id}\nnothing would change")
    } else {
        format!("{id}\n{}", lines.join("\n"))
    }
}

/// Verifies the history of all accounts: how many have one, and how many faults were printed.
pub async fn verify(
    data: &Data,
    environment: HashMap<String, String>,
) -> Result<(usize, usize), OperatorCommandError> {
    // Whatever the settings of this process: events may have been recorded under others.
    let requirements = Requirements { secret_key: true, ..Requirements::OPERATOR };
    let app = App::start(data.named_variables(environment)?, requirements).await?;
    let mut faults = 0;
    let accounts = operator::verify(&app, |fault| {
        faults += 1;
        print(&fault.to_string());
    });
    let accounts = accounts.await?;
    Ok((accounts, faults))
}
