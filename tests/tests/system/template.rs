//! What a function of the template may read is what its program needs.

use std::collections::BTreeMap;

use vestibule::app::Requirements;
use vestibule_cli::serve::TEMPLATE;

/// The text of each function, by the name of its program.
fn functions() -> BTreeMap<&'static str, &'static str> {
    TEMPLATE
        .split("\n\n")
        .filter(|block| block.contains("Type: AWS::Serverless::Function"))
        .map(|block| {
            let code = block.lines().find_map(|line| line.trim().strip_prefix("CodeUri: target/lambda/"));
            (code.unwrap().trim_end_matches('/'), block)
        })
        .collect()
}

#[test]
fn functions_may_read_the_secrets_that_they_need_and_no_others() {
    let functions = functions();
    for routes in vestibule_cli::routes() {
        let (name, needs) = (routes.name, Requirements::of(&routes));
        let template = functions[name];
        let reads = |secret: &str| template.contains(&format!("Resource: !Ref {secret}\n"));
        // HS256 signs with what follows from it, and then whoever needs keys for tokens needs it.
        let may_need = needs.secret_key || needs.token_keys;
        assert_eq!(reads("SecretKey"), may_need, "SECRET_KEY in {name}");
        assert_eq!(template.contains("SECRET_KEY_ARN"), may_need, "SECRET_KEY_ARN in {name}");
        let only_then = template.contains("SECRET_KEY_ARN: !If [SignsWithSecretKey,")
            && template.contains("- SignsWithSecretKey\n");
        assert_eq!(only_then, needs.token_keys && !needs.secret_key, "SECRET_KEY for HS256 in {name}");
        assert_eq!(reads("TokenKeys"), needs.token_keys, "the keys of tokens in {name}");
        assert_eq!(reads("ProvidersSecretArn"), needs.provider_secrets, "the secrets of services in {name}");
        assert_eq!(template.contains("!GetAtt Table.Arn"), needs.table, "the table in {name}");
    }
}
