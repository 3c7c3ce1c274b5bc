//! What it costs to work out effective permissions, documents' parsing included: of every AWS
//! managed policy, and of the nastiest documents within IAM's size limits.
//!
//! `AWS_MANAGED_POLICIES` names a JSON file of managed policies, gzipped; without it that part is
//! left out, and said.

use std::io::Read;

use divan::{AllocProfiler, Bencher};
use ecr_audit::arn::RoleArn;
use ecr_audit::assess::RoleState;
use ecr_audit::effective::effective;
use ecr_audit::organization::OrganizationPolicies;
use ecr_audit::role_policies::{PolicyName, RolePolicies, RolePolicy};
use ecr_audit::settings::Settings;
use jiff::Timestamp;
use serde_json::{Value, json};

#[global_allocator]
static ALLOCATIONS: AllocProfiler = AllocProfiler::system();

/// When the nodes ask.
const NOW: Timestamp = Timestamp::constant(1_795_867_200, 0);

/// The most that IAM takes: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
const ATTACHED: usize = 20;
const MANAGED_SIZE: usize = 6_144;
const INLINE_SIZE: usize = 10_240;

fn main() {
    divan::main();
}

fn role(documents: Vec<String>, boundary: Option<String>) -> RolePolicies {
    let policy = |(index, document): (usize, String)| RolePolicy {
        policy: PolicyName::managed(&format!("arn:aws:iam::111122223333:policy/p{index}")),
        version: Some("v1".to_owned()),
        document: Some(document),
    };
    RolePolicies {
        role_arn: RoleArn::parse("arn:aws:iam::111122223333:role/nodes").unwrap(),
        role_id: "AROAEXAMPLE".to_owned(),
        created: None,
        tags: [("team".to_owned(), "payments".to_owned())].into(),
        identity: documents.into_iter().enumerate().map(policy).collect(),
        boundary: boundary.map(|document| policy((99, document))),
    }
}

fn explain(role: &RolePolicies) -> usize {
    let settings = Settings::for_account("111122223333", "aws", "us-east-1");
    let organization = OrganizationPolicies::default();
    let (uses, registry, unread) = (&[], &[], &[]);
    let state = RoleState { role, uses, registry, unread, organization: &organization, now: NOW };
    effective(&state, &settings).map_or(0, |permissions| permissions.actions.len())
}

#[divan::bench(sample_count = 3, sample_size = 1)]
fn every_managed_policy(bencher: Bencher<'_, '_>) {
    let Ok(file) = std::env::var("AWS_MANAGED_POLICIES") else {
        eprintln!("AWS_MANAGED_POLICIES is not set: no managed policy is measured");
        return;
    };
    let mut text = String::new();
    let file = std::fs::File::open(file).unwrap();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
    let policies: Value = serde_json::from_str(&text).unwrap();
    let roles: Vec<RolePolicies> = documents(&policies)
        .into_iter()
        .map(|document| role(vec![document.to_string()], None))
        .collect();
    eprintln!("{} managed policies", roles.len());
    bencher.bench(|| roles.iter().map(explain).sum::<usize>());
}

/// Every document in a file of policies, whatever surrounds them.
fn documents(value: &Value) -> Vec<&Value> {
    match value {
        Value::Object(fields) if fields.contains_key("Statement") => vec![value],
        Value::Object(fields) => fields.values().flat_map(documents).collect(),
        Value::Array(items) => items.iter().flat_map(documents).collect(),
        _ => Vec::new(),
    }
}

/// The nastiest documents found so far, by what they overburden.
#[derive(Clone, Copy, Debug)]
enum Nasty {
    /// Many patterns of many stars, in Allow and Deny.
    Stars,
    /// NotResource of many patterns.
    NotResource,
    /// Many conditions on many keys.
    Keys,
    /// Many patterns on one key.
    Values,
    /// Sets of many values.
    Sets,
    /// Policy variables of which nothing is known.
    Variables,
    /// Many patterns of actions.
    Actions,
    /// Lists of action names without a wildcard.
    Lists,
    /// Long names that differ at their end.
    Names,
    /// Long names of another service.
    Foreign,
    /// Repositories of many other accounts.
    Accounts,
    /// Patterns of actions of letters that nearly every action has.
    Letters,
    /// Repositories of many patterns of regions.
    Regions,
    /// As many statements as there can be.
    Statements,
}

const ALL: [Nasty; 14] = [
    Nasty::Stars,
    Nasty::NotResource,
    Nasty::Keys,
    Nasty::Values,
    Nasty::Sets,
    Nasty::Variables,
    Nasty::Actions,
    Nasty::Lists,
    Nasty::Names,
    Nasty::Foreign,
    Nasty::Accounts,
    Nasty::Letters,
    Nasty::Regions,
    Nasty::Statements,
];

#[divan::bench(args = ALL, sample_count = 3, sample_size = 1)]
fn nasty_role(bencher: Bencher<'_, '_>, nasty: Nasty) {
    let role = nasty_policies(nasty, false);
    bencher.bench(|| explain(&role));
}

/// The same with statements that tell nearly all actions apart, so that each is a question of its
/// own.
#[divan::bench(args = ALL, sample_count = 3, sample_size = 1)]
fn nasty_role_by_action(bencher: Bencher<'_, '_>, nasty: Nasty) {
    let role = nasty_policies(nasty, true);
    bencher.bench(|| explain(&role));
}

