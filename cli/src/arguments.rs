//! The command line.

#![expect(clippy::doc_markdown, reason = "help texts are no Markdown")]

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};
use url::Url;

use crate::age::AgeRecipient;
use crate::data_dir::{self, DataDirError};
use crate::terminal::remark;
use crate::{FRONTEND, local_aws};

/// Vestibule: a headless accounts API.
#[derive(Debug, Parser)]
#[command(name = "vestibule", version, arg_required_else_help = true)]
pub struct Arguments {
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the application locally: API, DynamoDB and an inbox.
    ///
    /// Settings are environment variables (docs/settings.md). Ctrl-C stops it.
    Serve(Serve),
    /// Serve the console, a page for operators, at 127.0.0.1 (docs/console.md).
    ///
    /// It prints a link that has your rights. `OPERATOR_URL` and `OPERATOR_READ_URL` name the operators' API of a
    /// deployment, and the standard AWS variables have your credentials (`aws configure export-credentials --format env`
    /// prints them). Without them it uses the table that `TABLE_NAME` names, or that of the local stack. It ends after 30
    /// idle minutes.
    Console(ConsoleOptions),
    /// Check the settings file, and write it into the functions' packages (docs/deploy.md).
    #[command(subcommand, arg_required_else_help = true)]
    Settings(SettingsCommand),
    /// Manage accounts.
    #[command(subcommand, arg_required_else_help = true)]
    User(UserCommand),
    /// Verify the history of accounts.
    #[command(subcommand, arg_required_else_help = true)]
    Audit(AuditCommand),
    /// Deliver events of accounts (docs/events.md).
    #[command(subcommand, arg_required_else_help = true)]
    Events(EventsCommand),
    /// Manage invitations to sign up (docs/invitations.md).
    #[command(subcommand, arg_required_else_help = true)]
    Invite(InviteCommand),
    /// Make the file of passwords that data breaches have made known (docs/breached-passwords.md).
    #[command(subcommand, arg_required_else_help = true)]
    Breached(BreachedCommand),
    /// Manage email addresses.
    #[command(subcommand, arg_required_else_help = true)]
    Email(EmailCommand),
    /// Import accounts from elsewhere (docs/migration-format.md).
    #[command(subcommand, arg_required_else_help = true)]
    Import(ImportCommand),
    /// Export all accounts (docs/migration-format.md).
    ///
    /// It reads the whole table: the one that `TABLE_NAME` and the standard AWS variables name, or without `TABLE_NAME` that
    /// of the local stack.
    Export(Export),
    /// Maintain the table.
    #[command(subcommand, arg_required_else_help = true)]
    Table(Table),
    /// Rotate SECRET_KEY, which signs links and encrypts secrets in the table (docs/rotation.md).
    ///
    /// `SECRET_KEY_ARN` names the secret in Secrets Manager, `TABLE_NAME` the table, and the standard AWS variables lead
    /// to both (`aws configure export-credentials --format env` prints them).
    #[command(subcommand, arg_required_else_help = true)]
    SecretKey(SecretKey),
}

/// The commands for the settings file.
#[derive(Debug, Subcommand)]
pub enum SettingsCommand {
    /// Check the file: report all unknown names, secrets and invalid values, and the texts in LANGUAGES_DIR.
    Check(SettingsFile),
    /// Check the file, and write it into the package of each function, with LANGUAGES_DIR.
    Pack(Pack),
}

/// The file of settings.
#[derive(Debug, Args)]
pub struct SettingsFile {
    /// The file: a JSON object of names (docs/settings.md) and values.
    #[arg(default_value = "settings.json")]
    pub file: PathBuf,
}

/// The file of settings, and the packages.
#[derive(Debug, Args)]
pub struct Pack {
    /// The file of settings.
    #[command(flatten)]
    pub settings: SettingsFile,
    /// The directory that has the package of each function, as infra/build.sh makes it.
    #[arg(long, default_value = "target/lambda")]
    pub into: PathBuf,
}

/// The commands for `SECRET_KEY`.
#[derive(Debug, Subcommand)]
pub enum SecretKey {
    /// Show the ids of the keys, and the role of each.
    Status(Data),
    /// Run a step of a rotation. Each step can be repeated.
    Rotate(Rotate),
    /// Remove a replaced key, unless something still depends on it.
    Retire(Retire),
}

/// One step of a rotation.
#[derive(Debug, Args)]
pub struct Rotate {
    /// The step; run them in this order.
    #[arg(value_enum)]
    pub step: RotationStep,
    /// All functions were restarted after the key was added (parameter Restarted), so that every process has it.
    #[arg(long)]
    pub restarted: bool,
    /// The local stack, with the keys in SECRET_KEY and SECRET_KEY_FALLBACKS.
    #[command(flatten)]
    pub data: Data,
}

