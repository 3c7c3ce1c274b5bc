//! The truth: every request of the small world, decided one by one in AWS's order of evaluation.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>

use std::collections::{BTreeMap, BTreeSet};

use iam_policy::document::Version;
use iam_policy::effective::{Consent, Level};
use iam_policy::glob::{Piece, matches, pieces};
use iam_policy::template::Template;
use serde_json::Value;

use crate::reading::{
    Named, Says, is_denied, meets_action, meets_conditions, meets_resource, named,
};
use crate::world::{
    ACTIONS, Asked, Case, KEYS, OF_A_BOX, PLACES, TEXT, arn, carried, context, known, names, values,
};

/// A statement of a case, with where it stands.
pub struct Said<'case> {
    pub policy: String,
    pub index: usize,
    pub is_allow: bool,
    number: usize,
    layer: Layer,
    statement: &'case Value,
    version: &'case Value,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Layer {
    Identity,
    Boundary,
    Scp(usize),
    Rcp,
    Boxes(usize),
}

/// Which statements apply to a request on a box, and to one on none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row {
    on_box: Applying,
    on_none: Applying,
}

/// Which statements apply: a bit each, by their order. Some do so only maybe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Applying {
    surely: u64,
    maybe: u64,
}

impl Row {
    fn and(self, other: Self) -> Self {
        Self { on_box: self.on_box.and(other.on_box), on_none: self.on_none.and(other.on_none) }
    }
}

impl Applying {
    fn and(self, other: Self) -> Self {
        Self { surely: self.surely & other.surely, maybe: self.maybe & other.maybe }
    }
}

/// The answer to one request, and the statements that make it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    pub name: &'static str,
    pub statements: u64,
}

/// Which way what is open is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// An Allow or Deny of which it is open takes no effect.
    Strict,
    /// So that more is permitted.
    Upper,
    /// So that less is.
    Lower,
}

/// A case laid out.
pub struct World<'case> {
    pub case: &'case Case,
    pub said: Vec<Said<'case>>,
    /// For each action, the statements that are about it.
    about: Vec<u64>,
    /// For each key, the statements with their conditions on it alone; none: on known keys.
    alone: BTreeMap<Option<String>, Vec<Option<Value>>>,
    /// For each key, what it is set to; none for absent.
    tried: BTreeMap<&'static str, Vec<Option<Vec<String>>>>,
    /// Whether the text key stands in patterns as a variable.
    is_variable: bool,
}

/// What trying everything finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Truth {
    pub upper: Level,
    pub lower: Level,
    /// Whether all boxes of some own place are as permitted, in the upper reading, but for those
    /// that a pattern names one by one.
    pub covers_a_place: bool,
    /// The statements that grant in some request, in the upper reading.
    pub granting: BTreeSet<(String, usize)>,
    pub denying: BTreeSet<(String, usize)>,
}

