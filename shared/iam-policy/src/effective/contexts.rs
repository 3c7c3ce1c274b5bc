//! One context for each way in which the conditions of the policies can hold.
//!
//! For each key of which nothing is known, every value that some condition could tell apart is
//! tried, and its absence. Contradictions and exhaustive denials are seen because every context
//! is decided as a whole.

use std::collections::{BTreeMap, BTreeSet};

use crate::condition::{Comparison, Condition};
use crate::context::{Context, ContextValue};
use crate::document::Statement;
use crate::effective::Knowledge;
use crate::glob::Piece;
use crate::template::Template;

/// How many contexts are tried before the keys that are left are taken as open.
const CASES: usize = 4096;

/// What a key is set to, `None` for absent, by key.
pub type Chosen = Vec<(String, Option<ContextValue>)>;

/// The contexts to be tried.
#[derive(Clone, Debug)]
pub struct Contexts {
    known: Context,
    /// For each unknown key, what it may be.
    choices: BTreeMap<String, Vec<Option<ContextValue>>>,
    /// Every key that some condition or variable names.
    named: BTreeSet<String>,
    /// Whether keys were left open.
    pub is_bound: bool,
}

impl Contexts {
    /// Collects the keys of the statements and what each may be.
    pub fn new(statements: &[&Statement], knowledge: &Knowledge) -> Self {
        let mut conditions: BTreeMap<&str, Vec<&Condition>> = BTreeMap::new();
        let mut variables: BTreeSet<&str> = BTreeSet::new();
        for statement in statements {
            for condition in &statement.conditions {
                conditions.entry(condition.key()).or_default().push(condition);
                variables.extend(condition.variables());
            }
            let resources = statement.resource.iter().flat_map(|element| &element.patterns);
            variables.extend(resources.flat_map(Template::variables));
        }
        let named = conditions.keys().chain(&variables).map(|key| (*key).to_owned()).collect();
        let mut contexts = Self {
            known: knowledge.known.clone(),
            choices: BTreeMap::new(),
            named,
            is_bound: false,
        };
        let mut cases = 1_usize;
        for (key, conditions) in conditions {
            if knowledge.known.get(key).is_some() || is_among(&knowledge.absent, key) {
                continue;
            }
            let mut choices: Vec<Option<ContextValue>> =
                values(&conditions, &knowledge.known).into_iter().map(Some).collect();
            if !is_among(&knowledge.present, key) {
                choices.insert(0, None);
            }
            let product = cases.saturating_mul(choices.len());
            if product > CASES || variables.contains(key) {
                contexts.known.set_open(key);
                contexts.is_bound = true;
            } else {
                cases = product;
                contexts.choices.insert(key.to_owned(), choices);
            }
        }
        for key in variables {
            if knowledge.known.get(key).is_none() && !is_among(&knowledge.absent, key) {
                contexts.known.set_open(key);
            }
        }
        contexts
    }

    /// Whether what is known of a place can make a difference.
    pub fn hang_on(&self, place: &Context) -> bool {
        place.keys().any(|(key, _)| self.named.contains(key))
    }

    /// Every context of one place, with what was chosen for the unknown keys.
    pub fn with(&self, place: &Context) -> Vec<(Context, Chosen)> {
        let mut known = self.known.clone();
        for (key, value) in place.keys() {
            known.set(key, value.clone());
        }
        let mut contexts = vec![(known, Vec::new())];
        for (key, choices) in &self.choices {
            if place.get(key).is_some() {
                continue;
            }
            contexts = contexts
                .into_iter()
                .flat_map(|(context, chosen)| {
                    choices.iter().map(move |choice| {
                        let mut context = context.clone();
                        let mut chosen: Chosen = chosen.clone();
                        if let Some(value) = choice {
                            context.set(key, value.clone());
                        }
                        chosen.push((key.clone(), choice.clone()));
                        (context, chosen)
                    })
                })
                .collect();
        }
        contexts
    }
}

/// Whether a key is one of those listed, or begins like one that ends in `/` or `:`.
fn is_among(listed: &[String], key: &str) -> bool {
    listed.iter().any(|listed| {
        key == listed || (listed.ends_with(['/', ':']) && key.starts_with(listed.as_str()))
    })
}

/// A text that no policy has reason to name.
const OTHER: &str = "any-other-value";

/// The values that these conditions can tell apart.
fn values(conditions: &[&Condition], known: &Context) -> Vec<ContextValue> {
    let mut singles = BTreeSet::from([OTHER.to_owned()]);
    for condition in conditions {
        for template in condition.values() {
            let pieces = template.widened(known);
            singles.extend(telling(condition.comparison(), &pieces));
        }
    }
    let is_multivalued = conditions.iter().any(|condition| condition.is_set_operator());
    let is_single_valued = conditions.iter().any(|condition| !condition.is_set_operator());
    let mut values: Vec<ContextValue> = Vec::new();
    if is_single_valued {
        values.extend(singles.iter().cloned().map(ContextValue::Single));
    }
    if is_multivalued {
        values.push(ContextValue::Multiple(Vec::new()));
        let singles: Vec<&String> = singles.iter().collect();
        for (index, one) in singles.iter().enumerate() {
            values.push(ContextValue::Multiple(vec![(*one).clone()]));
            for two in &singles[index + 1..] {
                values.push(ContextValue::Multiple(vec![(*one).clone(), (*two).clone()]));
            }
        }
    }
    values
}

/// Values on both sides of what one comparison draws a line at.
fn telling(comparison: Comparison, pieces: &[Piece]) -> Vec<String> {
    let text = crate::template::text_of(pieces);
    match comparison {
        Comparison::Numeric(_) | Comparison::Date(_) => match text.trim().parse::<f64>() {
            Ok(number) => {
                [number - 1.0, number, number + 1.0].map(|near| near.to_string()).to_vec()
            }
            Err(_) => {
                vec![text, "1970-01-01T00:00:00Z".to_owned(), "9999-12-30T00:00:00Z".to_owned()]
            }
        },
        Comparison::Bool => vec!["true".to_owned(), "false".to_owned()],
        Comparison::IpAddress => {
            let inside = text.split('/').next().unwrap_or_default().to_owned();
            vec![inside, "192.0.2.1".to_owned(), "2001:db8::1".to_owned()]
        }
        Comparison::StringLike | Comparison::ArnLike => {
            let filled = |many: &str| {
                pieces
                    .iter()
                    .map(|piece| match piece {
                        Piece::Plain(letter) => letter.to_string(),
                        Piece::One => "a".to_owned(),
                        Piece::Many => many.to_owned(),
                    })
                    .collect::<String>()
            };
            vec![filled(""), filled("a")]
        }
        Comparison::StringEqualsIgnoreCase => vec![text.to_lowercase(), text],
        Comparison::StringEquals | Comparison::Binary => vec![text],
        Comparison::Null | Comparison::Unknown => Vec::new(),
    }
}
