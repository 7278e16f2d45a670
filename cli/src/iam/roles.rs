//! The roles of the functions: what each may do, and what it may not.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::access::{Access, LEADING_KEYS};
use crate::ACCOUNT;
use crate::template::{Declared, Statement, matches};

/// What the names of functions and roles begin with: the stack's name.
const STACK: &str = "vestibule-";

/// The access key id of a function, by the name of its program.
pub fn access_key_id(program: &str) -> String {
    format!("{STACK}{program}")
}

/// The roles of a template's functions.
#[derive(Clone, Debug, Default)]
pub struct Roles(BTreeMap<String, Role>);

#[derive(Clone, Debug)]
struct Role {
    function: String,
    statements: Vec<Statement>,
    /// The same, with ARNs for the template's placeholders.
    resolved: Vec<Statement>,
}

/// An action on a resource that a statement of the template allows, for one pattern of partition keys if it has such.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Permission {
    /// The logical id of the function.
    pub function: String,
    /// Such as `dynamodb:Query`.
    pub action: String,
    /// As the template has it, with placeholders.
    pub resource: String,
    /// A pattern of `dynamodb:LeadingKeys`.
    pub key: Option<String>,
}

/// What a role does not allow. Its text is that of AWS.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "User: arn:aws:sts::{ACCOUNT}:assumed-role/{STACK}{program}/{STACK}{program} is not authorized to perform: {action} \
     on resource: {resource} because no identity-based policy allows the {action} action"
)]
pub struct Refusal {
    /// The logical id of the function.
    pub function: String,
    program: String,
    /// Such as `dynamodb:Query`.
    pub action: String,
    /// An ARN.
    pub resource: String,
    /// What the partition keys begin with, such as `EMAIL#`: the rest may be personal data.
    pub keys: BTreeSet<String>,
}

impl Roles {
    /// The roles of these functions, with the ARN that stands for each placeholder.
    pub fn new(functions: &[Declared], arns: &BTreeMap<&'static str, String>) -> Self {
        let role = |function: &Declared| {
            let statements = function.statements.clone();
            let resolved = statements.iter().map(|statement| resolve(statement, arns)).collect();
            (function.program.clone(), Role { function: function.name.clone(), statements, resolved })
        };
        Self(functions.iter().map(role).collect())
    }

    /// The permissions that a request uses, or what it lacks. An access key id that is no function's is an
    /// administrator's, who needs none.
    pub fn check(&self, key_id: &str, accesses: &[Access]) -> Result<Vec<Permission>, Refusal> {
        let Some(program) = key_id.strip_prefix(STACK) else { return Ok(Vec::new()) };
        let mut used = Vec::new();
        for access in accesses {
            match self.0.get(program).and_then(|role| role.allows(access)) {
                Some(permissions) => used.extend(permissions),
                None => return Err(self.refusal(program, access)),
            }
        }
        Ok(used)
    }

    fn refusal(&self, program: &str, access: &Access) -> Refusal {
        let keys = access.context.get(LEADING_KEYS).into_iter().flatten();
        Refusal {
            function: self.0.get(program).map_or(program, |role| &role.function).to_owned(),
            program: program.to_owned(),
            action: access.action.clone(),
            resource: access.resource.clone(),
            keys: keys.map(|key| key.split_inclusive('#').next().unwrap_or_default().to_owned()).collect(),
        }
    }
}

impl Role {
    /// The permissions by which it allows this, if it does.
    fn allows(&self, access: &Access) -> Option<Vec<Permission>> {
        let allows = |statement: &Statement| {
            statement.covers(&access.action, &access.resource) && statement.applies(&access.context)
        };
        let (statement, resolved) =
            self.statements.iter().zip(&self.resolved).find(|(_, resolved)| allows(resolved))?;
        let resources = statement.resources.iter().zip(&resolved.resources);
        let (resource, _) = resources.into_iter().find(|(_, arn)| matches(arn, &access.resource))?;
        let action = statement.actions.iter().find(|pattern| matches(pattern, &access.action))?;
        let permission = |key: Option<&String>| Permission {
            function: self.function.clone(),
            action: action.clone(),
            resource: resource.clone(),
            key: key.cloned(),
        };
        let Some(patterns) = key_patterns(statement) else { return Some(vec![permission(None)]) };
        let keys = access.context.get(LEADING_KEYS).into_iter().flatten();
        let used: BTreeSet<&String> =
            keys.filter_map(|key| patterns.iter().find(|pattern| matches(pattern, key))).collect();
        Some(used.into_iter().map(|pattern| permission(Some(pattern))).collect())
    }
}

