//! The scripts that deploy and go back, with stand-ins of the commands `aws` and `sam`; a deployed settings file.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

use crate::Stack;
use crate::template::{root, template};

fn program(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Keeps each alias in a file, and each call in a log. `pretraffic` has no alias `previous`, and `keys` is new.
const AWS: &str = r#"#!/bin/sh
echo "$@" >>calls
case "$1 $2" in
"cloudformation list-stack-resources")
    case "$*" in *"!contains(ResourceStatus, 'DELETE')"*) ;; *) echo "versions that are gone are listed" >&2; exit 2 ;; esac
    case "$*" in
    *AWS::Lambda::Alias*) printf 'f:v-config:live\tf:v-keys:live\tf:v-login:live\tf:v-pretraffic:live\n' ;;
    *AWS::Lambda::Version*) printf 'f:v-config:9\tf:v-keys:1\tf:v-login:7\tf:v-pretraffic:9\n' ;;
    esac ;;
"lambda get-alias")
    if [ "$8" = Description ]; then cat "aliases/$4.$6.description" 2>/dev/null || echo None; exit; fi
    if [ -f broken ]; then echo "An error occurred (ThrottlingException)" >&2; exit 254; fi
    cat "aliases/$4.$6" 2>/dev/null || { echo "An error occurred (ResourceNotFoundException)" >&2; exit 254; } ;;
"lambda update-alias") [ "$4.$6.$8" != "$(cat fails 2>/dev/null)" ] && echo "$8" >"aliases/$4.$6" ;;
esac
"#;

struct Account(tempfile::TempDir);

impl Account {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        program(&folder.path().join("bin/aws"), AWS);
        fs::create_dir(folder.path().join("aliases")).unwrap();
        let account = Self(folder);
        for (alias, version) in [
            ("f:v-config.live", "9"),
            ("f:v-config.previous", "6"),
            ("f:v-keys.live", "1"),
            ("f:v-login.live", "7"),
            ("f:v-login.previous", "5"),
            ("f:v-pretraffic.live", "9"),
        ] {
            fs::write(account.path("aliases").join(alias), version).unwrap();
        }
        account
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn rollback(&self, arguments: &[&str]) -> Output {
        let path = format!("{}:{}", self.path("bin").display(), std::env::var("PATH").unwrap());
        let mut command = Command::new(root().join("infra/rollback"));
        command.args(arguments).current_dir(self.0.path()).env("PATH", path).output().unwrap()
    }

    fn live(&self) -> String {
        let mut all = String::new();
        for function in ["config", "keys", "login", "pretraffic"] {
            let version =
                fs::read_to_string(self.path("aliases").join(format!("f:v-{function}.live"))).unwrap();
            write!(all, "{function} {} ", version.trim()).unwrap();
        }
        all
    }
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_rollback_moves_all_functions_back_and_again_and_can_be_undone() {
    let account = Account::new();
    for _ in 0..2 {
        let output = account.rollback(&["vestibule"]);
        assert!(output.status.success(), "{}", errors(&output));
        assert!(
            errors(&output).contains("f:v-keys has no version before; it stays at 1"),
            "{}",
            errors(&output)
        );
        assert_eq!(account.live(), "config 6 keys 1 login 5 pretraffic 9 ");
    }
    let output = account.rollback(&["vestibule", "undo"]);
    assert!(output.status.success(), "{}", errors(&output));
    assert_eq!(account.live(), "config 9 keys 1 login 7 pretraffic 9 ");
    // All requests of a canary as well.
    let calls = fs::read_to_string(account.path("calls")).unwrap();
    for call in calls.lines().filter(|call| call.contains("update-alias")) {
        assert!(call.ends_with("--routing-config AdditionalVersionWeights={}"), "{call}");
    }
}

/// 9 was deployed, 10 has failed with a part of the requests, and all go to 9 again.
#[test]
fn after_a_deployment_that_went_back_a_rollback_goes_to_the_version_before() {
    let account = Account::new();
    let previous = |name: &str| account.path("aliases").join(format!("f:v-{name}.previous"));
    fs::write(previous("config"), "9").unwrap();
    fs::write(account.path("aliases/f:v-config.previous.description"), "6").unwrap();
    // It had no version before.
    fs::write(previous("keys"), "1").unwrap();
    for _ in 0..2 {
        let output = account.rollback(&[]);
        assert!(output.status.success(), "{}", errors(&output));
        assert!(
            errors(&output).contains("f:v-keys has no version before; it stays at 1"),
            "{}",
            errors(&output)
        );
        assert_eq!(account.live(), "config 6 keys 1 login 5 pretraffic 9 ");
    }
}

/// CodeDeploy deploys nothing more to an alias with two versions, as a gradual deployment that was stopped leaves it.
#[test]
fn weights_are_removed_from_aliases_that_stay_at_their_version() {
    let account = Account::new();
    let output = account.rollback(&["vestibule", "undo"]);
    assert!(output.status.success(), "{}", errors(&output));
    assert_eq!(account.live(), "config 9 keys 1 login 7 pretraffic 9 ");
    let calls = fs::read_to_string(account.path("calls")).unwrap();
    for function in ["config --name live --function-version 9", "keys --name live --function-version 1"] {
        let call = format!(
            "lambda update-alias --function-name f:v-{function} --routing-config AdditionalVersionWeights={{}}"
        );
        assert!(calls.lines().any(|line| line == call), "{call}: {calls}");
    }
}

#[test]
fn an_interrupted_rollback_goes_on_where_it_stopped() {
    let account = Account::new();
    fs::write(account.path("fails"), "f:v-login.live.5").unwrap();
    assert!(!account.rollback(&[]).status.success());
    assert_eq!(account.live(), "config 6 keys 1 login 7 pretraffic 9 ");
    fs::remove_file(account.path("fails")).unwrap();
    assert!(account.rollback(&[]).status.success());
    assert_eq!(account.live(), "config 6 keys 1 login 5 pretraffic 9 ");
}

#[test]
fn a_rollback_that_cannot_read_an_alias_moves_nothing() {
    let account = Account::new();
    fs::write(account.path("broken"), "").unwrap();
    let output = account.rollback(&[]);
    assert!(
        !output.status.success() && errors(&output).contains("ThrottlingException"),
        "{}",
        errors(&output)
    );
    assert_eq!(account.live(), "config 9 keys 1 login 7 pretraffic 9 ");
    let output = account.rollback(&["vestibule", "forwards"]);
    assert_eq!(output.status.code(), Some(2), "{}", errors(&output));
}

/// A copy of the script in a folder of its own, with a stand-in of `sam` that says how it was called.
fn deploy(folder: &Path, arguments: &[&str]) -> Output {
    let requirements = fs::read_to_string(root().join("infra/requirements.txt")).unwrap();
    for script in ["deploy", "tools.sh"] {
        let text = fs::read_to_string(root().join("infra").join(script)).unwrap();
        program(&folder.join("infra").join(script), &text);
    }
    for file in ["template.yaml", "samconfig.toml"] {
        fs::copy(root().join(file), folder.join(file)).unwrap();
    }
    let tools = folder.join("tools");
    program(&tools.join("bin/sam"), "#!/bin/sh\necho sam \"$@\"\n");
    fs::write(folder.join("infra/requirements.txt"), &requirements).unwrap();
    fs::write(tools.join("installed.txt"), &requirements).unwrap();
    let mut command = Command::new(folder.join("infra/deploy"));
    command.args(arguments).env("VESTIBULE_TOOLS", tools).output().unwrap()
}

#[test]
fn a_deployment_names_itself_in_every_package() {
    let folder = tempfile::tempdir().unwrap();
    let packages = ["config", "login"].map(|function| folder.path().join("target/lambda").join(function));
    for package in &packages {
        program(&package.join("bootstrap"), "");
    }
    let output = deploy(folder.path(), &[]);
    assert!(
        !output.status.success() && errors(&output).contains("settings.json is missing"),
        "{}",
        errors(&output)
    );
    for package in &packages {
        fs::write(package.join("settings.json"), "{}").unwrap();
    }
    let output = deploy(folder.path(), &["--region", "eu-west-1"]);
    assert!(output.status.success(), "{}", errors(&output));
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "sam deploy --template-file template.yaml --region eu-west-1\n"
    );
    let names = packages.map(|package| fs::read_to_string(package.join("deployment.txt")).unwrap());
    assert!(names[0].len() > 20 && names[0] == names[1], "{names:?}");
}

