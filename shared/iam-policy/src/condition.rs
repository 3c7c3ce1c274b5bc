//! Conditions: one operator, one context key, some values; answered in three values.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html>

use std::borrow::Cow;
use std::net::IpAddr;

use ipnet::IpNet;
use jiff::Timestamp;

use crate::context::{Context, ContextValue};
use crate::template::Template;
use crate::truth::Truth;

/// One operator over one key.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition<'text> {
    operator: Operator,
    /// As it was written.
    operator_text: Cow<'text, str>,
    key: String,
    values: Vec<Template<'text>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Operator {
    comparison: Comparison,
    negated: bool,
    set: SetOperator,
    if_exists: bool,
}

/// How values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    StringEquals,
    StringEqualsIgnoreCase,
    StringLike,
    Numeric(Order),
    Date(Order),
    Bool,
    Binary,
    IpAddress,
    ArnLike,
    Null,
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SetOperator {
    None,
    ForAllValues,
    ForAnyValue,
}

/// Every operator: its name, how it compares, whether it is a negation.
const OPERATORS: [(&str, Comparison, bool); 28] = [
    ("StringEquals", Comparison::StringEquals, false),
    ("StringNotEquals", Comparison::StringEquals, true),
    ("StringEqualsIgnoreCase", Comparison::StringEqualsIgnoreCase, false),
    ("StringNotEqualsIgnoreCase", Comparison::StringEqualsIgnoreCase, true),
    ("StringLike", Comparison::StringLike, false),
    ("StringNotLike", Comparison::StringLike, true),
    ("NumericEquals", Comparison::Numeric(Order::Equal), false),
    ("NumericNotEquals", Comparison::Numeric(Order::Equal), true),
    ("NumericLessThan", Comparison::Numeric(Order::Less), false),
    ("NumericLessThanEquals", Comparison::Numeric(Order::LessOrEqual), false),
    ("NumericGreaterThan", Comparison::Numeric(Order::Greater), false),
    ("NumericGreaterThanEquals", Comparison::Numeric(Order::GreaterOrEqual), false),
    ("DateEquals", Comparison::Date(Order::Equal), false),
    ("DateNotEquals", Comparison::Date(Order::Equal), true),
    ("DateLessThan", Comparison::Date(Order::Less), false),
    ("DateLessThanEquals", Comparison::Date(Order::LessOrEqual), false),
    ("DateGreaterThan", Comparison::Date(Order::Greater), false),
    ("DateGreaterThanEquals", Comparison::Date(Order::GreaterOrEqual), false),
    ("Bool", Comparison::Bool, false),
    ("BinaryEquals", Comparison::Binary, false),
    ("IpAddress", Comparison::IpAddress, false),
    ("NotIpAddress", Comparison::IpAddress, true),
    ("ArnEquals", Comparison::ArnLike, false),
    ("ArnLike", Comparison::ArnLike, false),
    ("ArnNotEquals", Comparison::ArnLike, true),
    ("ArnNotLike", Comparison::ArnLike, true),
    ("Null", Comparison::Null, false),
    ("BinaryNotEquals", Comparison::Binary, true),
];

impl Operator {
    fn parse(text: &str) -> Self {
        let (set, rest) = match text.split_once(':') {
            Some((set, rest)) if set.eq_ignore_ascii_case("ForAllValues") => {
                (SetOperator::ForAllValues, rest)
            }
            Some((set, rest)) if set.eq_ignore_ascii_case("ForAnyValue") => {
                (SetOperator::ForAnyValue, rest)
            }
            _ => (SetOperator::None, text),
        };
        let end = rest.len().saturating_sub("IfExists".len());
        let (base, if_exists) = match rest.split_at_checked(end) {
            Some((base, suffix)) if suffix.eq_ignore_ascii_case("IfExists") => (base, true),
            _ => (rest, false),
        };
        let known = OPERATORS.iter().find(|(name, ..)| name.eq_ignore_ascii_case(base));
        let (comparison, negated) = match known {
            Some((_, Comparison::Null, _)) if if_exists || set != SetOperator::None => {
                (Comparison::Unknown, false)
            }
            Some((_, comparison, negated)) => (*comparison, *negated),
            None => (Comparison::Unknown, false),
        };
        Self { comparison, negated, set, if_exists }
    }
}

impl<'text> Condition<'text> {
    /// One operator over one key.
    pub fn new(
        operator: impl Into<Cow<'text, str>>,
        key: &str,
        values: Vec<Template<'text>>,
    ) -> Self {
        let operator_text = operator.into();
        Self {
            operator: Operator::parse(&operator_text),
            operator_text,
            key: key.to_ascii_lowercase(),
            values,
        }
    }

