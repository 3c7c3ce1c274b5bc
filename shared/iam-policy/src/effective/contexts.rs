//! One context for each way in which the conditions of the policies can hold together.
//!
//! Keys are added one after the other. Of contexts in which the same statements apply, the first
//! stands for all, so that contradictions and exhaustive denials are seen without trying every
//! combination of values. All conditions of a statement have to hold together:
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html>

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use foldhash::{HashMap, HashSet};

use crate::bits::Bits;
use crate::condition::Condition;
use crate::context::{Context, ContextValue};
use crate::effective::choices::{Left, choices};
use crate::effective::{AskedAction, Budget, Knowledge};
use crate::evaluation::Evaluation;
use crate::template::Template;
use crate::truth::Truth;

/// How many ways are followed from key to key before the keys that are left are open.
const WAYS: usize = 1024;

/// How many combinations of a way and a value are looked at, over all keys.
const CASES: usize = 16_384;

/// What a key is set to, `None` for absent, by key.
pub type Chosen = Vec<(String, Option<ContextValue>)>;

/// The statements of one action that apply, as far as one thing decides.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Applying {
    /// Those that do.
    pub certain: Bits,
    /// Those that do, and those of which it is open.
    pub possible: Bits,
}

impl Clone for Applying {
    fn clone(&self) -> Self {
        Self { certain: self.certain.clone(), possible: self.possible.clone() }
    }

    fn clone_from(&mut self, other: &Self) {
        self.certain.clone_from(&other.certain);
        self.possible.clone_from(&other.possible);
    }
}

/// A way in which the conditions can hold.
#[derive(Clone, Debug)]
pub struct Way {
    /// What applies, by action.
    pub applying: Rc<[Applying]>,
    /// A context in which it is so.
    choice: Option<Rc<Choice>>,
}

/// One key beyond those that are known, and the choice before it.
#[derive(Debug)]
struct Choice {
    key: String,
    value: Option<ContextValue>,
    before: Option<Rc<Choice>>,
}

impl Way {
    /// A context in which it is so: the keys beyond those that are known.
    pub fn chosen(&self) -> Chosen {
        let mut chosen = Vec::new();
        let mut at = &self.choice;
        while let Some(choice) = at {
            chosen.push((choice.key.clone(), choice.value.clone()));
            at = &choice.before;
        }
        chosen.reverse();
        chosen
    }
}

/// What each key may be.
#[derive(Clone, Debug)]
pub struct Contexts {
    known: Context,
    /// What the keys of a place are for a request that names no resource.
    without_resource: Context,
    /// Keys that only a request carries that names a resource.
    with_resource: Vec<String>,
    /// For each unknown key, what it may be.
    choices: BTreeMap<String, Vec<Option<ContextValue>>>,
    /// Every key that some condition or variable names.
    named: BTreeSet<String>,
    /// Every key that some condition compares another with.
    compared: BTreeSet<String>,
    /// Every key that is a variable of which nothing is known.
    open: BTreeSet<String>,
    /// Whether some key may be more than was followed.
    is_cut: bool,
}

impl Applying {
    /// All statements.
    pub fn all(size: usize) -> Self {
        Self { certain: Bits::all(size), possible: Bits::all(size) }
    }

    /// How many words hold it.
    fn words(&self) -> usize {
        self.certain.size() + self.possible.size()
    }

    /// A statement applies no more than this.
    pub fn limit(&mut self, number: usize, truth: Truth) {
        if truth < Truth::True {
            self.certain.remove(number);
        }
        if truth == Truth::False {
            self.possible.remove(number);
        }
    }

    /// What applies as far as both decide.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let mut both = self.clone();
        both.limit_to(other);
        both
    }

    /// Nothing applies beyond what another lets apply.
    fn limit_to(&mut self, other: &Self) {
        self.certain.keep(&other.certain);
        self.possible.keep(&other.possible);
    }
}