impl Refusal {
    /// What the role lacks, for whoever reads the log or a failed test.
    pub fn explanation(&self) -> String {
        let Self { function, action, resource, keys, .. } = self;
        let keys: Vec<_> = keys.iter().map(|key| format!("{key}*")).collect();
        let keys = if keys.is_empty() { String::new() } else { format!(" with the key {}", keys.join(", ")) };
        format!("template.yaml does not allow the function {function} {action} on {resource}{keys}")
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.function, self.action, self.resource)?;
        self.key.as_ref().map_or(Ok(()), |key| write!(f, " {key}"))
    }
}

/// All permissions that functions have.
pub fn permissions(functions: &[Declared]) -> BTreeSet<Permission> {
    let mut all = BTreeSet::new();
    for function in functions {
        for statement in &function.statements {
            let keys: Vec<Option<String>> = match key_patterns(statement) {
                Some(patterns) => patterns.iter().cloned().map(Some).collect(),
                None => vec![None],
            };
            for action in &statement.actions {
                for resource in &statement.resources {
                    all.extend(keys.iter().map(|key| Permission {
                        function: function.name.clone(),
                        action: action.clone(),
                        resource: resource.clone(),
                        key: key.clone(),
                    }));
                }
            }
        }
    }
    all
}

fn key_patterns(statement: &Statement) -> Option<&[String]> {
    let condition = statement.conditions.iter().find(|condition| condition.key == LEADING_KEYS)?;
    Some(&condition.values)
}