    /// The context key, in lower case.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Key, operator and values as they were written, and which values have variables: equal where
    /// the conditions are.
    pub(crate) fn written(&self) -> (&str, &str, Vec<(&str, bool)>) {
        let values = self.values.iter().map(|value| (value.as_str(), value.is_plain()));
        (&self.key, &self.operator_text, values.collect())
    }

    /// The values as they were written.
    pub fn values(&self) -> impl Iterator<Item = &Template<'text>> {
        self.values.iter()
    }

    /// The keys that the values take their variables from.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.values.iter().flat_map(Template::variables)
    }

    pub(crate) fn comparison(&self) -> Comparison {
        self.operator.comparison
    }

    /// Whether it shows that the key has several values. An operator that is unknown shows nothing.
    pub(crate) fn is_set_operator(&self) -> bool {
        self.operator.set != SetOperator::None && self.operator.comparison != Comparison::Unknown
    }

    /// What the condition says of two sets of values taken together, of which it says this each.
    pub(crate) fn holds_of_both(&self, one: Truth, other: Truth) -> Truth {
        match self.operator.set {
            SetOperator::ForAnyValue => one.or(other),
            SetOperator::ForAllValues | SetOperator::None => one.and(other),
        }
    }

    pub(crate) fn note(&self) -> Option<String> {
        (self.operator.comparison == Comparison::Unknown).then(|| {
            format!(
                "unknown operator `{}`: an Allow is kept, a Deny is not relied on",
                self.operator_text
            )
        })
    }

    /// Whether the condition holds.
    pub fn holds(&self, context: &Context) -> Truth {
        let Operator { comparison, negated, set, if_exists } = self.operator;
        if context.is_open(&self.key) || self.variables().any(|key| context.is_open(key)) {
            return Truth::Unknown;
        }
        match comparison {
            Comparison::Unknown => return Truth::Unknown,
            Comparison::Null => return self.null_holds(context),
            _ => {}
        }
        let value = context.get(&self.key);
        let values = match value {
            None => return missing(negated, set, if_exists),
            Some(ContextValue::Single(value)) => std::slice::from_ref(value),
            Some(ContextValue::Multiple(values)) => values.as_slice(),
        };
        let is_multivalued = matches!(value, Some(ContextValue::Multiple(_)));
        let holds_if = |is_any: bool| {
            let matches = |value: &String| (is_any || self.matches_any(value, context)) != negated;
            match set {
                SetOperator::ForAnyValue => values.iter().any(matches),
                SetOperator::None if is_multivalued => false,
                SetOperator::ForAllValues | SetOperator::None => values.iter().all(matches),
            }
        };
        let holds = holds_if(false);
        let is_open = |template: &Template<'_>| is_undocumented(comparison, template);
        if self.values.iter().any(is_open) && holds != holds_if(true) {
            return Truth::Unknown;
        }
        // Of a variable without a value AWS says both that a negation matches it and that a
        // statement with one can be invalid.
        // <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>
        let is_unresolved = |template: &Template<'_>| !template.is_resolved(context);
        if holds && negated && self.values.iter().any(is_unresolved) {
            return Truth::Unknown;
        }
        Truth::from(holds)
    }

    /// Null tests presence alone: it takes no variables and no IfExists. Of a key that is there
    /// without any value AWS says both that it exists and that its value is null.
    fn null_holds(&self, context: &Context) -> Truth {
        let value = context.get(&self.key);
        if matches!(value, Some(ContextValue::Multiple(values)) if values.is_empty()) {
            return Truth::Unknown;
        }
        let is_missing = value.is_none();
        Truth::from(self.values.iter().any(|value| {
            match value.as_str().to_ascii_lowercase().as_str() {
                "true" => is_missing,
                "false" => !is_missing,
                _ => false,
            }
        }))
    }

    fn matches_any(&self, value: &str, context: &Context) -> bool {
        let comparison = self.operator.comparison;
        self.values.iter().any(|expected| {
            compare(comparison, expected, value, context) && !is_undocumented(comparison, expected)
        })
    }
}