/// Lambda's names have 64 characters: the longest name of a function decides how many the stack's may have.
#[test]
fn a_stack_whose_functions_would_have_too_long_names_is_not_deployed() {
    let functions = template(&[("TokenStrategy", "jwt"), ("OperatorApi", "true")]).functions;
    let longest = functions.iter().map(|function| function.program.len() + 1).max().unwrap();
    let (fits, too_long) = ("s".repeat(64 - longest), "s".repeat(65 - longest));
    let folder = tempfile::tempdir().unwrap();
    let package = folder.path().join("target/lambda/config");
    program(&package.join("bootstrap"), "");
    fs::write(package.join("settings.json"), "{}").unwrap();
    for arguments in [vec!["--stack-name", &*fits], vec!["--region", "eu-west-1"]] {
        let output = deploy(folder.path(), &arguments);
        assert!(output.status.success(), "{}", errors(&output));
    }
    let joined = format!("--stack-name={too_long}");
    for arguments in [vec!["--stack-name", &*too_long], vec![&*joined]] {
        let output = deploy(folder.path(), &arguments);
        let expected = format!("has {} characters, and may have {}", too_long.len(), fits.len());
        assert!(!output.status.success() && errors(&output).contains(&expected), "{}", errors(&output));
        assert!(output.stdout.is_empty());
    }
}

/// More providers than the 4 KB of Lambda's environment can hold.
#[tokio::test]
async fn functions_start_with_more_settings_than_an_environment_can_hold() {
    let apps: Vec<_> = (0..60)
        .map(|number| {
            let server = format!("https://id-{number}.example.com");
            serde_json::json!({
                "provider_id": format!("id-{number}"), "name": format!("Provider {number}"), "client_id": "client",
                "settings": {"server_url": server},
            })
        })
        .collect();
    let settings = serde_json::json!({
        "SOCIALACCOUNT_PROVIDERS": {"openid_connect": {"APPS": apps}}, "SITE_NAME": "From the file",
    });
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("settings.json");
    fs::write(&path, settings.to_string()).unwrap();
    assert!(settings.to_string().len() > 4096);
    let installed = "allauth.socialaccount,allauth.socialaccount.providers.openid_connect";
    let stack =
        Stack::start(&[("SETTINGS_FILE", path.to_str().unwrap()), ("INSTALLED_APPS", installed)]).await;
    let answer = stack.app().get("config").await;
    answer.is(200);
    let providers = answer.body["data"]["socialaccount"]["providers"].as_array().unwrap();
    assert_eq!(providers.len(), 60);
}