/// The steps of a rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RotationStep {
    /// Add a new key, which decrypts and verifies at first.
    Add,
    /// Wait until every process has read the keys again.
    Wait,
    /// Make the new key the one that encrypts and signs.
    Promote,
    /// Re-encrypt everything in the table under the new key.
    Reseal,
}

/// The key to remove.
#[derive(Debug, Args)]
pub struct Retire {
    /// The id of the key; by default the one replaced first.
    #[arg(long)]
    pub id: Option<String>,
    /// The local stack, with the keys in SECRET_KEY and SECRET_KEY_FALLBACKS.
    #[command(flatten)]
    pub data: Data,
}

/// The options of the local stack.
#[derive(Clone, Debug, Args)]
pub struct Serve {
    /// Port of the API; 0 for any free port.
    #[arg(long, env = "VESTIBULE_PORT", default_value_t = 8000)]
    pub port: u16,
    /// Port of the inbox: a page, Mailpit's API, and the endpoints of SES and SNS.
    #[arg(long, env = "VESTIBULE_MAIL_PORT", default_value_t = 8025)]
    pub inbox_port: u16,
    /// Port of DynamoDB.
    #[arg(long, env = "VESTIBULE_DYNAMODB_PORT", default_value_t = 8001)]
    pub dynamodb_port: u16,
    /// Run behind a proxy that makes one origin of frontend and API, as CloudFront does (docs/deploy.md). It asks the
    /// frontend's development server for everything that is not the API's.
    #[arg(long, value_name = "FRONTEND", num_args = 0..=1, require_equals = true, default_missing_value = FRONTEND, value_parser = frontend)]
    pub behind_proxy: Option<Url>,
    /// Port of that proxy; 0 for any free port.
    #[arg(long, env = "VESTIBULE_PROXY_PORT", default_value_t = 8080)]
    pub proxy_port: u16,
    /// Port of the operators' API (docs/operators.md), on loopback only; if it is in use, there is none.
    #[arg(long, env = "VESTIBULE_OPERATOR_PORT", default_value_t = 8027)]
    pub operator_port: u16,
    /// The playground.
    #[command(flatten)]
    pub playground: PlaygroundOptions,
    /// The console; if its port is in use, there is no console.
    #[command(flatten)]
    pub console: ConsolePort,
    /// Serve no console.
    #[arg(long)]
    pub no_console: bool,
    /// IP address to listen on; 0.0.0.0 accepts connections from containers and other machines.
    #[arg(long, default_value = "127.0.0.1", value_parser = host)]
    pub host: IpAddr,
    /// The data directory.
    #[command(flatten)]
    pub data: Data,
    /// Keep the data in memory only, and discard it at exit.
    #[arg(long)]
    pub ephemeral: bool,
}

/// The frontend to try the API with.
#[derive(Clone, Debug, Args)]
pub struct PlaygroundOptions {
    /// Port of the playground, a frontend to try the API with; if it is in use, there is no playground.
    #[arg(long, env = "VESTIBULE_PLAYGROUND_PORT", default_value_t = 3000)]
    pub playground_port: u16,
    /// Serve no playground.
    #[arg(long)]
    pub no_playground: bool,
}

/// The page for operators.
#[derive(Clone, Debug, Args)]
pub struct ConsoleOptions {
    /// Where it listens.
    #[command(flatten)]
    pub port: ConsolePort,
    /// The local stack.
    #[command(flatten)]
    pub data: Data,
}

/// The port of the page for operators.
#[derive(Clone, Copy, Debug, Args)]
pub struct ConsolePort {
    /// Port of the console, a page for operators on 127.0.0.1; 0 for any free port.
    #[arg(long, env = "VESTIBULE_CONSOLE_PORT", default_value_t = 8026)]
    pub console_port: u16,
}

/// The directory of a local stack.
#[derive(Clone, Debug, Args)]
pub struct Data {
    /// Data directory of the local stack [default: .vestibule].
    #[arg(long, env = "VESTIBULE_DATA_DIR")]
    pub data_dir: Option<PathBuf>,
}

impl Data {
    /// The directory, whether it was named or not.
    pub fn path(&self) -> &Path {
        self.data_dir.as_deref().unwrap_or_else(|| Path::new(".vestibule"))
    }

