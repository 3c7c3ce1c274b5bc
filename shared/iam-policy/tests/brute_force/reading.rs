//! What one statement says of one request, read once more and naively over its JSON: no parsing
//! ahead, no machine. Only what the small world has.
//!
//! What AWS's documentation leaves open is `maybe` without being `surely`.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::net::IpAddr;

use serde_json::Value;

use crate::world::{Asked, ROLE, SESSION, TEAM};

/// An answer that can be open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Says {
    pub surely: bool,
    pub maybe: bool,
}

impl From<bool> for Says {
    fn from(truth: bool) -> Self {
        Self { surely: truth, maybe: truth }
    }
}

impl Says {
    const OPEN: Self = Self { surely: false, maybe: true };

    pub fn and(self, other: Self) -> Self {
        Self { surely: self.surely && other.surely, maybe: self.maybe && other.maybe }
    }

    fn or(self, other: Self) -> Self {
        Self { surely: self.surely || other.surely, maybe: self.maybe || other.maybe }
    }

    fn not(self) -> Self {
        Self { surely: !self.maybe, maybe: !self.surely }
    }
}

/// How a statement of a resource's policy names who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Named {
    Not,
    Account,
    Role,
    /// The session, or anyone.
    Directly,
}

/// Whether the statement is about the action.
pub fn meets_action(statement: &Value, action: &str) -> bool {
    let matches = |patterns: &Value| {
        let mut patterns = texts(patterns).into_iter();
        patterns.any(|pattern| glob(&pattern.to_lowercase(), &action.to_lowercase()))
    };
    match &statement["Action"] {
        Value::Null => !matches(&statement["NotAction"]),
        actions => matches(actions),
    }
}

/// Whether the statement is about the resource.
pub fn meets_resource(statement: &Value, version: &Value, resource: &str, asked: &Asked) -> Says {
    let matches = |patterns: &Value, without_value: Says| {
        let patterns = texts(patterns).into_iter();
        let says = patterns.map(|text| match filled(&text, version, asked) {
            Some(pattern) => arn_pattern(&pattern, resource),
            None => without_value,
        });
        says.fold(false.into(), Says::or)
    };
    match (&statement["Resource"], &statement["NotResource"]) {
        // The policy of a resource is about that resource.
        (Value::Null, Value::Null) => true.into(),
        // What a variable without value makes of NotResource is not documented; the pattern of an
        // ARN is never all there is.
        (Value::Null, patterns) if resource == "*" => matches(patterns, false.into()).not(),
        (Value::Null, patterns) => matches(patterns, Says::OPEN).not(),
        (patterns, _) => matches(patterns, false.into()),
    }
}

/// A `*` may or may not reach over a colon.
fn arn_pattern(pattern: &str, resource: &str) -> Says {
    if resource == "*" || pattern.chars().all(|letter| letter == '*') {
        return glob(pattern, resource).into();
    }
    let part_by_part = six(pattern).len() == 6
        && six(pattern).iter().zip(six(resource)).all(|(part, value)| glob(part, value));
    Says { surely: part_by_part && glob(pattern, resource), maybe: glob(pattern, resource) }
}

fn six(text: &str) -> Vec<&str> {
    text.splitn(6, ':').collect()
}

/// Whether the conditions hold, and the statement has nothing that IAM does not know.
pub fn meets_conditions(statement: &Value, version: &Value, asked: &Asked) -> Says {
    let mut says: Says = true.into();
    if statement.get("Comment").is_some() {
        says = Says::OPEN;
    }
    for (operator, keys) in statement["Condition"].as_object().into_iter().flatten() {
        for (key, values) in keys.as_object().unwrap() {
            let found = asked.iter().find(|(name, _)| name.eq_ignore_ascii_case(key));
            let found = found.map(|(_, found)| found.as_slice());
            says = says.and(meets(operator, found, &Vec::from_iter(texts(values)), version, asked));
        }
    }
    says
}

