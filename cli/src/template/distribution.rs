//! The CloudFront distribution in front of the API, as far as the local stack imitates it: which paths lead to the API.

use std::collections::BTreeMap;

use serde_json::Value;

use super::error::TemplateError;
use super::intrinsics::Scope;
use super::policies::matches;
use super::value::{at, entries};
use super::yaml;

/// What a distribution does with requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Distribution {
    /// Its cache behaviors besides the default one, in the order in which they are tried.
    pub behaviors: Vec<Behavior>,
}

/// A cache behavior: what becomes of the requests to some paths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Behavior {
    /// The paths, such as `/images/*`.
    pub path_pattern: String,
    /// The id of the origin that they lead to.
    pub origin: String,
    /// The methods that are passed on.
    pub methods: Vec<String>,
    /// The ids of the cache policy and the origin request policy.
    pub policies: [Option<String>; 2],
    /// The functions of the viewer request, by their logical names.
    pub functions: Vec<String>,
}

impl Distribution {
    /// Reads the distribution of a template, with parameters overridden by name.
    pub fn read(text: &str, overrides: &BTreeMap<String, String>) -> Result<Self, TemplateError> {
        let document = yaml::parse(text).map_err(|error| TemplateError::Yaml(error.to_string()))?;
        let scope = Scope::new(&document, overrides)?;
        let is_distribution =
            |(_, resource): &(_, &Value)| at(resource, "Type") == "AWS::CloudFront::Distribution";
        let Some((_, resource)) = entries(at(&document, "Resources")).find(is_distribution) else {
            return Err(TemplateError::Form {
                place: "Resources".to_owned(),
                reason: "there is no AWS::CloudFront::Distribution".to_owned(),
            });
        };
        let config = scope.resolve(at(at(resource, "Properties"), "DistributionConfig"))?;
        let behaviors = at(&config, "CacheBehaviors").as_array().map(Vec::as_slice).unwrap_or_default();
        Ok(Self { behaviors: behaviors.iter().map(behavior).collect() })
    }

    /// The behavior for a path; none if the default one applies.
    pub fn find(&self, path: &str) -> Option<&Behavior> {
        self.behaviors.iter().find(|behavior| matches(&behavior.path_pattern, path))
    }
}

fn behavior(value: &Value) -> Behavior {
    let text = |name: &str| at(value, name).as_str().map(str::to_owned);
    let texts = |name: &str, member: Option<&str>| -> Vec<String> {
        let items = at(value, name).as_array().into_iter().flatten();
        items
            .filter_map(|item| member.map_or(item, |member| at(item, member)).as_str().map(str::to_owned))
            .collect()
    };
    // `!GetAtt Name.FunctionMetadata.FunctionARN`, which only a deployment knows.
    let function =
        |arn: String| arn.trim_start_matches("${").split('.').next().unwrap_or_default().to_owned();
    Behavior {
        path_pattern: text("PathPattern").unwrap_or_default(),
        origin: text("TargetOriginId").unwrap_or_default(),
        methods: texts("AllowedMethods", None),
        policies: [text("CachePolicyId"), text("OriginRequestPolicyId")],
        functions: texts("FunctionAssociations", Some("FunctionARN")).into_iter().map(function).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_match_patterns() {
        for (pattern, path, expected) in [
            ("/_allauth/*", "/_allauth/app/v1/config", true),
            ("/_allauth/*", "/_allauth/", true),
            ("/_allauth/*", "/_allauth", false),
            ("/_allauth/*", "/x/_allauth/y", false),
            ("/a/*/b", "/a/x/y/b", true),
            ("/a/*/b", "/a/b", false),
            ("/a?.js", "/ab.js", true),
            ("/a?.js", "/a.js", false),
            ("/jwks.json", "/jwks.json", true),
            ("/jwks.json", "/JWKS.json", false),
            ("/jwks.json", "/jwks.json5", false),
        ] {
            assert_eq!(matches(pattern, path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn a_template_without_a_distribution_is_refused() {
        let error = Distribution::read("Resources: {}", &BTreeMap::new()).unwrap_err().to_string();
        assert!(error.ends_with("there is no AWS::CloudFront::Distribution"), "{error}");
    }
}