impl<'case> World<'case> {
    pub fn of(case: &'case Case) -> Self {
        let mut said = Vec::new();
        let mut say = |policy: String, layer: Layer, document: &'case Value| {
            for (index, statement) in document["Statement"].as_array().unwrap().iter().enumerate() {
                said.push(Said {
                    number: said.len(),
                    policy: policy.clone(),
                    index,
                    is_allow: statement["Effect"] == "Allow",
                    layer,
                    statement,
                    version: &document["Version"],
                });
            }
        };
        for (index, document) in case.identity.iter().enumerate() {
            say(format!("identity[{index}]"), Layer::Identity, document);
        }
        if let Some(document) = &case.boundary {
            say("boundary".to_owned(), Layer::Boundary, document);
        }
        for (level, documents) in case.scps.iter().enumerate() {
            for (index, document) in documents.iter().enumerate() {
                say(format!("scps[{level}][{index}]"), Layer::Scp(level), document);
            }
        }
        for (index, document) in case.rcps.iter().enumerate() {
            say(format!("rcps[{index}]"), Layer::Rcp, document);
        }
        for (index, boxes) in case.boxes.iter().enumerate() {
            say(format!("boxes[{index}]"), Layer::Boxes(index), &boxes.policy);
        }
        let about = ACTIONS
            .iter()
            .map(|(action, _)| {
                bits(&said, |said| {
                    let is_covered = |covers: &Vec<String>| {
                        covers.is_empty()
                            || covers.iter().any(|one| one.to_lowercase() == action.to_lowercase())
                    };
                    meets_action(said.statement, action)
                        && match said.layer {
                            Layer::Boxes(index) => is_covered(&case.boxes[index].covers),
                            _ => true,
                        }
                })
            })
            .collect();
        let keys = KEYS.iter().map(|(key, _)| Some((*key).to_owned())).chain([None]);
        let alone = keys
            .map(|key| {
                let alone = said.iter().map(|said| alone(said.statement, key.as_deref()));
                let alone = alone.collect();
                (key, alone)
            })
            .collect();
        let text = format!("{case:?}");
        let is_variable = text.contains(&format!("${{{TEXT}"));
        let is_named =
            |key: &str| text.contains(&format!("\"{key}\"")) || is_variable && key == TEXT;
        let is_alone = KEYS.iter().filter(|(key, _)| is_named(key)).count() == 1;
        let tried = KEYS.iter().map(|(key, kind)| {
            let is_always_sent = is_named(key) && kind.is_always_sent();
            let mut tried = if is_always_sent { Vec::new() } else { vec![None] };
            if is_named(key) {
                tried.extend(values(*kind, is_alone || is_variable, &text).into_iter().map(Some));
            }
            (*key, tried)
        });
        let tried = tried.collect();
        Self { case, said, about, alone, tried, is_variable }
    }

    /// What applies as far as the resource decides.
    fn on(&self, resource: &str, asked: &Asked) -> Row {
        let applying = self.applying(|said| match said.layer {
            Layer::Boxes(index) => {
                let stands_on = &self.case.boxes[index].stands_on;
                let pattern = serde_json::json!({ "Resource": stands_on });
                let stands = meets_resource(&pattern, &Value::Null, resource, asked);
                stands.and(meets_resource(said.statement, said.version, resource, asked))
            }
            _ => meets_resource(said.statement, said.version, resource, asked),
        });
        Row { on_box: applying, on_none: applying }
    }

    /// What applies as far as the conditions decide.
    fn when(&self, asked: &Asked) -> Row {
        self.row(asked, |said, asked| meets_conditions(said.statement, said.version, asked))
    }

    /// What applies to a request with these keys, as far as it can carry them.
    fn row(&self, asked: &Asked, says: impl Fn(&Said<'case>, &Asked) -> Says) -> Row {
        let on_box = self.applying(|said| says(said, asked));
        let on_none = if asked.contains_key(OF_A_BOX) {
            self.applying(|said| says(said, &carried(false, asked)))
        } else {
            on_box
        };
        Row { on_box, on_none }
    }

    fn applying(&self, says: impl Fn(&Said<'case>) -> Says) -> Applying {
        let mut applying = Applying { surely: 0, maybe: 0 };
        for (index, said) in self.said.iter().enumerate() {
            let says = says(said);
            applying.surely |= u64::from(says.surely) << index;
            applying.maybe |= u64::from(says.maybe) << index;
        }
        applying
    }

    /// The order of evaluation. `is_admitted`: the resource's account is taken to admit the role.
    fn answer(
        &self,
        action: usize,
        row: Row,
        place: usize,
        admitted: bool,
        reading: Reading,
    ) -> Answer {
        let case = self.case;
        let row = if ACTIONS[action].1 { row.on_box } else { row.on_none };
        let counts = |index: usize, says: Says| {
            let applies = |bits: u64| bits & self.about[action] & (1 << index) != 0;
            let says = Says { surely: applies(row.surely), maybe: applies(row.maybe) }.and(says);
            match (reading, self.said[index].is_allow) {
                (Reading::Upper, true) | (Reading::Lower, false) => says.maybe,
                _ => says.surely,
            }
        };
        let some = |is_some: &dyn Fn(&Said<'case>) -> Says| {
            let mut bits = 0;
            for (index, said) in self.said.iter().enumerate() {
                bits |= u64::from(counts(index, is_some(said))) << index;
            }
            bits
        };
        let is_cross_account = ACTIONS[action].1 && PLACES[place].2 != Consent::Own;
        let denying = some(&|said| match said.layer {
            _ if said.is_allow => false.into(),
            // Whose organization another account is in, the role's policies do not tell.
            Layer::Rcp if admitted && is_cross_account => Says { surely: false, maybe: true },
            Layer::Boxes(_) => is_denied(said.statement, case.is_session, case.boundary.is_some()),
            _ => true.into(),
        });
        if denying != 0 {
            return Answer { name: "ExplicitlyDenied", statements: denying };
        }
        let allows = |layer: Layer| some(&|said| (said.is_allow && said.layer == layer).into());
        let boxes = |names: &dyn Fn(Named) -> bool| {
            some(&|said| {
                let (named, is_sure) = named(said.statement, case.is_session);
                let is_one = said.is_allow && matches!(said.layer, Layer::Boxes(_));
                let maybe = is_one && names(named);
                Says { surely: maybe && is_sure, maybe }
            })
        };
        let is_within = case.boundary.is_none() || allows(Layer::Boundary) != 0;
        let controlled = (0..case.scps.len()).all(|level| allows(Layer::Scp(level)) != 0);
        let by_identity = if is_within { allows(Layer::Identity) } else { 0 };
        let granting = if !controlled {
            0
        } else if is_cross_account {
            let theirs = boxes(&|named| named > Named::Not);
            if by_identity != 0 && (theirs != 0 || admitted) { by_identity | theirs } else { 0 }
        } else {
            let by_role = if is_within { boxes(&|named| named == Named::Role) } else { 0 };
            by_identity | by_role | boxes(&|named| named == Named::Directly)
        };
        match granting {
            0 => Answer { name: "ImplicitlyDenied", statements: 0 },
            statements => Answer { name: "Allowed", statements },
        }
    }

    /// One request, decided.
    pub fn decision(
        &self,
        action: usize,
        place: usize,
        name: &str,
        asked: &Asked,
        reading: Reading,
    ) -> Answer {
        let resource = if ACTIONS[action].1 { arn(place, name) } else { "*".to_owned() };
        let row = self.on(&resource, asked).and(self.when(asked));
        self.answer(action, row, place, false, reading)
    }

    /// Every value of a key that the case can tell apart, and its absence if it may be absent.
    pub fn tried(&self, key: &str) -> &[Option<Vec<String>>] {
        &self.tried[key]
    }

    /// Every context of a place, as what applies by the conditions; and what of each key is tried.
    fn rows(&self, place: usize) -> BTreeMap<Option<Vec<String>>, BTreeSet<Row>> {
        let mut rows: BTreeMap<_, BTreeSet<Row>> = BTreeMap::new();
        let mut of_keys: BTreeMap<&str, BTreeSet<Row>> = BTreeMap::new();
        for text in self.tried(TEXT) {
            let mut asked = known(place);
            if let Some(text) = text {
                asked.insert(TEXT.to_owned(), text.clone());
            }
            // Conditions are on one key each: what they say together is what each says.
            let mut with: BTreeSet<Row> = BTreeSet::from([self.when_on(&asked, None)]);
            for (key, _) in KEYS {
                let conditions = &self.alone[&Some(key.to_owned())];
                if conditions.iter().all(Option::is_none) {
                    continue;
                }
                // What a condition on another key says hangs on the text through a variable alone.
                let has_variable = |conditions: &Value| {
                    conditions.to_string().to_lowercase().contains(&format!("${{{TEXT}"))
                };
                let hangs_on_text = key == TEXT || conditions.iter().flatten().any(has_variable);
                if hangs_on_text || !of_keys.contains_key(key) {
                    let tried =
                        if key == TEXT { std::slice::from_ref(text) } else { self.tried(key) };
                    of_keys.insert(key, self.rows_of_key(key, tried, &asked));
                }
                with = with
                    .iter()
                    .flat_map(|row| of_keys[key].iter().map(|other| row.and(*other)))
                    .collect();
            }
            let tells = self.is_variable.then(|| text.clone()).flatten();
            rows.entry(tells).or_default().extend(with);
        }
        rows
    }

    /// What applies by the conditions on one key, for each of its values.
    fn rows_of_key(
        &self,
        key: &str,
        tried: &[Option<Vec<String>>],
        asked: &Asked,
    ) -> BTreeSet<Row> {
        let mut asked = asked.clone();
        let row_with = |value: &Option<Vec<String>>| {
            match value {
                Some(value) => asked.insert(key.to_owned(), value.clone()),
                None => asked.remove(key),
            };
            self.when_on(&asked, Some(key))
        };
        tried.iter().map(row_with).collect()
    }

    /// What applies as far as the conditions on one key decide; none: those on known keys.
    fn when_on(&self, asked: &Asked, key: Option<&str>) -> Row {
        let alone = &self.alone[&key.map(str::to_owned)];
        self.row(asked, |said, asked| match &alone[said.number] {
            Some(alone) => meets_conditions(alone, said.version, asked),
            None => true.into(),
        })
    }

    /// Tries everything.
    pub fn truth(&self) -> Truth {
        let mut truth = Truth {
            upper: Level::Denied,
            lower: Level::Denied,
            covers_a_place: false,
            granting: BTreeSet::new(),
            denying: BTreeSet::new(),
        };
        if !self.case.actions.iter().all(|action| self.can_allow(*action)) {
            return truth;
        }
        let takes_resource = self.case.actions.iter().any(|action| ACTIONS[*action].1);
        let (mut granting, mut denying, mut covered) = (0, 0, Level::Denied);
        let mut rows_of = BTreeMap::new();
        for place in &self.case.places {
            if !takes_resource && PLACES[*place].2 != Consent::Own {
                continue;
            }
            let rows = rows_of.entry(PLACES[*place].0).or_insert_with(|| self.rows(*place));
            // Of names of which every statement says the same, one is tried.
            let mut seen: BTreeMap<Vec<Vec<Row>>, (Level, Level)> = BTreeMap::new();
            let mut whole = Level::Allowed;
            let naming = self.naming(*place);
            for name in names() {
                let on: Vec<Vec<Row>> =
                    rows.keys().map(|text| self.on_actions(*place, &name, text.as_ref())).collect();
                let levels = *seen.entry(on.clone()).or_insert_with(|| {
                    let levels = [Reading::Upper, Reading::Lower].map(|reading| {
                        self.over(&on, rows, *place, reading, &mut granting, &mut denying)
                    });
                    (levels[0], levels[1])
                });
                truth.upper = truth.upper.max(levels.0);
                truth.lower = truth.lower.max(levels.1);
                let resource = arn(*place, &name);
                if !takes_resource || !naming.iter().any(|one| matches(one, &resource)) {
                    whole = whole.min(levels.0);
                }
            }
            if PLACES[*place].2 == Consent::Own {
                covered = covered.max(whole);
            }
        }
        truth.covers_a_place = truth.upper > Level::Denied && covered >= truth.upper;
        truth.granting = self.cited(granting);
        truth.denying = self.cited(denying);
        truth
    }

    /// The patterns about the asked actions that have no wildcard in a box's name.
    fn naming(&self, place: usize) -> Vec<Vec<Piece>> {
        let mut known = context(&known(place));
        for (key, _) in KEYS {
            known.set_open(key);
        }
        let is_about = |said: &&Said<'_>| {
            self.case.actions.iter().any(|action| self.about[*action] & (1 << said.number) != 0)
        };
        let mut patterns = Vec::new();
        for said in self.said.iter().filter(is_about) {
            let version = match said.version.as_str() {
                Some("2012-10-17") => Version::V2012,
                _ => Version::V2008,
            };
            for element in ["Resource", "NotResource"] {
                let listed = match &said.statement[element] {
                    Value::Array(listed) => listed.iter().collect(),
                    one => vec![one],
                };
                let texts = listed.into_iter().filter_map(Value::as_str);
                patterns.extend(texts.map(|text| Template::parse(text, version).widened(&known)));
            }
            if let Layer::Boxes(index) = said.layer {
                patterns.push(pieces(&self.case.boxes[index].stands_on));
            }
        }
        patterns.retain(|pattern| {
            let mut parts = pattern.splitn(6, |piece| *piece == Piece::Plain(':'));
            let name = parts.nth(5).unwrap_or(&[Piece::Many]);
            name.iter().all(|piece| matches!(piece, Piece::Plain(_)))
        });
        patterns
    }

    /// Whether there is an Allow of the action at all.
    fn can_allow(&self, action: usize) -> bool {
        self.said.iter().any(|said| {
            let is_about = self.about[action] & (1 << said.number) != 0;
            let grants = match said.layer {
                Layer::Identity => true,
                Layer::Boxes(_) => named(said.statement, self.case.is_session).0 > Named::Account,
                _ => false,
            };
            said.is_allow && is_about && grants
        })
    }

    fn on_actions(&self, place: usize, name: &str, text: Option<&Vec<String>>) -> Vec<Row> {
        let mut asked = known(place);
        if let Some(text) = text {
            asked.insert(TEXT.to_owned(), text.clone());
        }
        let on = |action: &usize| {
            let resource = if ACTIONS[*action].1 { arn(place, name) } else { "*".to_owned() };
            self.on(&resource, &asked)
        };
        self.case.actions.iter().map(on).collect()
    }

    /// The level on one resource over every context.
    fn over(
        &self,
        on: &[Vec<Row>],
        rows: &BTreeMap<Option<Vec<String>>, BTreeSet<Row>>,
        place: usize,
        reading: Reading,
        granting: &mut u64,
        denying: &mut u64,
    ) -> Level {
        let (mut some, mut all) = (false, true);
        for (on, when) in on.iter().zip(rows.values()) {
            for when in when {
                let answers: Vec<Answer> = self
                    .case
                    .actions
                    .iter()
                    .zip(on)
                    .map(|(action, on)| self.answer(*action, on.and(*when), place, true, reading))
                    .collect();
                let is_permitted = answers.iter().all(|answer| answer.name == "Allowed");
                some |= is_permitted;
                all &= is_permitted;
                for answer in answers.iter().filter(|_| reading == Reading::Upper) {
                    match answer.name {
                        "Allowed" if is_permitted => *granting |= answer.statements,
                        "ExplicitlyDenied" => *denying |= answer.statements,
                        _ => {}
                    }
                }
            }
        }
        // Nobody knows whether a stranger's account admits the role.
        let is_stranger = PLACES[place].2 == Consent::Unknown
            && self.case.actions.iter().any(|action| ACTIONS[*action].1);
        match (some, all && !is_stranger) {
            (true, true) => Level::Allowed,
            (true, false) => Level::Conditional,
            (false, _) => Level::Denied,
        }
    }

    fn cited(&self, statements: u64) -> BTreeSet<(String, usize)> {
        let numbered = self.said.iter().enumerate();
        numbered
            .filter(|(index, _)| statements & (1 << index) != 0)
            .map(|(_, said)| (said.policy.clone(), said.index))
            .collect()
    }

    /// The statements of an answer, cited.
    pub fn cited_by(&self, answer: Answer) -> BTreeSet<(String, usize)> {
        self.cited(answer.statements)
    }
}

fn bits<'case>(said: &[Said<'case>], is_in: impl Fn(&Said<'case>) -> bool) -> u64 {
    said.iter().enumerate().map(|(index, said)| u64::from(is_in(said)) << index).sum()
}

/// A statement with its conditions on one key alone, if it has any.
fn alone(statement: &Value, key: Option<&str>) -> Option<Value> {
    let mut conditions = statement["Condition"].clone();
    for keys in conditions.as_object_mut().into_iter().flat_map(|block| block.values_mut()) {
        keys.as_object_mut().unwrap().retain(|name, _| match key {
            Some(key) => name == key,
            None => KEYS.iter().all(|(key, _)| name != key),
        });
    }
    let mut alone = serde_json::json!({ "Condition": conditions });
    if let Some(comment) = statement.get("Comment").filter(|_| key.is_none()) {
        alone["Comment"] = comment.clone();
    }
    let is_any = conditions_of(&alone) || alone.get("Comment").is_some();
    is_any.then_some(alone)
}

fn conditions_of(statement: &Value) -> bool {
    let blocks = statement["Condition"].as_object();
    blocks.into_iter().flat_map(|block| block.values()).any(|keys| keys != &serde_json::json!({}))
}