    /// The variables that name the table: the environment's own, or those of the local stack.
    fn variables(
        &self,
        mut environment: HashMap<String, String>,
    ) -> Result<HashMap<String, String>, DataDirError> {
        environment.retain(|_, value| !value.is_empty());
        match (environment.get("TABLE_NAME"), &self.data_dir) {
            (Some(table), Some(path)) => {
                return Err(DataDirError::TwoTables { table: table.clone(), path: path.clone() });
            }
            (Some(_), None) => {}
            (None, _) => {
                let stack = data_dir::running(self.path())?;
                // As the stack has it: settings that it takes are not to be wrong here.
                environment.entry("FRONTEND_URL".to_owned()).or_insert_with(|| FRONTEND.to_owned());
                let allows_private = environment.entry("SOCIALACCOUNT_ALLOW_PRIVATE_ADDRESSES".to_owned());
                allows_private.or_insert_with(|| "true".to_owned());
                if let Some(key) =
                    data_dir::kept_key(self.path()).filter(|_| !environment.contains_key("SECRET_KEY_ARN"))
                {
                    environment.entry("SECRET_KEY".to_owned()).or_insert(key);
                }
                environment.insert("AWS_ENDPOINT_URL_EVENTBRIDGE".to_owned(), stack.inbox.clone());
                local_aws(&mut environment, &stack.dynamodb, &stack.region, &stack.table);
            }
        }
        Ok(environment)
    }

    /// The same; says which table it is, before anything in it is read or changed.
    pub fn named_variables(
        &self,
        environment: HashMap<String, String>,
    ) -> Result<HashMap<String, String>, DataDirError> {
        let variables = self.variables(environment)?;
        let value = |name| variables.get(name).map_or("", String::as_str);
        remark(&format!("in the table {}, region {}", value("TABLE_NAME"), value("AWS_REGION")));
        Ok(variables)
    }
}

/// The commands for events.
#[derive(Debug, Subcommand)]
pub enum EventsCommand {
    /// Deliver the events of the last hours again, as after a time in which the target was down.
    ///
    /// It puts them on the bus that `EVENTS_BUS` names, or sends them to `EVENTS_URL`, each with the id that it had before,
    /// and reads the whole table: the one that `TABLE_NAME` and the standard AWS variables name, or without `TABLE_NAME` that
    /// of the local stack. It needs `SECRET_KEY` or `SECRET_KEY_ARN`.
    Replay(Replay),
}

/// What to deliver again.
#[derive(Debug, Args)]
pub struct Replay {
    /// The number of hours to go back.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=87_672))]
    pub hours: u32,
    /// The local stack.
    #[command(flatten)]
    pub data: Data,
}

/// The commands for the history of accounts.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Verify the recorded events of all accounts (docs/events.md).
    ///
    /// Prints what was altered or is missing, and exits with status 1 then. It reads the whole table: the one that
    /// `TABLE_NAME` and the standard AWS variables name, or without `TABLE_NAME` that of the local stack. It needs
    /// `SECRET_KEY` or `SECRET_KEY_ARN`.
    Verify(Data),
}

/// The commands for email addresses.
#[derive(Debug, Subcommand)]
pub enum EmailCommand {
    /// Send mail to an undeliverable email address again.
    ///
    /// It removes the mark of a bounce or a complaint. After a complaint SES itself sends nothing to the email address until
    /// `aws sesv2 delete-suppressed-destination` removes it from the account's suppression list.
    Clear(OneEmail),
}

/// An email address.
#[derive(Debug, Args)]
pub struct OneEmail {
    /// The email address.
    pub email: String,
    /// What to do with it.
    #[command(flatten)]
    pub options: ChangeOptions,
}

/// The commands that import accounts.
#[derive(Debug, Subcommand)]
pub enum ImportCommand {
    /// Import a file with one JSON object a line.
    ///
    /// First it prints every account that cannot be imported, with the reason; then it imports the others, each as a whole.
    /// It can be repeated: an account is replaced if its line has changed since, and the account has not. It writes to the
    /// table that `TABLE_NAME` and the standard AWS variables name, or without `TABLE_NAME` to that of the local stack, and
    /// needs `SECRET_KEY` or `SECRET_KEY_ARN`; with `MIGRATION_URL` the function there writes, and has the rights to both
    /// (docs/migration.md). It exits with status 3 if accounts were left out.
    Jsonl(ImportJsonl),
    /// Import the accounts of a Django project with django-allauth (docs/migration-django.md).
    ///
    /// It reads what `manage.py dumpdata --format jsonl --output dump.jsonl auth account socialaccount mfa` writes, with the
    /// app of AUTH_USER_MODEL in the place of auth, and works as `import jsonl` does.
    Django(ImportDjango),
}

/// A file of accounts.
#[derive(Debug, Args)]
pub struct ImportJsonl {
    /// The file.
    pub file: PathBuf,
    /// How to import it.
    #[command(flatten)]
    pub switches: ImportSwitches,
}

/// A dump of a Django project.
#[derive(Debug, Args)]
pub struct ImportDjango {
    /// The dump.
    pub file: PathBuf,
    /// Where the user model has what.
    #[command(flatten)]
    pub columns: DjangoColumns,
    /// How to import it.
    #[command(flatten)]
    pub switches: ImportSwitches,
}

