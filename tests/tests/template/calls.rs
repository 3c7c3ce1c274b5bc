//! The calls of the SDK in the adapters: each is named as IAM does where it is made.

use std::collections::BTreeSet;

use crate::sources::{literals, sources};

/// The sources of both adapters.
pub fn adapters() -> Vec<String> {
    let mut texts = sources("shared/aws-adapters/src");
    texts.extend(sources("shared/aws-ec2-adapter/src"));
    texts
}

/// `"iam:GetRole"`: a service, a colon, a name that begins with a capital.
pub fn named_calls(source: &str) -> BTreeSet<String> {
    let is_call = |text: &String| {
        text.split_once(':').is_some_and(|(service, name)| {
            !service.is_empty()
                && service.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
                && name.starts_with(|first: char| first.is_ascii_uppercase())
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
    };
    literals(source).into_iter().filter(is_call).collect()
}

/// The methods that are called on a client: `self.client.get_role()`, `client(region).get_role()`.
fn made_calls(source: &str) -> Vec<String> {
    let after_clients = source.split("client").skip(1);
    after_clients
        .filter_map(|made| {
            let call = made.trim_start_matches("(region)").trim_start().strip_prefix('.')?;
            let method: String = call
                .chars()
                .take_while(|letter| letter.is_ascii_lowercase() || *letter == '_')
                .collect();
            call[method.len()..].starts_with("()").then_some(method)
        })
        .collect()
}

/// The SDK's method for a call: `get_role`.
fn snake_case(call: &str) -> String {
    let mut method = String::new();
    for letter in call.split(':').nth(1).unwrap().chars() {
        if letter.is_ascii_uppercase() && !method.is_empty() {
            method.push('_');
        }
        method.push(letter.to_ascii_lowercase());
    }
    method
}

#[test]
fn each_call_is_named_where_it_is_made() {
    for source in adapters() {
        let calls = named_calls(&source);
        for call in &calls {
            let sdk = format!("aws_sdk_{}", call.split(':').next().unwrap());
            assert!(source.contains(&sdk), "{call} is named where {sdk} is not used");
        }
        let named: BTreeSet<String> = calls.iter().map(|call| snake_case(call)).collect();
        let made = made_calls(&source);
        for method in &named {
            assert!(made.contains(method), "{method} is named and never made");
        }
        for method in &made {
            assert!(named.contains(method), "{method} is made and never named");
        }
        let sent = source.matches(".send()").count();
        assert_eq!(sent, made.len(), "of {made:?} and what else is sent there");
    }
}