/// Whether AWS does not document what matches a value: variables are for texts and ARNs alone, a
/// date, number or address may not be one, four digits are a year as well as seconds since 1970, and
/// by its parts a `*` alone is no ARN.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>
fn is_undocumented(comparison: Comparison, template: &Template<'_>) -> bool {
    let text = template.as_str().trim();
    let is_readable = match comparison {
        Comparison::Numeric(_) => text.parse::<f64>().is_ok(),
        Comparison::Date(_) => {
            let is_year = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
            !is_year && instant(text).is_some()
        }
        Comparison::Bool => ["true", "false"].iter().any(|known| text.eq_ignore_ascii_case(known)),
        Comparison::IpAddress => text.parse::<IpNet>().is_ok() || text.parse::<IpAddr>().is_ok(),
        Comparison::Binary => template.variables().next().is_none(),
        Comparison::ArnLike => text != "*",
        Comparison::StringEquals
        | Comparison::StringEqualsIgnoreCase
        | Comparison::StringLike
        | Comparison::Null
        | Comparison::Unknown => true,
    };
    !is_readable
}

/// What a condition says of a key that the request does not carry.
fn missing(negated: bool, set: SetOperator, if_exists: bool) -> Truth {
    match set {
        SetOperator::ForAllValues => Truth::True,
        // AWS documents neither answer.
        SetOperator::ForAnyValue if if_exists => Truth::Unknown,
        SetOperator::ForAnyValue => Truth::False,
        SetOperator::None => Truth::from(if_exists || negated),
    }
}

fn compare(comparison: Comparison, expected: &Template, value: &str, context: &Context) -> bool {
    match comparison {
        Comparison::StringLike => expected.matches(value, context),
        Comparison::ArnLike => {
            // The six parts of an ARN are compared each by itself; of fewer parts none is an ARN.
            value.splitn(6, ':').count() == 6 && expected.matches_by_part(value, context)
        }
        _ => expected.resolve_text(context).is_some_and(|expected| match comparison {
            Comparison::StringEquals | Comparison::Binary => expected == value,
            Comparison::StringEqualsIgnoreCase => expected.to_lowercase() == value.to_lowercase(),
            Comparison::Bool => expected.eq_ignore_ascii_case(value),
            Comparison::Numeric(order) => {
                let number = |text: &str| text.trim().parse::<f64>().ok();
                number(value)
                    .zip(number(&expected))
                    .is_some_and(|(value, expected)| order.holds(&value, &expected))
            }
            Comparison::Date(order) => instant(value)
                .zip(instant(&expected))
                .is_some_and(|(value, expected)| order.holds(&value, &expected)),
            Comparison::IpAddress => in_range(value, &expected),
            Comparison::StringLike
            | Comparison::ArnLike
            | Comparison::Null
            | Comparison::Unknown => false,
        }),
    }
}

impl Order {
    fn holds<Value: PartialOrd>(self, value: &Value, expected: &Value) -> bool {
        match self {
            Self::Equal => value == expected,
            Self::Less => value < expected,
            Self::LessOrEqual => value <= expected,
            Self::Greater => value > expected,
            Self::GreaterOrEqual => value >= expected,
        }
    }
}

/// The instant that a value of a date operator names: ISO 8601, or seconds since 1970.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>
pub fn instant(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<i64>() {
        return Timestamp::from_second(seconds).ok();
    }
    text.parse().ok().or_else(|| {
        // A month alone begins with its first day, a date with its midnight; without a zone a time
        // is one of UTC.
        let is_month = text.len() == "2026-11".len();
        let first = if is_month { format!("{text}-01") } else { text.to_owned() };
        let date: jiff::civil::DateTime = first.parse().ok()?;
        date.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    })
}

fn in_range(value: &str, range: &str) -> bool {
    let Ok(address) = value.parse::<IpAddr>() else {
        return false;
    };
    match range.parse::<IpNet>() {
        Ok(range) => range.contains(&address),
        Err(_) => range.parse::<IpAddr>().is_ok_and(|single| single == address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>
    #[test]
    fn a_date_is_read_in_each_of_its_forms() {
        let noon: Timestamp = "2026-11-28T12:00:00Z".parse().unwrap();
        let midnight: Timestamp = "2026-11-28T00:00:00Z".parse().unwrap();
        for (text, expected) in [
            ("2026-11-28T12:00:00Z", Some(noon)),
            ("2026-11-28T12:00:00.000Z", Some(noon)),
            ("2026-11-28T12:00Z", Some(noon)),
            ("2026-11-28T13:00:00+01:00", Some(noon)),
            ("2026-11-28T12:00:00", Some(noon)),
            ("1795867200", Some(noon)),
            ("2026-11-28", Some(midnight)),
            ("2026-11", Some("2026-11-01T00:00:00Z".parse().unwrap())),
            ("Saturday", None),
        ] {
            assert_eq!(instant(text), expected, "{text}");
        }
    }
}