/// How to import accounts.
#[derive(Clone, Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
pub struct ImportSwitches {
    /// Print what would be imported, replaced or refused, and write nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Import the others if accounts of the file cannot be imported. Without it, nothing is imported then.
    #[arg(long)]
    pub skip_refused: bool,
    /// Also import which accounts are marked as administrators.
    #[arg(long)]
    pub superusers: bool,
    /// Allow ids of another format than ACCOUNT_ID_FORMAT gives to new accounts, such as numbers beside UUIDs.
    #[arg(long)]
    pub mixed_ids: bool,
    /// The maximum number of write units a second, as DynamoDB counts them.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub writes_per_second: Option<u32>,
    /// Print JSON: one object for each account that is left out, and one at the end.
    #[arg(long)]
    pub json: bool,
    /// The local stack.
    #[command(flatten)]
    pub data: Data,
}

/// An export of all accounts.
#[derive(Debug, Args)]
pub struct Export {
    /// The format.
    #[arg(long, value_enum, default_value = "jsonl")]
    pub format: ExportFormat,
    /// Where the user model has what, in the format django.
    #[command(flatten, next_help_heading = "Options of --format django")]
    pub columns: DjangoColumns,
    /// How to export them.
    #[command(flatten)]
    pub switches: ExportSwitches,
}

/// The formats of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// One JSON object a line, as `import jsonl` reads it.
    Jsonl,
    /// Rows of Django models, as `manage.py loaddata` and `import django` read them (docs/migration-django.md).
    Django,
}

/// How to export accounts.
#[derive(Clone, Debug, Args)]
pub struct ExportSwitches {
    /// The file to write, which must not exist.
    #[arg(long, value_name = "FILE")]
    pub into: PathBuf,
    /// Include password hashes, TOTP secrets, recovery codes and tokens of providers. The file is encrypted.
    #[arg(long, requires = "to_public_key")]
    pub with_secrets: bool,
    /// Encrypt the file with age, so that only the owner of this key (age1…) can read it.
    #[arg(long, value_name = "KEY")]
    pub to_public_key: Option<AgeRecipient>,
    /// Continue an export without secrets that was interrupted.
    #[arg(long, conflicts_with = "to_public_key")]
    pub resume: bool,
    /// The local stack.
    #[command(flatten)]
    pub data: Data,
}

/// The commands for invitations.
#[derive(Debug, Subcommand)]
pub enum InviteCommand {
    /// Invite an email address to sign up, by a mail with a link that is valid for seven days.
    ///
    /// It replaces an earlier invitation of the email address. `SECRET_KEY_ARN` (or SECRET_KEY) is required, as messages are
    /// encrypted before they are stored; not with --print-link.
    Add(InviteAdd),
    /// List the invitations that are neither used nor expired. It reads the whole table.
    List(ReadOptions),
    /// Revoke the invitation of an email address.
    Revoke(OneEmail),
}

/// An invitation to make.
#[derive(Debug, Args)]
pub struct InviteAdd {
    /// The email address.
    pub email: String,
    /// Who invites, as the list shows it.
    #[arg(long)]
    pub by: Option<String>,
    /// A field that the account gets, and its value, such as role=editor; also one that only operators write.
    #[arg(long = "field", value_name = "NAME=VALUE", value_parser = assignment)]
    pub fields: Vec<(String, String)>,
    /// Print the link instead of sending it. It is a secret.
    #[arg(long)]
    pub print_link: bool,
    /// The options.
    #[command(flatten)]
    pub options: ChangeOptions,
}

/// The commands for breached passwords.
#[derive(Debug, Subcommand)]
pub enum BreachedCommand {
    /// Build the file of a public list of passwords or of their hashes.
    Build(BreachedBuild),
    /// Check the file, and write it into the packages of the functions that set passwords.
    Pack(BreachedPack),
}

/// A file to build.
#[derive(Debug, Args)]
pub struct BreachedBuild {
    /// The list: lines of a SHA-1 hash in hexadecimal, a colon and a count, in any order.
    pub list: PathBuf,
    /// How many passwords to take, the most frequent ones.
    #[arg(long, default_value_t = 1_000_000)]
    pub most: usize,
    /// The list has a password in each line instead, the most frequent ones first.
    #[arg(long)]
    pub plain: bool,
    /// The file to write.
    #[arg(long, default_value = "breached.filter")]
    pub into: PathBuf,
}

/// A file to deploy.
#[derive(Debug, Args)]
pub struct BreachedPack {
    /// The file.
    #[arg(default_value = "breached.filter")]
    pub file: PathBuf,
    /// The directory that has the package of each function, as infra/build.sh makes it.
    #[arg(long, default_value = "target/lambda")]
    pub into: PathBuf,
}

