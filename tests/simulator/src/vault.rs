//! Secrets Manager, with one secret: the signing keys of tokens, in versions of which labels tell the current one.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use vestibule_simulator_kernel::{Call, Reply};

/// The ARN of the secret.
pub const ARN: &str = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:vestibule/token-keys/1-x";
/// The label of the version in use.
const CURRENT: &str = "AWSCURRENT";

/// The secret.
#[derive(Debug)]
pub struct Vault {
    versions: BTreeMap<String, Version>,
    /// The private keys that it was given, and that were not yet taken from here.
    pub given: BTreeSet<String>,
}

#[derive(Debug)]
struct Version {
    text: String,
    labels: BTreeSet<String>,
}

impl Default for Vault {
    /// As the template makes it, with nothing of use in it.
    fn default() -> Self {
        let first = Version { text: "{}".to_owned(), labels: [CURRENT.to_owned()].into() };
        Self { versions: [("first".to_owned(), first)].into(), given: BTreeSet::new() }
    }
}

impl Vault {
    /// Whether a version is in use.
    pub fn is_current(&self, version: &str) -> bool {
        self.versions.get(version).is_some_and(|version| version.labels.contains(CURRENT))
    }

    /// Answers a call.
    pub fn answer(&mut self, call: &Call) -> Reply {
        let asked: Value = serde_json::from_slice(&call.body).expect("a request is JSON");
        assert_eq!(asked["SecretId"], ARN);
        let text = |name: &str| asked[name].as_str();
        let answer = match call.operation.as_str() {
            "GetSecretValue" => self.read(text("VersionStage").expect("a label"), text("VersionId")),
            "DescribeSecret" => {
                let labels = self.versions.iter().map(|(id, version)| (id.clone(), json!(version.labels)));
                Ok(json!({"VersionIdsToStages": labels.collect::<BTreeMap<_, _>>()}))
            }
            "PutSecretValue" => {
                let label = asked["VersionStages"][0].as_str().expect("a label");
                let version = text("ClientRequestToken").expect("a version");
                self.add(version, text("SecretString").expect("a text"), label)
            }
            "UpdateSecretVersionStage" => {
                let version = text("MoveToVersionId").expect("a version");
                self.move_label(text("VersionStage").expect("a label"), version, text("RemoveFromVersionId"))
            }
            other => panic!("no function is expected to call {other} of Secrets Manager"),
        };
        match answer {
            Ok(answer) => Reply::Response(200, answer.to_string()),
            Err(code) => Reply::Response(400, json!({"__type": code, "Message": "simulated"}).to_string()),
        }
    }

    fn read(&self, label: &str, id: Option<&str>) -> Result<Value, &'static str> {
        let is_wanted = |(known, version): &(&String, &Version)| {
            version.labels.contains(label) && id.is_none_or(|id| id == known.as_str())
        };
        let found = self.versions.iter().find(is_wanted);
        let (id, version) = found.ok_or("ResourceNotFoundException")?;
        Ok(json!({"VersionId": id, "SecretString": version.text}))
    }

    fn add(&mut self, id: &str, text: &str, label: &str) -> Result<Value, &'static str> {
        if let Some(known) = self.versions.get(id) {
            return if known.text == text { Ok(json!({})) } else { Err("ResourceExistsException") };
        }
        let keys: Value = serde_json::from_str(text).expect("a set of keys is JSON");
        let keys = keys.as_object().into_iter().flat_map(|keys| keys.values());
        let lines = keys.filter_map(|key| key["pem"].as_str()?.lines().nth(1));
        self.given.extend(lines.map(str::to_owned));
        self.take_away(label);
        let version = Version { text: text.to_owned(), labels: [label.to_owned()].into() };
        self.versions.insert(id.to_owned(), version);
        Ok(json!({}))
    }

    fn move_label(&mut self, label: &str, to: &str, from: Option<&str>) -> Result<Value, &'static str> {
        let holder = self.versions.iter().find(|(_, version)| version.labels.contains(label));
        if holder.map(|(id, _)| id.as_str()) != from {
            return Err("InvalidParameterException");
        }
        self.take_away(label);
        let version = self.versions.get_mut(to).ok_or("ResourceNotFoundException")?;
        version.labels.insert(label.to_owned());
        Ok(json!({}))
    }

    /// A label is at one version at a time.
    fn take_away(&mut self, label: &str) {
        for version in self.versions.values_mut() {
            version.labels.remove(label);
        }
    }
}
