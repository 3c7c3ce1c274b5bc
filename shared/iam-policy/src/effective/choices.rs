//! What one context key may be: a value for each way in which the conditions on it can hold.
//!
//! Candidates come from what the conditions compare with, and for texts from a search over every
//! combination of their patterns. Of candidates of which all conditions say the same, the first
//! stands for all.
//!
//! Which values a key can have follows from the operators that compare it, and whether it has one
//! or several from their set operators:
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html>

use std::collections::BTreeSet;

use foldhash::HashSet;
use jiff::Timestamp;

use crate::condition::{Comparison, Condition};
use crate::context::{Context, ContextValue};
use crate::effective::contexts::is_among;
use crate::effective::dates::{DateRange, around_dates, compared_date};
use crate::effective::machines::{Machines, Pattern};
use crate::effective::resources::NameRange;
use crate::effective::search::search;
use crate::effective::{Budget, Knowledge};
use crate::glob::Piece;
use crate::template::text_of;
use crate::truth::Truth;

/// A text that no policy has reason to name.
const OTHER: &str = "any-other-value";

/// A number and a date that are like any other.
const NUMBER: &str = "0";
const DATE: &str = "1970-01-01T00:00:00Z";

/// The longest value that is tried.
const LONGEST: usize = 512;

/// How many combinations of values a key with several is followed to.
const SETS: usize = 1024;

/// What a key may be, the plainest first; `None` for absent.
#[derive(Clone, Debug)]
pub struct Choices {
    /// One for each way in which the conditions can hold, as far as they were followed.
    pub values: Vec<Option<ContextValue>>,
    /// Why there may be more ways than these.
    pub left: Option<Left>,
}

/// Why a key may be more than was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// A budget ran out.
    Cut,
    /// AWS does not document what its policies say of it.
    Undocumented,
}

/// Finds the choices of a key of which no value is known, but perhaps that it is there, or which
/// dates it may hold.
pub fn choices(
    key: &str,
    conditions: &[&Condition],
    knowledge: &Knowledge,
    budget: &Budget,
) -> Choices {
    let known = &knowledge.known;
    if let Some(range) = knowledge.dates.get(key) {
        return dates(key, conditions, known, range, budget);
    }
    let (singles, is_bound) = candidates(conditions, known, budget);
    if is_bound {
        return Choices { values: Vec::new(), left: Some(Left::Cut) };
    }
    let mut ways = Ways::new(key, conditions, known, budget);
    if !is_among(&knowledge.present, key) {
        ways.add(None);
    }
    let has_set = conditions.iter().any(|condition| condition.is_set_operator());
    if conditions.iter().any(|condition| !condition.is_set_operator()) {
        for value in &singles {
            ways.add(Some(ContextValue::Single(value.clone())));
        }
    }
    // A key has one value or several. Where the policies take it for both, both are tried, which is
    // more than can be.
    let is_single = |condition: &&Condition| {
        !condition.is_set_operator() && !shows_nothing(condition.comparison())
    };
    let is_mixed = has_set && conditions.iter().any(is_single);
    let is_cut = has_set && ways.add_sets(&singles) || ways.is_over;
    let left = if is_cut { Some(Left::Cut) } else { is_mixed.then_some(Left::Undocumented) };
    Choices { values: ways.found, left }
}

/// The choices of a key that holds a date of a range.
fn dates(
    key: &str,
    conditions: &[&Condition],
    known: &Context,
    range: &DateRange,
    budget: &Budget,
) -> Choices {
    if !conditions.iter().all(|condition| range.is_compared_by(condition.comparison())) {
        return Choices { values: Vec::new(), left: Some(Left::Undocumented) };
    }
    let drawn: Vec<Timestamp> = conditions
        .iter()
        .flat_map(|condition| condition.values().map(|value| (condition.comparison(), value)))
        .filter_map(|(comparison, value)| compared_date(comparison, &value.resolve_text(known)?))
        .collect();
    let mut ways = Ways::new(key, conditions, known, budget);
    for value in range.values(drawn) {
        ways.add(Some(ContextValue::Single(value)));
    }
    Choices { values: ways.found, left: ways.is_over.then_some(Left::Cut) }
}

/// What each condition says.
type Row = Vec<Truth>;

/// The ways found so far, by what each condition says.
struct Ways<'key> {
    key: &'key str,
    conditions: &'key [&'key Condition<'key>],
    /// How many values the conditions compare with.
    width: usize,
    budget: &'key Budget,
    /// Whether the budget ran out.
    is_over: bool,
    /// What is known, and what the key was set to last.
    context: Context,
    seen: HashSet<Row>,
    found: Vec<Option<ContextValue>>,
}