/// The commands for the table.
#[derive(Debug, Subcommand)]
pub enum Table {
    /// Convert email addresses and username keys to canonical form, after an update of Vestibule.
    ///
    /// Prints each change, and can be repeated. If two accounts have verified one mailbox, or have one username, in different
    /// spellings, it prints their ids, changes neither, and exits with status 1. It reads the whole table: the one that
    /// `TABLE_NAME` and the standard AWS variables name, or without `TABLE_NAME` that of the local stack.
    Canonicalise(Data),
}

/// The commands for accounts (docs/operators.md).
///
/// They change the table that `TABLE_NAME` and the standard AWS variables name
/// (`aws configure export-credentials --format env` prints them), or without `TABLE_NAME` that of the local stack that runs
/// on the data directory.
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// List accounts, one a line. It reads the whole table.
    List(UserList),
    /// Look up accounts by an identifier, one a line.
    Find(UserFind),
    /// Show all of an account but its secrets, as JSON.
    Show(UserSelector),
    /// Print the recorded events of an account, the earliest first, one JSON object a line (docs/events.md).
    ///
    /// A deleted account is named by its id. Personal data needs `SECRET_KEY` or `SECRET_KEY_ARN`.
    History(UserSelector),
    /// List the declared fields of accounts (ACCOUNT_PROFILE_FIELDS), one a line, as JSON.
    Fields(Data),
    /// Create an account. No mail is sent.
    Add(UserAdd),
    /// Set fields, metadata and the username of an account (docs/fields.md).
    ///
    /// Fields are those of ACCOUNT_PROFILE_FIELDS: run it with the settings of the functions, such as
    /// SETTINGS_FILE=settings.json.
    Set(UserSet),
    /// Set or remove the password of an account. All sessions end, and its owner is mailed.
    Password(UserPassword),
    /// Add, remove or verify an email address of an account, or make it the primary one. Its owner is mailed.
    Email(UserEmailChange),
    /// Set, remove or verify the phone number of an account. Its owner is mailed.
    Phone(UserPhoneChange),
    /// Manage second factors.
    #[command(subcommand, arg_required_else_help = true)]
    Mfa(MfaCommand),
    /// Reset the rate limits on failed logins of an account.
    Unlock(ChangeSelector),
    /// Send a mail with a link that verifies an email address or resets the password.
    Send(UserSend),
    /// List the sessions of an account, or end them.
    Sessions(UserSessionsCommand),
    /// Disconnect a provider account.
    Disconnect(UserDisconnect),
    /// Disable an account: end its sessions, and refuse logins.
    Disable(ChangeSelector),
    /// Enable a disabled account.
    Enable(ChangeSelector),
    /// Mark an account as an administrator, or remove the mark. Its owner is mailed.
    Superuser(UserSuperuser),
    /// Delete an account with its sessions and all other data.
    ///
    /// No mail is sent. A deleted account cannot be restored.
    Delete(ChangeSelector),
}

/// The commands for second factors.
#[derive(Debug, Subcommand)]
pub enum MfaCommand {
    /// Remove the second factors of an account, or one of them. All sessions end, and its owner is mailed.
    Reset(MfaReset),
}

/// The options of what reads.
#[derive(Debug, Args)]
pub struct ReadOptions {
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
    /// The local stack.
    #[command(flatten)]
    pub data: Data,
}

/// The options of what changes.
#[derive(Debug, Args)]
pub struct ChangeOptions {
    /// Change nothing, and print what would change.
    #[arg(long)]
    pub dry_run: bool,
    /// The other options.
    #[command(flatten)]
    pub read: ReadOptions,
}

/// An account, as an operator names it.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("account").args(["id", "email"]).required(true))]
pub struct AccountName {
    /// The id of the account: user.id in the API.
    #[arg(long)]
    pub id: Option<String>,
    /// The email address of the account, if no other account has it.
    #[arg(long)]
    pub email: Option<String>,
}

/// An account to read.
#[derive(Debug, Args)]
pub struct UserSelector {
    /// The account.
    #[command(flatten)]
    pub name: AccountName,
    /// The options.
    #[command(flatten)]
    pub options: ReadOptions,
}

/// An account to change.
#[derive(Debug, Args)]
pub struct ChangeSelector {
    /// The account.
    #[command(flatten)]
    pub name: AccountName,
    /// The options.
    #[command(flatten)]
    pub options: ChangeOptions,
}

/// The accounts to list.
#[derive(Debug, Args)]
pub struct UserList {
    /// Text that an email address, the username, the phone number, the id or a field contains, ignoring case.
    #[arg(long)]
    pub contains: Option<String>,
    /// The options.
    #[command(flatten)]
    pub options: ReadOptions,
}