fn resolve(statement: &Statement, arns: &BTreeMap<&'static str, String>) -> Statement {
    let resolve = |resource: &String| {
        arns.iter().fold(resource.clone(), |text, (name, arn)| text.replace(&format!("${{{name}}}"), arn))
    };
    Statement { resources: statement.resources.iter().map(resolve).collect(), ..statement.clone() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::subsequence;

    use super::*;
    use crate::serve::TEMPLATE;
    use crate::template::{Operator, PolicyCondition, RequestContext, Template};

    const TABLE: &str = "arn:aws:dynamodb:local:000000000000:table/vestibule";
    const ACTIONS: [&str; 4] = ["dynamodb:Query", "dynamodb:PutItem", "dynamodb:UpdateItem", "sns:Publish"];
    const KEYS: [&str; 4] = ["USER#", "SESSION#", "RATE#", "EMAIL#"];

    fn statement(actions: &[&str], resource: &str, keys: &[&str]) -> Statement {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let condition = |values| PolicyCondition {
            operator: Operator::ForAllValuesStringLike,
            key: LEADING_KEYS.to_owned(),
            values,
        };
        let patterns: Vec<String> = keys.iter().map(|key| format!("{key}*")).collect();
        Statement {
            actions: owned(actions),
            resources: owned(&[resource]),
            conditions: if keys.is_empty() { Vec::new() } else { vec![condition(patterns)] },
        }
    }

    fn roles(statements: Vec<Statement>) -> Roles {
        let function =
            Declared { name: "Mail".into(), program: "mail".into(), code: String::new(), statements };
        Roles::new(&[function], &BTreeMap::from([("Table.Arn", TABLE.to_owned())]))
    }

    fn access(action: &str, resource: &str, keys: &[&str]) -> Access {
        let keys = keys.iter().map(|key| (*key).to_owned()).collect();
        Access {
            action: action.to_owned(),
            resource: resource.to_owned(),
            context: RequestContext::from([(LEADING_KEYS, keys)]),
        }
    }

    #[test]
    fn what_is_used_and_what_is_missing_has_a_name() {
        let roles = roles(vec![statement(&["dynamodb:Query"], "${Table.Arn}", &["USER#", "RATE#"])]);
        let used = roles.check("vestibule-mail", &[access("dynamodb:Query", TABLE, &["RATE#1"])]).unwrap();
        let used: Vec<_> = used.iter().map(Permission::to_string).collect();
        assert_eq!(used, ["Mail dynamodb:Query ${Table.Arn} RATE#*"]);
        let refused = roles
            .check("vestibule-mail", &[access("dynamodb:Query", TABLE, &["RATE#1", "EMAIL#ann@example.com"])])
            .unwrap_err();
        assert_eq!(
            refused.to_string(),
            "User: arn:aws:sts::000000000000:assumed-role/vestibule-mail/vestibule-mail is not authorized to perform: \
             dynamodb:Query on resource: arn:aws:dynamodb:local:000000000000:table/vestibule because no identity-based \
             policy allows the dynamodb:Query action"
        );
        assert_eq!(
            refused.explanation(),
            format!(
                "template.yaml does not allow the function Mail dynamodb:Query on {TABLE} with the key EMAIL#*, RATE#*"
            )
        );
    }

    #[test]
    fn functions_without_a_role_may_do_nothing_and_administrators_everything() {
        let roles = roles(Vec::new());
        let access = [access("dynamodb:Query", TABLE, &[])];
        assert!(roles.check("vestibule-mail", &access).is_err());
        assert!(roles.check("vestibule-unknown", &access).is_err());
        assert_eq!(roles.check("local", &access), Ok(Vec::new()));
    }

    proptest! {
        /// Whatever one of several statements allows is refused without those that allow it.
        #[test]
        fn removing_statements_is_noticed(
            sets in prop::collection::vec((subsequence(&ACTIONS[..], 1..=4), subsequence(&KEYS[..], 0..=4)), 1..5),
            which in any::<prop::sample::Index>(),
            action in any::<prop::sample::Index>(),
            key in any::<prop::sample::Index>(),
            rest in "[a-z0-9#]{0,8}",
        ) {
            let (actions, keys) = which.get(&sets);
            let action = action.get(actions);
            let key = if keys.is_empty() { &"OTHER#" } else { key.get(keys) };
            let wanted = [access(action, TABLE, &[&format!("{key}{rest}")])];
            let all: Vec<_> =
                sets.iter().map(|(actions, keys)| statement(actions, "${Table.Arn}", keys)).collect();
            prop_assert!(roles(all.clone()).check("vestibule-mail", &wanted).is_ok());
            let others = sets.iter().zip(all).filter(|((actions, keys), _)| {
                !(actions.contains(action) && (keys.is_empty() || keys.contains(key)))
            });
            let refused = roles(others.map(|(_, statement)| statement).collect()).check("vestibule-mail", &wanted);
            prop_assert_eq!(refused.unwrap_err().action, *action);
        }
    }

    /// Each permission of the template counts: without its statement, what it allows is refused.
    #[test]
    fn removing_any_statement_of_the_template_is_noticed() {
        let parameters = [
            ("AllowedOrigins", "http://localhost"),
            ("SenderAddress", "vestibule@localhost"),
            ("TokenStrategy", "jwt"),
            ("SmsTopicArn", "arn:aws:sns:local:000000000000:texts"),
        ];
        let parameters = parameters.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let functions = Template::read(TEMPLATE, &parameters).unwrap().functions;
        let mut seen = 0;
        for function in &functions {
            for (removed, statement) in function.statements.iter().enumerate() {
                let mut fewer = function.clone();
                fewer.statements.remove(removed);
                let lone = Declared { statements: vec![statement.clone()], ..function.clone() };
                for permission in permissions(&[lone]) {
                    let wanted = Access {
                        context: context(statement, permission.key.as_deref()),
                        ..access(&permission.action, &permission.resource, &[])
                    };
                    let check = |function: &Declared| {
                        let roles = Roles::new(std::slice::from_ref(function), &BTreeMap::new());
                        roles.check(&access_key_id(&function.program), std::slice::from_ref(&wanted))
                    };
                    assert_eq!(check(function), Ok(vec![permission.clone()]), "{permission}");
                    let refused = check(&fewer).unwrap_err();
                    assert_eq!((&refused.function, &refused.action), (&function.name, &permission.action));
                    seen += 1;
                }
            }
        }
        assert!(seen > 80, "{seen}");
    }

    /// What fulfils the conditions of a statement.
    fn context(statement: &Statement, key: Option<&str>) -> RequestContext {
        let key = |text: &str| vec![key.unwrap_or(text).replace('*', "1")];
        let conditions = statement.conditions.iter();
        let values = conditions.map(|condition| match condition.key.as_str() {
            LEADING_KEYS => (LEADING_KEYS, key("1")),
            "ses:FromAddress" => ("ses:FromAddress", condition.values.clone()),
            other => panic!("{other}"),
        });
        values.collect()
    }
}