impl<'key> Ways<'key> {
    fn new(
        key: &'key str,
        conditions: &'key [&'key Condition<'key>],
        known: &Context,
        budget: &'key Budget,
    ) -> Self {
        let (context, seen) = (known.clone(), HashSet::default());
        let width = conditions.iter().map(|condition| condition.values().count().max(1)).sum();
        Self { key, conditions, width, budget, context, seen, found: Vec::new(), is_over: false }
    }

    /// What each condition says of a choice.
    fn row(&mut self, choice: Option<&ContextValue>) -> Row {
        match choice {
            Some(value) => self.context.set(self.key, value.clone()),
            None => self.context.remove(self.key),
        }
        self.conditions.iter().map(|condition| condition.holds(&self.context)).collect()
    }

    /// Whether a choice is more than what is left of the budget.
    fn is_over(&mut self) -> bool {
        self.is_over |= !self.budget.take(self.width);
        self.is_over
    }

    /// Keeps a choice if it is a new way.
    fn add(&mut self, choice: Option<ContextValue>) {
        if self.is_over() {
            return;
        }
        let row = self.row(choice.as_ref());
        if self.seen.insert(row) {
            self.found.push(choice);
        }
    }

    /// Sets of values. What a set operator says of a set follows from what it says of a smaller
    /// one and of the value that is added, so a set that is no new way needs no larger ones. True:
    /// the budget ran out.
    fn add_sets(&mut self, values: &[String]) -> bool {
        // A key without values is not sent, so a set has at least one.
        let mut rows: HashSet<Row> = HashSet::default();
        let mut apart: Vec<(&String, Row)> = Vec::new();
        for value in values {
            if self.is_over() {
                return true;
            }
            let row = self.row(Some(&ContextValue::Multiple(vec![value.clone()])));
            if rows.insert(row.clone()) {
                apart.push((value, row));
            }
        }
        let multiple = |set: &[usize]| {
            let values = set.iter().map(|number| apart[*number].0.clone());
            Some(ContextValue::Multiple(values.collect()))
        };
        // The values of each set by their numbers, and what the conditions say of it.
        let mut open: Vec<(Vec<usize>, Row)> = Vec::new();
        for (number, (_, row)) in apart.iter().enumerate() {
            if self.seen.insert(row.clone()) {
                self.found.push(multiple(&[number]));
            }
            open.push((vec![number], row.clone()));
        }
        let mut next = 0;
        while next < open.len() {
            if self.found.len() > SETS {
                return true;
            }
            for (number, (_, row)) in apart.iter().enumerate() {
                let (set, of_set) = &open[next];
                if set.contains(&number) {
                    continue;
                }
                if !self.budget.take(self.conditions.len()) {
                    return true;
                }
                let pairs = self.conditions.iter().zip(of_set.iter().zip(row));
                let larger: Row = pairs
                    .map(|(condition, (set, one))| condition.holds_of_both(*set, *one))
                    .collect();
                if !self.seen.contains(&larger) {
                    self.seen.insert(larger.clone());
                    let mut set = set.clone();
                    set.push(number);
                    self.found.push(multiple(&set));
                    open.push((set, larger));
                }
            }
            next += 1;
        }
        false
    }
}

/// Null compares nothing, and of an operator that is unknown nobody knows what it compares.
const fn shows_nothing(comparison: Comparison) -> bool {
    matches!(comparison, Comparison::Null | Comparison::Unknown)
}