/// An identifier of accounts.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("identifier").args(["id", "email", "phone", "username", "provider"]).required(true))]
pub struct UserFind {
    /// The id of the account: user.id in the API.
    #[arg(long)]
    pub id: Option<String>,
    /// An email address.
    #[arg(long)]
    pub email: Option<String>,
    /// A phone number, such as +31612345678.
    #[arg(long)]
    pub phone: Option<String>,
    /// A username.
    #[arg(long)]
    pub username: Option<String>,
    /// The id of a provider.
    #[arg(long, requires = "uid")]
    pub provider: Option<String>,
    /// The uid of the account at the provider.
    #[arg(long, requires = "provider")]
    pub uid: Option<String>,
    /// The options.
    #[command(flatten)]
    pub options: ReadOptions,
}

/// What to set in an account.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").args(["values", "username", "public_metadata", "private_metadata"]).required(true).multiple(true))]
pub struct UserSet {
    /// The account.
    #[command(flatten)]
    pub user: ChangeSelector,
    /// Fields and their values, such as role=editor; without a value (role=) to remove it.
    #[arg(value_name = "NAME=VALUE", value_parser = assignment)]
    pub values: Vec<(String, String)>,
    /// The username.
    #[arg(long)]
    pub username: Option<String>,
    /// A JSON object that the user may read, in place of the one before; {} for none; - to read it from the standard
    /// input.
    #[arg(long, value_name = "JSON")]
    pub public_metadata: Option<String>,
    /// A JSON object that only operators read, in place of the one before; {} for none; - to read it from the standard
    /// input.
    #[arg(long, value_name = "JSON")]
    pub private_metadata: Option<String>,
}

/// The account to create.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("name").args(["email", "username", "phone"]).required(true).multiple(true))]
pub struct UserAdd {
    /// Email address.
    #[arg(long)]
    pub email: Option<String>,
    /// Password, or - to read it from the standard input, hidden from other users of the machine.
    /// Without one, login is possible by other methods only.
    #[arg(long, allow_hyphen_values = true)]
    pub password: Option<String>,
    /// Skip AUTH_PASSWORD_VALIDATORS.
    #[arg(long)]
    pub no_validate: bool,
    /// Username.
    #[arg(long)]
    pub username: Option<String>,
    /// Phone number, such as +31612345678.
    #[arg(long)]
    pub phone: Option<String>,
    /// Leave the email address and phone number unverified.
    #[arg(long)]
    pub unverified: bool,
    /// Create the account disabled.
    #[arg(long)]
    pub inactive: bool,
    /// Mark the account as an administrator.
    #[arg(long)]
    pub superuser: bool,
    /// The options.
    #[command(flatten)]
    pub options: ChangeOptions,
}

/// A password to set or to remove.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").args(["password", "clear"]).required(true))]
pub struct UserPassword {
    /// The account.
    #[command(flatten)]
    pub user: ChangeSelector,
    /// The password, or - to read it from the standard input, hidden from other users of the machine.
    #[arg(long, allow_hyphen_values = true)]
    pub password: Option<String>,
    /// Skip AUTH_PASSWORD_VALIDATORS.
    #[arg(long)]
    pub no_validate: bool,
    /// Remove the password: login is possible by other methods only.
    #[arg(long)]
    pub clear: bool,
}

/// What to do with an email address.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum EmailAction {
    /// Add it, unverified.
    Add,
    /// Remove it.
    Remove,
    /// Mark it as verified.
    Verify,
    /// Make it the primary one.
    Primary,
}

/// A change of an email address of an account.
#[derive(Debug, Args)]
pub struct UserEmailChange {
    /// What to do.
    #[arg(value_enum)]
    pub action: EmailAction,
    /// The email address to change.
    pub address: String,
    /// The account.
    #[command(flatten)]
    pub user: ChangeSelector,
}

/// What to do with the phone number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PhoneAction {
    /// Set it, as verified, in place of the one before.
    Set,
    /// Remove it.
    Remove,
    /// Mark it as verified.
    Verify,
}

/// A change of the phone number of an account.
#[derive(Debug, Args)]
pub struct UserPhoneChange {
    /// What to do.
    #[arg(value_enum)]
    pub action: PhoneAction,
    /// The phone number to set, such as +31612345678.
    #[arg(required_if_eq("action", "set"))]
    pub number: Option<String>,
    /// The account.
    #[command(flatten)]
    pub user: ChangeSelector,
}

/// The second factors to remove.
#[derive(Debug, Args)]
pub struct MfaReset {
    /// The id of one authenticator; by default all are removed.
    #[arg(long)]
    pub authenticator: Option<i64>,
    /// The account.
    #[command(flatten)]
    pub user: ChangeSelector,
}

/// A mail with a link.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum MailChoice {
    /// The mail that verifies an email address.
    Verification,
    /// The mail that resets the password.
    PasswordReset,
}