fn meets(
    operator: &str,
    found: Option<&[String]>,
    values: &[String],
    version: &Value,
    asked: &Asked,
) -> Says {
    if operator == "Null" {
        return values.iter().any(|value| (value == "true") == found.is_none()).into();
    }
    let (set, operator) = operator.split_once(':').unwrap_or(("", operator));
    let (operator, if_exists) = match operator.strip_suffix("IfExists") {
        Some(operator) => (operator, true),
        None => (operator, false),
    };
    let is_negated = operator.contains("Not");
    let operator = operator.replace("Not", "");
    if operator == "StringResembles" || operator == "Null" {
        return Says::OPEN;
    }
    let Some(found) = found else {
        return match set {
            "ForAllValues" => true.into(),
            "ForAnyValue" if if_exists => Says::OPEN,
            "ForAnyValue" => false.into(),
            _ => (if_exists || is_negated).into(),
        };
    };
    let filled: Vec<Option<String>> =
        values.iter().map(|value| filled(value, version, asked)).collect();
    let holds_if = |is_any: bool| {
        let compared = |found: &String| {
            let mut values = filled.iter().flatten();
            values.any(|value| compares(&operator, value, found))
        };
        let one = |found: &String| (is_any || compared(found)) != is_negated;
        match set {
            "ForAnyValue" => found.iter().any(one),
            _ => found.iter().all(one),
        }
    };
    let holds = holds_if(false);
    // What matches these is not documented.
    let is_undocumented = |value: &String| UNDOCUMENTED.contains(&(family(&operator), value));
    if values.iter().any(is_undocumented) && holds != holds_if(true) {
        return Says::OPEN;
    }
    // AWS says that a negation matches a variable without value, and also that such a statement
    // takes no effect.
    if holds && is_negated && filled.contains(&None) { Says::OPEN } else { holds.into() }
}

/// A `*` alone is no ARN, a year may be seconds as well, and variables are for texts.
const UNDOCUMENTED: [(&str, &str); 6] = [
    ("Arn", "*"),
    ("Numeric", "some"),
    ("Numeric", "${aws:PrincipalTag/team}"),
    ("Date", "2020"),
    ("Date", "some"),
    ("Date", "${aws:PrincipalTag/team}"),
];

fn family(operator: &str) -> &str {
    ["Arn", "Numeric", "Date"].into_iter().find(|one| operator.starts_with(one)).unwrap_or("")
}

fn compares(operator: &str, expected: &str, found: &str) -> bool {
    match operator {
        // Of a variable, `filled` gives what it stands for, which is no number or date either.
        _ if ["Numeric", "Date"].contains(&family(operator))
            && ["2020", "some", TEAM.1, "${aws:PrincipalTag/team}"].contains(&expected) =>
        {
            false
        }
        "StringEquals" => literal(expected) == found,
        "StringEqualsIgnoreCase" => literal(expected).to_lowercase() == found.to_lowercase(),
        "StringLike" => glob(expected, found),
        "ArnLike" | "ArnEquals" => {
            six(expected).len() == 6
                && six(found).len() == 6
                && six(expected).iter().zip(six(found)).all(|(part, value)| glob(part, value))
        }
        "Bool" => expected.to_lowercase() == found,
        "IpAddress" => holds_address(expected, found),
        _ if operator.starts_with("Numeric") => {
            let number = |text: &str| text.parse::<f64>().ok();
            let order = number(found).zip(number(expected));
            let order = order.and_then(|(found, expected)| found.partial_cmp(&expected));
            order.is_some_and(|order| is_in_order(operator, order))
        }
        _ if operator.starts_with("Date") => is_in_order(operator, day(found).cmp(day(expected))),
        other => panic!("{other} is not of this world"),
    }
}

fn is_in_order(operator: &str, order: Ordering) -> bool {
    let operator = operator.trim_start_matches("Numeric").trim_start_matches("Date");
    match operator {
        "LessThan" => order.is_lt(),
        "LessThanEquals" => order.is_le(),
        "GreaterThan" => order.is_gt(),
        "GreaterThanEquals" => order.is_ge(),
        _ => order.is_eq(),
    }
}

/// A date as a text that sorts by time.
fn day(text: &str) -> &str {
    match text {
        "2020-01-01" | "1577836800" => "2020-01-01T00:00:00Z",
        "1577836799" => "2019-12-31T23:59:59Z",
        "1577836801" => "2020-01-01T00:00:01Z",
        text => text,
    }
}

fn holds_address(range: &str, found: &str) -> bool {
    let (network, length) = match range.split_once('/') {
        Some((network, length)) => (network, length.parse().unwrap()),
        None => (range, usize::MAX),
    };
    let (Some(network), Some(found)) = (bits(network), bits(found)) else { return false };
    let length = length.min(network.len());
    network.len() == found.len() && network[..length] == found[..length]
}