/// Single values on all sides of every line that the conditions draw.
fn candidates(conditions: &[&Condition], known: &Context, budget: &Budget) -> (Vec<String>, bool) {
    let mut plain = Vec::new();
    let mut numbers = Vec::new();
    let mut dates = Vec::new();
    let mut patterns = Vec::new();
    for condition in conditions {
        for template in condition.values() {
            // A variable without value matches nothing.
            let Some(pieces) = template.resolve(known) else { continue };
            let text = text_of(&pieces);
            match condition.comparison() {
                Comparison::Numeric(_) => numbers.extend(text.trim().parse::<f64>().ok()),
                Comparison::Date(_) => dates.push(text),
                Comparison::Bool => plain.extend(["true".to_owned(), "false".to_owned()]),
                Comparison::IpAddress => {
                    plain.extend(addresses(&text));
                    plain.extend(["192.0.2.1".to_owned(), "2001:db8::1".to_owned()]);
                }
                Comparison::StringEquals | Comparison::Binary => {
                    plain.push(text.clone());
                    patterns.push(Pattern::plain(text.chars().map(Piece::Plain).collect()));
                }
                Comparison::StringEqualsIgnoreCase => {
                    let pieces = text.chars().map(Piece::Plain).collect();
                    let pattern = Pattern::plain(pieces);
                    patterns.push(Pattern { ignores_case: true, ..pattern });
                    plain.push(text);
                }
                Comparison::StringLike => patterns.push(Pattern::plain(pieces.into_owned())),
                Comparison::ArnLike => patterns.extend(arn_pattern(pieces.into_owned())),
                Comparison::Null | Comparison::Unknown => {}
            }
        }
    }
    // A key that is compared with numbers alone has a number for its value, and so on.
    let is_typed = |condition: &&Condition| {
        let comparison = condition.comparison();
        let is_number = matches!(comparison, Comparison::Numeric(_) | Comparison::Date(_));
        is_number || matches!(comparison, Comparison::Bool | Comparison::IpAddress)
    };
    let is_text =
        |condition: &&Condition| !is_typed(condition) && !shows_nothing(condition.comparison());
    let has_texts = conditions.iter().any(is_text);
    if has_texts || !conditions.iter().any(is_typed) {
        plain.push(OTHER.to_owned());
    }
    plain.extend(around(numbers));
    plain.extend(around_dates(&dates));
    // What a value that is no number says of a number is open, so that one has to be tried.
    for condition in conditions {
        match condition.comparison() {
            Comparison::Numeric(_) => plain.push(NUMBER.to_owned()),
            Comparison::Date(_) => plain.push(DATE.to_owned()),
            _ => {}
        }
    }
    if !has_texts {
        let mut seen = BTreeSet::new();
        plain.retain(|value| seen.insert(value.clone()));
        return (plain, false);
    }
    let machines = Machines::new(&patterns);
    let letters = Texts::of(&machines);
    let found = search(&machines, &machines.start(), &letters, budget);
    plain.extend(found.texts);
    let mut seen = BTreeSet::new();
    plain.retain(|value| seen.insert(value.clone()));
    (plain, found.is_bound)
}

/// Any text over the letters that the patterns know, and some that they do not.
#[derive(Debug)]
struct Texts(String);

impl Texts {
    fn of(machines: &Machines) -> Self {
        let mut letters = machines.letters();
        // One letter stands for all that no pattern knows; a colon parts an ARN.
        letters.extend(('a'..='z').chain('0'..='9').find(|letter| !letters.contains(letter)));
        letters.push(':');
        Self(letters.into_iter().collect())
    }
}

impl NameRange for Texts {
    fn letters(&self) -> &str {
        &self.0
    }

    fn step(&self, _state: u8, _letter: char) -> Option<u8> {
        Some(0)
    }

    fn may_end(&self, _state: u8) -> bool {
        true
    }

    fn lengths(&self) -> (usize, usize) {
        (0, LONGEST)
    }
}

/// An ARN's six parts are compared each by itself: up to the fifth colon a wildcard reads none.
/// Fewer parts match nothing.
fn arn_pattern(pieces: Vec<Piece>) -> Option<Pattern> {
    let colons = pieces.iter().enumerate().filter(|(_, piece)| **piece == Piece::Plain(':'));
    let within_colons = colons.map(|(index, _)| index).nth(4)?;
    Some(Pattern { within_colons, ..Pattern::plain(pieces) })
}

/// Each number, and one in every gap between them.
fn around(mut numbers: Vec<f64>) -> Vec<String> {
    numbers.sort_by(f64::total_cmp);
    numbers.dedup();
    let mut around: Vec<f64> = numbers.clone();
    around.extend(numbers.windows(2).map(|pair| f64::midpoint(pair[0], pair[1])));
    // Beyond 2^53 the next whole number is the same one.
    around.extend(numbers.first().map(|first| (first - 1.0).min(first.next_down())));
    around.extend(numbers.last().map(|last| (last + 1.0).max(last.next_up())));
    around.into_iter().map(|number| number.to_string()).collect()
}

/// The ends of a range of addresses, their neighbours outside, and addresses that few ranges hold.
fn addresses(range: &str) -> Vec<String> {
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
    let Some(range) = range
        .parse::<ipnet::IpNet>()
        .ok()
        .or_else(|| range.parse::<IpAddr>().ok().map(ipnet::IpNet::from))
    else {
        return Vec::new();
    };
    let neighbours = match (range.network(), range.broadcast()) {
        (IpAddr::V4(first), IpAddr::V4(last)) => {
            let before = u32::from(first).checked_sub(1).map(Ipv4Addr::from).map(IpAddr::V4);
            let after = u32::from(last).checked_add(1).map(Ipv4Addr::from).map(IpAddr::V4);
            [before, after]
        }
        (IpAddr::V6(first), IpAddr::V6(last)) => {
            let before = u128::from(first).checked_sub(1).map(Ipv6Addr::from).map(IpAddr::V6);
            let after = u128::from(last).checked_add(1).map(Ipv6Addr::from).map(IpAddr::V6);
            [before, after]
        }
        _ => [None, None],
    };
    let inside = [range.network(), range.broadcast()];
    inside.into_iter().chain(neighbours.into_iter().flatten()).map(|ip| ip.to_string()).collect()
}