/// A mail to send.
#[derive(Debug, Args)]
pub struct UserSend {
    /// Which mail.
    #[arg(value_enum)]
    pub mail: MailChoice,
    /// The email address of the account to send it to; the primary one by default.
    #[arg(long)]
    pub to: Option<String>,
    /// The account.
    #[command(flatten)]
    pub user: ChangeSelector,
}

/// The sessions of an account.
#[derive(Debug, Args)]
pub struct UserSessionsCommand {
    /// End the session with this id.
    #[arg(long, value_name = "SESSION", conflicts_with = "end_all")]
    pub end: Option<i64>,
    /// End all sessions, with the trust of browsers.
    #[arg(long)]
    pub end_all: bool,
    /// The account.
    #[command(flatten)]
    pub user: ChangeSelector,
}

/// A provider account to disconnect.
#[derive(Debug, Args)]
pub struct UserDisconnect {
    /// The id of the provider.
    pub provider: String,
    /// The uid of the account at the provider.
    pub uid: String,
    /// The account.
    #[command(flatten)]
    pub user: ChangeSelector,
}

/// Whether an account is an administrator.
#[derive(Debug, Args)]
pub struct UserSuperuser {
    /// Whether to mark it, or to remove the mark.
    #[arg(action = clap::ArgAction::Set)]
    pub value: bool,
    /// The account.
    #[command(flatten)]
    pub user: ChangeSelector,
}

/// How a Django project stores its users.
#[derive(Clone, Debug, Args)]
pub struct DjangoColumns {
    /// The user model: AUTH_USER_MODEL of the project.
    #[arg(long, value_name = "APP.MODEL", default_value_t = Self::default().user_model)]
    pub user_model: String,
    /// Its column of usernames.
    #[arg(long, value_name = "COLUMN", default_value_t = Self::default().username_field)]
    pub username_field: String,
    /// Its column of email addresses.
    #[arg(long, value_name = "COLUMN", default_value_t = Self::default().email_field)]
    pub email_field: String,
    /// Its column of phone numbers, in the form +31612345678.
    #[arg(long, value_name = "COLUMN")]
    pub phone_field: Option<String>,
    /// Its column that is true if the phone number is verified. Without it, phone numbers are unverified.
    #[arg(long, value_name = "COLUMN", requires = "phone_field")]
    pub phone_verified_field: Option<String>,
    /// Another column of it, and the field of ACCOUNT_PROFILE_FIELDS that has its value, such as first_name=given_name. Can
    /// be repeated.
    #[arg(long = "field", value_name = "COLUMN=FIELD", value_parser = assignment)]
    pub fields: Vec<(String, String)>,
}

impl Default for DjangoColumns {
    /// Those of Django's own user model.
    fn default() -> Self {
        let [user_model, username_field, email_field] = ["auth.user", "username", "email"].map(str::to_owned);
        let (phone_field, phone_verified_field, fields) = (None, None, Vec::new());
        Self { user_model, username_field, email_field, phone_field, phone_verified_field, fields }
    }
}

impl DjangoColumns {
    /// The columns that are named.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let phone = [&self.phone_field, &self.phone_verified_field].into_iter().flatten();
        let fields = self.fields.iter().map(|(column, _)| column);
        [&self.username_field, &self.email_field].into_iter().chain(phone).chain(fields).map(String::as_str)
    }
}

fn assignment(text: &str) -> Result<(String, String), String> {
    let parts = text.split_once('=').filter(|(name, _)| !name.is_empty());
    let (name, value) = parts.ok_or("a name, = and a value, such as role=editor")?;
    Ok((name.to_owned(), value.to_owned()))
}

fn frontend(text: &str) -> Result<Url, String> {
    let url = Url::parse(text)
        .ok()
        .filter(|url| url.scheme() == "http" && url.has_host() && url.path() == "/" && url.query().is_none());
    url.ok_or_else(|| "a URL of scheme http, host and port, such as http://localhost:5173".to_owned())
}