fn bits(address: &str) -> Option<Vec<bool>> {
    let bytes = match address.parse().ok()? {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    let bits_of = |byte: u8| (0..8).rev().map(move |bit| byte >> bit & 1 == 1);
    Some(bytes.into_iter().flat_map(bits_of).collect())
}

/// How the principal of a statement names who asks, in an Allow, at most, and whether it does for
/// certain. NotPrincipal leaves out for certain whom it lists together with the account.
pub fn named(statement: &Value, is_session: bool) -> (Named, bool) {
    let not = &statement["NotPrincipal"];
    if !not.is_null() {
        return match listed(not, is_session) {
            Named::Not => (Named::Directly, true),
            Named::Role | Named::Directly if lists_account(not) => (Named::Not, true),
            _ => (Named::Directly, false),
        };
    }
    (listed(&statement["Principal"], is_session), true)
}

/// Whether a Deny is on who asks.
///
/// Of NotPrincipal AWS says that it always denies a role with a permissions boundary, and may
/// deny one whose account is not listed beside it.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html>
pub fn is_denied(statement: &Value, is_session: bool, has_boundary: bool) -> Says {
    let principal = &statement["NotPrincipal"];
    if principal.is_null() {
        return (listed(&statement["Principal"], is_session) > Named::Not).into();
    }
    let named = listed(principal, is_session);
    match named {
        Named::Not => true.into(),
        _ if has_boundary => true.into(),
        Named::Role | Named::Directly if lists_account(principal) => false.into(),
        _ => Says::OPEN,
    }
}

fn lists_account(principal: &Value) -> bool {
    principal == "*"
        || principal["AWS"] == "*"
        || texts(&principal["AWS"]).iter().any(|name| is_account(name))
}

fn is_account(name: &str) -> bool {
    name == "111122223333" || name == "arn:aws:iam::111122223333:root"
}

fn listed(principal: &Value, is_session: bool) -> Named {
    if principal == "*" {
        return Named::Directly;
    }
    let name = |name: String| match name.as_str() {
        "*" => Named::Directly,
        SESSION if is_session => Named::Directly,
        ROLE => Named::Role,
        name if is_account(name) => Named::Account,
        _ => Named::Not,
    };
    texts(&principal["AWS"]).into_iter().map(name).max().unwrap_or(Named::Not)
}

/// A pattern with its variables put in, none if one has no value. Of what is no wildcard, `\u{1}`
/// is a `*` and `\u{2}` a `?`.
fn filled(text: &str, version: &Value, asked: &Asked) -> Option<String> {
    if version != "2012-10-17" {
        return Some(text.to_owned());
    }
    let Some((before, rest)) = text.split_once("${") else { return Some(text.to_owned()) };
    let Some((inner, after)) = rest.split_once('}') else { return Some(text.to_owned()) };
    let (key, default) = match inner.split_once(", ") {
        Some((key, default)) => (key, Some(default.trim_matches('\''))),
        None => (inner, None),
    };
    let value = match key {
        "*" => "*",
        _ => match asked.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)) {
            Some((_, values)) => values[0].as_str(),
            None => default?,
        },
    };
    let value = value.replace('*', "\u{1}").replace('?', "\u{2}");
    Some(format!("{before}{value}{}", filled(after, version, asked)?))
}

fn literal(pattern: &str) -> String {
    pattern.replace('\u{1}', "*").replace('\u{2}', "?")
}

/// Letter by letter, trying everything.
fn glob(pattern: &str, text: &str) -> bool {
    let mut pattern_rest = pattern.chars();
    let mut text_rest = text.chars();
    match (pattern_rest.next(), text_rest.next()) {
        (None, None) => true,
        (Some('*'), first) => {
            glob(pattern_rest.as_str(), text)
                || first.is_some() && glob(pattern, text_rest.as_str())
        }
        (Some('?'), Some(_)) | (Some('\u{1}'), Some('*')) | (Some('\u{2}'), Some('?')) => {
            glob(pattern_rest.as_str(), text_rest.as_str())
        }
        (Some(wanted), Some(found)) => {
            wanted == found && glob(pattern_rest.as_str(), text_rest.as_str())
        }
        _ => false,
    }
}

fn texts(value: &Value) -> BTreeSet<String> {
    match value {
        Value::Null => BTreeSet::new(),
        Value::String(text) => BTreeSet::from([text.clone()]),
        Value::Array(items) => items.iter().map(|item| item.as_str().unwrap().to_owned()).collect(),
        other => panic!("{other} is no text"),
    }
}