impl Contexts {
    /// Collects the keys of the statements and what each may be.
    pub fn new(evaluations: &[Evaluation<'_>], knowledge: &Knowledge, budget: &Budget) -> Self {
        let mut conditions: BTreeMap<&str, Vec<&Condition>> = BTreeMap::new();
        let mut said = HashSet::default();
        let mut variables: BTreeSet<&str> = BTreeSet::new();
        for statement in
            evaluations.iter().flat_map(|about| &about.parts).map(|part| part.statement)
        {
            for condition in &statement.conditions {
                let on_key = conditions.entry(condition.key()).or_default();
                if said.insert(condition.written()) {
                    on_key.push(condition);
                }
                variables.extend(condition.variables());
            }
            let resources = statement.resource.iter().flat_map(|element| &element.patterns);
            variables.extend(resources.flat_map(Template::variables));
        }
        let compared = variables_of(&conditions);
        let stand = evaluations.iter().flat_map(|about| &about.parts);
        let within =
            stand.filter_map(|part| part.stands_on).flat_map(|policy| policy.within.keys());
        let named = conditions.keys().chain(&variables).copied();
        let named = named.chain(within.map(|(key, _)| key)).map(str::to_owned).collect();
        let (known, choices) = (knowledge.known.clone(), BTreeMap::new());
        let without_resource = knowledge.without_resource.clone();
        let with_resource = knowledge.with_resource.clone();
        let (open, is_cut) = (BTreeSet::new(), false);
        let mut contexts =
            Self { known, without_resource, with_resource, choices, named, compared, open, is_cut };
        for (key, conditions) in conditions {
            if knowledge.known.get(key).is_some() || knowledge.is_absent(key) {
                continue;
            }
            if budget.is_spent() {
                contexts.known.set_open(key);
                contexts.is_cut = true;
                continue;
            }
            let choices = self::choices(key, &conditions, knowledge, budget);
            let is_date = knowledge.dates.contains_key(key);
            // What a key is compared with has to be known before its values can be chosen.
            let is_known = |variable: &str| {
                knowledge.known.get(variable).is_some() || knowledge.is_absent(variable)
            };
            let mut compared = conditions.iter().flat_map(|condition| condition.variables());
            if choices.left.is_some() || variables.contains(key) || !compared.all(is_known) {
                contexts.known.set_open(key);
                contexts.is_cut |= choices.left == Some(Left::Cut);
            } else if let (true, [Some(value)]) = (is_date, &choices.values[..]) {
                // All dates of the range are alike: which of them it is, no witness has to say.
                contexts.known.set(key, value.clone());
            } else {
                contexts.choices.insert(key.to_owned(), choices.values);
            }
        }
        for key in variables {
            if knowledge.known.get(key).is_none() && !knowledge.is_absent(key) {
                contexts.known.set_open(key);
                contexts.open.insert(key.to_owned());
            }
        }
        contexts
    }

    /// The variables of which nothing is known, wherever the request goes.
    pub const fn open(&self) -> &BTreeSet<String> {
        &self.open
    }

    /// Whether some key may be more than was followed.
    pub const fn are_cut(&self) -> bool {
        self.is_cut
    }

    /// What of a place can make a difference: places that are alike in it have the same ways.
    pub fn telling(&self, place: &Context) -> Context {
        let mut telling = Context::new();
        for (key, value) in place.keys().filter(|(key, _)| self.named.contains(*key)) {
            telling.set(key, value.clone());
        }
        telling
    }

    /// What is known in one place.
    pub fn known_in(&self, place: &Context) -> Context {
        let mut known = self.known.clone();
        for (key, value) in place.keys() {
            known.set(key, value.clone());
        }
        known
    }

    /// What applies as far as one place decides, of which `known` is known.
    pub fn begun(
        &self,
        known: &Context,
        actions: &[AskedAction<'_>],
        evaluations: &[Evaluation<'_>],
    ) -> Vec<Applying> {
        let without_resource = self.without_resource(known);
        let begun = actions.iter().zip(evaluations).map(|(action, about)| {
            let known = if action.takes_resource { known } else { &without_resource };
            let mut applying = Applying::all(about.parts.len());
            for (number, part) in about.parts.iter().enumerate() {
                applying.limit(number, part.known);
                if part.stands_on.is_some_and(|policy| !policy.is_within(known)) {
                    applying.limit(number, Truth::False);
                }
                for condition in &part.statement.conditions {
                    let key = condition.key();
                    if !self.is_chosen(key, known) || !self.is_carried(key, action) {
                        applying.limit(number, condition.holds(known));
                    }
                }
            }
            applying
        });
        begun.collect()
    }

    /// What of a place bears on the keys that are chosen: which of them it leaves, and what their
    /// values are compared with.
    pub fn bearing(&self, telling: &Context) -> Chosen {
        let bearing = telling.keys().map(|(key, value)| {
            (key.to_owned(), self.compared.contains(key).then(|| value.clone()))
        });
        bearing.collect()
    }

    /// Every way in which the conditions can hold in one place, of which `known` is known, from
    /// what the place decides on. True: there are too many, and keys were left open.
    pub fn ways(
        &self,
        begun: Vec<Applying>,
        known: &Context,
        actions: &[AskedAction<'_>],
        evaluations: &[Evaluation<'_>],
        budget: &Budget,
    ) -> (Vec<Way>, bool) {
        let words: usize = begun.iter().map(Applying::words).sum();
        let mut ways = vec![Way { applying: Rc::from(begun), choice: None }];
        let (mut cases, mut is_cut) = (0, false);
        let by_key = if self.choices.is_empty() {
            HashMap::default()
        } else {
            self.by_key(actions, evaluations)
        };
        for (key, values) in self.choices.iter().filter(|(key, _)| self.is_chosen(key, known)) {
            let Some(on_key) = by_key.get(key.as_str()) else { continue };
            let choices = budget.take(compared(values, on_key)).then(|| {
                let with = |value: &Option<ContextValue>| {
                    applying_with(key, value.as_ref(), known, on_key)
                };
                values.iter().map(|value| (value, with(value))).collect::<Vec<_>>()
            });
            let next = choices.and_then(|choices| {
                let more = ways.len() * choices.len();
                cases += more;
                let is_over = cases > CASES || !budget.take(more * words);
                (!is_over).then(|| ways_with(key, &ways, &choices)).flatten()
            });
            if let Some(next) = next {
                ways = next;
            } else {
                is_cut = true;
                let open = open(on_key);
                for way in &mut ways {
                    let both = way.applying.iter().zip(&open).map(|(one, two)| one.and(two));
                    way.applying = both.collect();
                }
            }
        }
        (ways, is_cut)
    }

    /// What is known of a request that names no resource.
    pub fn without_resource(&self, known: &Context) -> Context {
        let mut without = known.clone();
        for (key, value) in self.without_resource.keys().filter(|(key, _)| known.get(key).is_some())
        {
            without.set(key, value.clone());
        }
        for key in self.named.iter().filter(|key| is_among(&self.with_resource, key)) {
            without.remove(key);
        }
        without
    }

    /// Whether a request for the action can carry a key of which no value is known.
    fn is_carried(&self, key: &str, action: &AskedAction<'_>) -> bool {
        action.takes_resource || !is_among(&self.with_resource, key)
    }

    /// The conditions of all statements on keys that the actions' requests can carry.
    fn by_key<'set>(
        &self,
        actions: &[AskedAction<'_>],
        evaluations: &[Evaluation<'set>],
    ) -> HashMap<&'set str, Vec<OnKey<'set>>> {
        let mut by_key: HashMap<&str, Vec<OnKey<'set>>> = HashMap::default();
        let none = || {
            let sizes = evaluations.iter().map(|about| about.parts.len());
            sizes.map(|size| OnKey { size, conditions: Vec::new() }).collect()
        };
        for (number, (action, about)) in actions.iter().zip(evaluations).enumerate() {
            for (part, said) in about.parts.iter().enumerate() {
                let conditions = said.statement.conditions.iter();
                for condition in conditions.filter(|one| self.is_carried(one.key(), action)) {
                    let on_key = by_key.entry(condition.key()).or_insert_with(none);
                    on_key[number].conditions.push((part, condition));
                }
            }
        }
        by_key
    }

    fn is_chosen(&self, key: &str, known: &Context) -> bool {
        known.get(key).is_none() && self.choices.contains_key(key)
    }
}

/// Each way with each value, without those that add nothing. `None`: there are too many.
fn ways_with(
    key: &str,
    ways: &[Way],
    choices: &[(&Option<ContextValue>, Vec<Applying>)],
) -> Option<Vec<Way>> {
    let Some(first) = ways.first() else {
        return Some(Vec::new());
    };
    let mut seen: HashSet<Rc<[Applying]>> = HashSet::default();
    let mut next = Vec::new();
    // Overwritten for each, so that memory is taken for new ways alone.
    let mut both = first.applying.to_vec();
    for (value, with_value) in choices {
        for way in ways {
            for ((both, one), two) in both.iter_mut().zip(&*way.applying).zip(with_value) {
                both.clone_from(one);
                both.limit_to(two);
            }
            if seen.contains(&both[..]) {
                continue;
            }
            if next.len() == WAYS {
                return None;
            }
            let applying: Rc<[Applying]> = Rc::from(both.clone());
            seen.insert(Rc::clone(&applying));
            let (key, value, before) = (key.to_owned(), (*value).clone(), way.choice.clone());
            next.push(Way { applying, choice: Some(Rc::new(Choice { key, value, before })) });
        }
    }
    Some(next)
}

/// The conditions on one key, with the numbers of their statements, by action.
struct OnKey<'set> {
    /// How many statements the action has.
    size: usize,
    conditions: Vec<(usize, &'set Condition<'set>)>,
}

/// How many texts are compared to tell what every choice of a key does.
fn compared(choices: &[Option<ContextValue>], on_key: &[OnKey<'_>]) -> usize {
    let texts = choices.iter().map(|choice| match choice {
        Some(ContextValue::Multiple(texts)) => texts.len().max(1),
        _ => 1,
    });
    let conditions = on_key.iter().flat_map(|on_key| &on_key.conditions);
    let values = conditions.map(|(_, condition)| condition.values().count().max(1));
    texts.sum::<usize>() * values.sum::<usize>()
}

/// What applies as far as one key decides.
fn applying_with(
    key: &str,
    value: Option<&ContextValue>,
    known: &Context,
    on_key: &[OnKey<'_>],
) -> Vec<Applying> {
    let mut context = known.clone();
    if let Some(value) = value {
        context.set(key, value.clone());
    }
    limited(on_key, |condition| condition.holds(&context))
}

/// What applies where all that hangs on one key is open.
fn open(on_key: &[OnKey<'_>]) -> Vec<Applying> {
    limited(on_key, |_| Truth::Unknown)
}

fn limited(on_key: &[OnKey<'_>], holds: impl Fn(&Condition<'_>) -> Truth) -> Vec<Applying> {
    let limited = on_key.iter().map(|on_key| {
        let mut applying = Applying::all(on_key.size);
        for (number, condition) in &on_key.conditions {
            applying.limit(*number, holds(condition));
        }
        applying
    });
    limited.collect()
}

/// Every key that the conditions compare with.
fn variables_of(conditions: &BTreeMap<&str, Vec<&Condition>>) -> BTreeSet<String> {
    let conditions = conditions.values().flatten();
    conditions.flat_map(|condition| condition.variables()).map(str::to_owned).collect()
}

/// Whether a key is one of those listed, or begins like one that ends in `/` or `:`.
pub(super) fn is_among(listed: &[String], key: &str) -> bool {
    listed.iter().any(|listed| {
        key == listed || (listed.ends_with(['/', ':']) && key.starts_with(listed.as_str()))
    })
}