/// A role with as many policies as it may have, each as long as it may be.
fn nasty_policies(nasty: Nasty, is_by_action: bool) -> RolePolicies {
    let document = |index: usize, size| document(nasty, is_by_action, index, size);
    let mut documents: Vec<String> =
        (0..ATTACHED).map(|index| document(index, MANAGED_SIZE)).collect();
    documents.push(document(ATTACHED, INLINE_SIZE));
    role(documents, Some(document(ATTACHED + 1, MANAGED_SIZE)))
}

/// A document as long as it may be.
fn document(nasty: Nasty, is_by_action: bool, seed: usize, size: usize) -> String {
    let mut statements: Vec<Value> = Vec::new();
    let mut length = 40;
    loop {
        let seed = seed * 1000 + statements.len();
        let mut statement = statement(nasty, seed);
        if is_by_action && statement["Action"] == "ecr:*" {
            let letter = char::from(b'a' + u8::try_from(seed % 26).unwrap());
            statement["Action"] = json!(format!("ecr:*{letter}*"));
        }
        length += statement.to_string().len() + 1;
        if length > size {
            break;
        }
        statements.push(statement);
    }
    json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
}

fn statement(nasty: Nasty, seed: usize) -> Value {
    let effect = if seed.is_multiple_of(3) { "Deny" } else { "Allow" };
    let letter =
        |index: usize| char::from(b'a' + u8::try_from((seed * 7 + index * 3) % 26).unwrap());
    let word = |length: usize| (0..length).map(letter).collect::<String>();
    let stars =
        |count: usize| (0..count).flat_map(|index| ['*', letter(index)]).collect::<String>();
    let boxes = "arn:aws:ecr:*:111122223333:repository/";
    let mut statement = json!({ "Effect": effect, "Action": "ecr:*", "Resource": "*" });
    let fields = statement.as_object_mut().unwrap();
    match nasty {
        Nasty::Stars => {
            fields["Resource"] =
                json!((1..6).map(|count| format!("{boxes}{}*", stars(count))).collect::<Vec<_>>());
        }
        Nasty::NotResource => {
            fields.remove("Resource");
            let patterns: Vec<String> =
                (1..6).map(|count| format!("{boxes}{}*", stars(count))).collect();
            fields.insert("NotResource".to_owned(), json!(patterns));
        }
        Nasty::Keys => {
            let key = format!("aws:ResourceTag/{}", word(3));
            fields.insert(
                "Condition".to_owned(),
                json!({ "StringEquals": { key: [word(2), word(1)] } }),
            );
        }
        Nasty::Values => {
            let values: Vec<String> = (1..6).map(|count| format!("{}*", stars(count))).collect();
            fields.insert(
                "Condition".to_owned(),
                json!({ "StringLike": { "aws:SourceVpce": values } }),
            );
        }
        Nasty::Sets => {
            let values: Vec<String> = (1..6).map(word).collect();
            let operator = if seed.is_multiple_of(2) {
                "ForAnyValue:StringLike"
            } else {
                "ForAllValues:StringNotLike"
            };
            fields.insert("Condition".to_owned(), json!({ operator: { "aws:TagKeys": values } }));
        }
        Nasty::Variables => {
            fields["Resource"] = json!(format!("{boxes}${{aws:ResourceTag/{}}}/*", word(3)));
            let value = format!("${{aws:ResourceTag/{}}}", word(2));
            fields.insert(
                "Condition".to_owned(),
                json!({ "StringLike": { "aws:SourceVpc": value } }),
            );
        }
        Nasty::Actions => {
            fields["Action"] =
                json!((1..8).map(|count| format!("ecr:{}*", stars(count))).collect::<Vec<_>>());
        }
        Nasty::Lists => {
            fields["Action"] = json!(
                (1..40).map(|count| format!("ecr:Get{}{count}", word(2))).collect::<Vec<_>>()
            );
        }
        Nasty::Foreign => {
            let name = |count: usize| format!("arn:aws:s3:::{}{count}*", word(200));
            fields["Resource"] = json!((1..6).map(name).collect::<Vec<_>>());
        }
        Nasty::Accounts => {
            let account = |count: usize| (seed * 7_919 + count * 104_729) % 1_000_000;
            let name =
                |count: usize| format!("arn:aws:ecr:*:?{:06}*{count}:repository/*", account(count));
            fields["Resource"] = json!((1..6).map(name).collect::<Vec<_>>());
        }
        Nasty::Letters => {
            let frequent =
                |index: usize| ["e", "t", "r", "i", "o", "s", "y"][(seed * 5 + index * 3) % 7];
            let name = |count: usize| (0..count).map(frequent).collect::<Vec<_>>().join("*");
            fields["Action"] =
                json!((2..9).map(|count| format!("ecr:*{}?", name(count))).collect::<Vec<_>>());
        }
        Nasty::Regions => {
            let name = |count: usize| {
                let (one, other) = (letter(count), letter(count + 1));
                format!("arn:aws:ecr:*{one}*{}:1111*3:*/*{other}*", 1 + (seed + count) % 3)
            };
            fields["Resource"] = json!((1..6).map(name).collect::<Vec<_>>());
        }
        Nasty::Statements => {
            fields["Action"] = json!(format!("ecr:*{}", letter(0)));
            fields["Resource"] = json!(format!("arn:aws:ecr:*:*:*/{}", word(2)));
        }
        Nasty::Names => {
            fields["Resource"] = json!(
                (1..6).map(|count| format!("{boxes}{}{count}*", word(200))).collect::<Vec<_>>()
            );
        }
    }
    statement
}