fn host(text: &str) -> Result<IpAddr, String> {
    match text {
        "localhost" => Ok(Ipv4Addr::LOCALHOST.into()),
        _ => text.parse().map_err(|_| "an IP address, such as 127.0.0.1 or 0.0.0.0".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::error::ErrorKind;

    use super::*;

    /// The words of a command as a shell reads them, up to a redirection or a comment.
    fn words(command: &str) -> Vec<String> {
        let (mut words, mut quote) = (vec![String::new()], None);
        for letter in command.chars() {
            match (quote, letter) {
                (Some(open), letter) if letter == open => quote = None,
                (None, '\'' | '"') => quote = Some(letter),
                (None, '<' | '>' | '#') => break,
                (None, ' ') => words.push(String::new()),
                (_, letter) => words.last_mut().unwrap().push(letter),
            }
        }
        words.retain(|word| !word.is_empty());
        words
    }

    /// The calls of this program in a document: whole ones in its blocks, and the beginnings of some in its sentences.
    fn calls(document: &str) -> (Vec<Vec<String>>, Vec<Vec<String>>) {
        let (mut blocks, mut sentences) = (Vec::new(), Vec::new());
        for (number, part) in document.split("```").enumerate() {
            if number % 2 == 1 && part.starts_with("sh\n") {
                blocks.extend(part.split(['\n', '|', '(', ')', ';']).map(words));
            } else if number % 2 == 0 {
                let codes = part.split('`').enumerate().filter(|(number, _)| number % 2 == 1);
                sentences.extend(codes.map(|(_, code)| words(code)));
            }
        }
        let is_variable = |word: &String| word.contains('=');
        for call in blocks.iter_mut().chain(&mut sentences) {
            *call = std::mem::take(call).into_iter().skip_while(is_variable).collect();
        }
        let is_ours =
            |call: &Vec<String>| call.len() > 1 && call.first().is_some_and(|name| name == "vestibule");
        blocks.retain(is_ours);
        sentences.retain(is_ours);
        (blocks, sentences)
    }

    /// What people copy from a document is a command of this program.
    #[test]
    fn every_command_in_the_documents_is_one() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let documents = std::fs::read_dir(root.join("docs")).unwrap().map(|file| file.unwrap().path());
        let documents = documents.filter(|path| path.extension().is_some_and(|kind| kind == "md"));
        let mut found = 0;
        for path in documents.chain([root.join("README.md")]) {
            let (blocks, sentences) = calls(&std::fs::read_to_string(&path).unwrap());
            found += blocks.len() + sentences.len();
            let parse = |call: &Vec<String>| Arguments::try_parse_from(call).err();
            let wrong = blocks.iter().find_map(|call| Some((call, parse(call)?)));
            let is_cut_short = |error: &clap::Error| {
                let kinds = [
                    ErrorKind::MissingRequiredArgument,
                    ErrorKind::MissingSubcommand,
                    ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand,
                ];
                kinds.contains(&error.kind())
            };
            let unknown = |call| Some((call, parse(call).filter(|error| !is_cut_short(error))?));
            let wrong = wrong.or_else(|| sentences.iter().find_map(unknown));
            assert!(wrong.is_none(), "{}: {wrong:?}", path.display());
        }
        assert!(found > 40, "{found}");
    }

    #[test]
    fn the_command_line_is_sound() {
        <Arguments as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn an_account_has_a_name() {
        let parse = |words: &str| Arguments::try_parse_from(words.split(' '));
        assert!(parse("vestibule user add --email a@example.com").is_ok());
        assert!(parse("vestibule user add --username ann --inactive").is_ok());
        assert!(parse("vestibule user add --password x").is_err());
        assert!(parse("vestibule user disable --id x").is_ok());
        assert!(parse("vestibule user enable").is_err());
        assert!(parse("vestibule user delete --email a@example.com").is_ok());
        assert!(parse("vestibule user delete").is_err());
        assert!(parse("vestibule user email verify b@example.com --email a@example.com").is_ok());
        assert!(parse("vestibule user email verify --id x").is_err());
        assert!(parse("vestibule user phone set --id x").is_err());
        assert!(parse("vestibule user phone remove --id x").is_ok());
        assert!(parse("vestibule user password --id x").is_err());
        assert!(parse("vestibule user password --id x --clear --dry-run --json").is_ok());
        assert!(parse("vestibule user superuser true --id x").is_ok());
        assert!(parse("vestibule user mfa reset --id x --authenticator 7").is_ok());
        assert!(parse("vestibule user find --provider github").is_err());
        assert!(parse("vestibule user find --provider github --uid 7").is_ok());
        assert!(parse("vestibule user find").is_err());
        assert!(parse("vestibule user list --contains ann --json").is_ok());
        assert!(parse("vestibule user sessions --id x --end-all --end 1").is_err());
        assert!(parse("vestibule user set --id x role=editor level=").is_ok());
        assert!(parse("vestibule user set --id x --private-metadata {}").is_ok());
        assert!(parse("vestibule user set --id x").is_err());
        assert!(parse("vestibule user set --id x editor").is_err());
        assert!(parse("vestibule user set role=editor").is_err());
        assert!(
            parse("vestibule invite add a@example.com --by Ann --field role=editor --print-link").is_ok()
        );
        assert!(parse("vestibule invite revoke").is_err());
        assert!(parse("vestibule secret-key rotate add").is_ok());
        assert!(parse("vestibule secret-key rotate").is_err());
        assert!(parse("vestibule secret-key retire --id 0123abcd").is_ok());
        assert!(parse("vestibule serve --host here").is_err());
        assert!(parse("vestibule serve --host localhost --port 0").is_ok());
    }
}
