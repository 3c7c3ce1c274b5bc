//! The small world: boxes with names of one to three letters in two regions and three accounts,
//! one key of each kind, and everything that can be tried one by one.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use iam_policy::context::{Context, ContextValue};
use iam_policy::decision::{NamedPolicy, PolicySet, ResourcePolicy};
use iam_policy::document::PolicyDocument;
use iam_policy::effective::dates::DateRange;
use iam_policy::effective::resources::{NameRange, Place};
use iam_policy::effective::{Consent, Knowledge};
use iam_policy::glob::pieces;
use iam_policy::principal::Principal;
use iam_policy::truth::Truth;
use serde_json::Value;

pub const ACCOUNT: &str = "111122223333";
pub const ROLE: &str = "arn:aws:iam::111122223333:role/eks/workers";
pub const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/workers/i-0abc";

/// Actions, and whether they are on a box. One that is not is on `*`.
pub const ACTIONS: [(&str, bool); 3] =
    [("store:Put", true), ("store:Get", true), ("store:List", false)];

/// Region, account, and whether the account admits the role.
pub const PLACES: [(&str, &str, Consent); 5] = [
    ("r1", ACCOUNT, Consent::Own),
    ("r2", ACCOUNT, Consent::Own),
    ("r1", "444455556666", Consent::Given),
    ("r1", "777788889999", Consent::Unknown),
    ("r2", "777788889999", Consent::Unknown),
];

/// A key that every request to a place carries.
pub const REGION: &str = "aws:RequestedRegion";
/// A key that every request carries, with this value.
pub const TEAM: (&str, &str) = ("aws:PrincipalTag/team", "a");
/// A key that no request carries.
pub const NEVER: &str = "aws:PrincipalTag/none";

/// What values a key has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    /// Several texts.
    Texts,
    Number,
    Date,
    /// A date of a range that is known.
    Issued,
    /// The same, as seconds since 1970.
    Epoch,
    Bool,
    Address,
    Arn,
}

impl Kind {
    /// Whether every request carries such a key.
    pub const fn is_always_sent(self) -> bool {
        matches!(self, Self::Issued | Self::Epoch)
    }
}

/// The keys of which a request may carry one value or another; it may lack most.
pub const KEYS: [(&str, Kind); 9] = [
    ("t:text", Kind::Text),
    ("t:texts", Kind::Texts),
    ("t:number", Kind::Number),
    ("t:date", Kind::Date),
    ("t:bool", Kind::Bool),
    ("t:address", Kind::Address),
    ("t:arn", Kind::Arn),
    (ISSUED, Kind::Issued),
    (EPOCH, Kind::Epoch),
];

/// Keys that hold a date of a range, each with the first and the last.
pub const ISSUED: &str = "t:issued";
const ISSUED_IN: [&str; 2] = ["2019-07-01T00:00:00Z", "2020-06-01T00:00:00Z"];
pub const EPOCH: &str = "t:epoch";
const EPOCH_IN: [&str; 2] = ["2019-12-31T23:59:59Z", "2020-01-01T00:00:01Z"];

/// A key that only a request carries that is on a box.
pub const OF_A_BOX: &str = "t:number";

/// The key whose value policies of this world use as a variable.
pub const TEXT: &str = "t:text";

/// One case: the policies that bear on a role, and what is asked.
#[derive(Clone)]
pub struct Case {
    pub identity: Vec<Value>,
    pub boundary: Option<Value>,
    pub scps: Vec<Vec<Value>>,
    pub rcps: Vec<Value>,
    pub boxes: Vec<Boxes>,
    /// Whether a session of the role asks, or the role itself.
    pub is_session: bool,
    /// Indices in ACTIONS.
    pub actions: Vec<usize>,
    /// Indices in PLACES.
    pub places: Vec<usize>,
}

/// A policy that stands on boxes.
#[derive(Clone, Debug)]
pub struct Boxes {
    pub policy: Value,
    /// A pattern of their ARNs.
    pub stands_on: String,
    /// The actions it covers; empty for all.
    pub covers: Vec<String>,
}

/// The keys of a request, with their values.
pub type Asked = BTreeMap<String, Vec<String>>;

/// The ARN of a box.
pub fn arn(place: usize, name: &str) -> String {
    let (region, account, _) = PLACES[place];
    format!("arn:aws:store:{region}:{account}:box/{name}")
}

/// Every name of a box.
pub fn names() -> Vec<String> {
    words(&['a', 'b'], 1, 3)
}

/// Letters that no pattern has stand for all others; `cc` for whatever is longer. Of what is a
/// variable in one version and plain text in the other, the text.
const SHORT: [&str; 22] = [
    "",
    "r1",
    "r2",
    "${aws:RequestedRegion}",
    "${AWS:REQUESTEDREGION}",
    "a",
    "A",
    "b",
    "B",
    "c",
    "cc",
    "*",
    "${*}",
    "${}",
    "${aws:PrincipalTag/team}",
    "${AWS:PRINCIPALTAG/TEAM}",
    "${aws:PrincipalTag/none}",
    "${AWS:PRINCIPALTAG/NONE}",
    "${t:text}",
    "${T:TEXT}",
    "${t:text, 'b'}",
    "${T:TEXT, 'B'}",
];

/// Every value of a key that the conditions of a case can tell apart, which is written `text`.
/// `is_long`: patterns of texts have two pieces.
pub fn values(kind: Kind, is_long: bool, text: &str) -> Vec<Vec<String>> {
    let text = text.to_lowercase();
    // A text that no condition spells is like any other.
    let is_spelled = |value: &&str| value.len() < 4 || text.contains(&value.to_lowercase());
    let short: Vec<&str> = SHORT.into_iter().filter(is_spelled).collect();
    let one_each = |values: &[&str]| values.iter().map(|value| vec![(*value).to_owned()]).collect();
    match kind {
        Kind::Text => {
            let mut values: Vec<Vec<String>> = one_each(&short);
            if is_long {
                // Patterns of two pieces see the first letter, the last, and whether there are more.
                let two = words(&['a', 'A', 'b', 'B', 'c'], 2, 2);
                values.extend(two.iter().map(|two| vec![two.clone()]));
                values.extend(two.iter().map(|two| vec![format!("{}c{}", &two[..1], &two[1..])]));
            }
            values
        }
        // A key without any value is not sent. Three different values are told apart from two.
        Kind::Texts => {
            let mut sets: Vec<Vec<String>> = one_each(&short);
            for (index, one) in short.iter().enumerate() {
                for (second, two) in short.iter().enumerate().skip(index + 1) {
                    sets.push([one, two].map(|value| (*value).to_owned()).to_vec());
                    for three in &short[second + 1..] {
                        sets.push([one, two, three].map(|value| (*value).to_owned()).to_vec());
                    }
                }
            }
            sets
        }
        Kind::Number => one_each(&["0", "1", "1.5", "2", "3"]),
        Kind::Date => one_each(&[
            "2019-06-01T00:00:00Z",
            "2020-01-01T00:00:00Z",
            "2020-06-01T00:00:00Z",
            "2021-01-01T00:00:00Z",
            "2022-06-01T00:00:00Z",
        ]),
        Kind::Issued => one_each(&[
            "2019-07-01T00:00:00Z",
            "2019-10-01T00:00:00Z",
            "2020-01-01T00:00:00Z",
            "2020-03-01T00:00:00Z",
            "2020-06-01T00:00:00Z",
        ]),
        Kind::Epoch => one_each(&["1577836799", "1577836800", "1577836801"]),
        Kind::Bool => one_each(&["true", "false"]),
        Kind::Address => one_each(&[
            "9.9.9.9",
            "10.0.0.1",
            "10.1.2.3",
            "192.168.1.1",
            "2001:db8::1",
            "2001:db9::1",
        ]),
        Kind::Arn => {
            // What is an ARN, part by part, and what is not.
            let lasts =
                ["a", "b", "c", "*", "1:a", "2:1:a", "c:b", "c:c", "*:b", "*:1:a", "${}", "${*}"];
            let mut values: Vec<Vec<String>> = one_each(&[
                "x",
                "arn:x:b",
                "arn:x:1:a",
                "arn:aws:s:r:x",
                "arn:aws:s:r:1",
                "arn:aws:s:x:1:a",
            ]);
            for region in ["r", "q"] {
                for account in ["1", "2"] {
                    let arn = |last| vec![format!("arn:aws:s:{region}:{account}:{last}")];
                    values.extend(lasts.map(arn));
                }
            }
            values
        }
    }
}

fn words(letters: &[char], shortest: usize, longest: usize) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut last = all.clone();
    for _ in 0..longest {
        let longer = last
            .iter()
            .flat_map(|word| letters.iter().map(move |letter| format!("{word}{letter}")));
        last = longer.collect();
        all.extend(last.clone());
    }
    all.retain(|word| word.len() >= shortest);
    all
}

/// The names as a range of the engine.
#[derive(Debug)]
pub struct Names;

impl NameRange for Names {
    fn letters(&self) -> &'static str {
        "ab"
    }

    fn step(&self, _state: u8, _letter: char) -> Option<u8> {
        Some(1)
    }

    fn may_end(&self, state: u8) -> bool {
        state == 1
    }

    fn lengths(&self) -> (usize, usize) {
        (1, 3)
    }
}

/// What is known of a request in a place. Of a date it is one of the range; where that makes a
/// difference, another one is put in its place.
pub fn known(place: usize) -> Asked {
    let issued = (ISSUED, "2019-10-01T00:00:00Z");
    [(TEAM.0, TEAM.1), (REGION, PLACES[place].0), issued, (EPOCH, "1577836800")]
        .map(|(key, value)| (key.to_owned(), vec![value.to_owned()]))
        .into()
}

/// The keys that a request on a box, or on none, can carry of these.
pub fn carried(is_on_box: bool, asked: &Asked) -> Asked {
    let mut carried = asked.clone();
    carried.retain(|key, _| is_on_box || key != OF_A_BOX);
    carried
}

/// The same as the engine takes it, but for the region, which is each place's.
pub fn knowledge() -> Knowledge {
    let mut known = Context::new();
    known.set_single(TEAM.0, TEAM.1);
    let range = |[earliest, latest]: [&str; 2], is_number| DateRange {
        earliest: earliest.parse().unwrap(),
        latest: latest.parse().unwrap(),
        is_number,
    };
    let dates = [(ISSUED, range(ISSUED_IN, false)), (EPOCH, range(EPOCH_IN, true))];
    Knowledge {
        known,
        absent: vec![NEVER.to_ascii_lowercase()],
        dates: dates.map(|(key, range)| (key.to_owned(), range)).into(),
        with_resource: vec![OF_A_BOX.to_owned()],
        ..Knowledge::default()
    }
}

/// A context as the engine takes it.
pub fn context(asked: &Asked) -> Context {
    let mut context = Context::new();
    for (key, values) in asked {
        let is_multiple = KEYS.iter().any(|(name, kind)| name == key && *kind == Kind::Texts);
        let value = if is_multiple {
            ContextValue::Multiple(values.clone())
        } else {
            ContextValue::Single(values[0].clone())
        };
        context.set(key, value);
    }
    context
}

/// The policies as JSON, as short as can be.
impl fmt::Debug for Case {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for identity in &self.identity {
            write!(formatter, "\n  identity {identity}")?;
        }
        if let Some(boundary) = &self.boundary {
            write!(formatter, "\n  boundary {boundary}")?;
        }
        for (level, scps) in self.scps.iter().enumerate() {
            for scp in scps {
                write!(formatter, "\n  scps[{level}] {scp}")?;
            }
        }
        for rcp in &self.rcps {
            write!(formatter, "\n  rcps {rcp}")?;
        }
        for Boxes { policy, stands_on, covers } in &self.boxes {
            write!(formatter, "\n  boxes on {stands_on}, covering {covers:?}: {policy}")?;
        }
        let who = if self.is_session { "the session" } else { "the role" };
        write!(formatter, "\n  {who} asks for {:?} in {:?}", self.actions, self.places)
    }
}

impl Case {
    /// Whether an answer hangs on a variable of which the engine does not know the value
    /// beforehand: then it gives bounds.
    pub fn has_unknown_variable(&self) -> bool {
        let text = format!("{self:?}");
        text.contains("${t:text")
            || text.contains("[\"${aws:RequestedRegion}\"")
            || text.contains(",\"${aws:RequestedRegion}\"")
    }

    /// Who asks.
    pub fn principal(&self) -> Principal {
        if self.is_session {
            Principal::new(SESSION, Some(ROLE))
        } else {
            Principal::new(ROLE, None)
        }
    }

    /// The places as the engine takes them.
    pub fn engine_places(&self) -> Vec<Place> {
        let place = |place: &usize| {
            let (region, _, consent) = PLACES[*place];
            let mut known = Context::new();
            known.set_single(REGION, region);
            Place { prefix: arn(*place, ""), known, consent }
        };
        self.places.iter().map(place).collect()
    }

    /// The policies as the engine takes them.
    pub fn policies(&self) -> PolicySet {
        let named = |name: String, document: &Value| NamedPolicy {
            name,
            document: Arc::new(PolicyDocument::from_value(document).unwrap()),
        };
        let list = |name: &str, documents: &[Value]| {
            let numbered = documents.iter().enumerate();
            numbered.map(|(index, document)| named(format!("{name}[{index}]"), document)).collect()
        };
        let level =
            |(level, documents): (usize, &Vec<Value>)| list(&format!("scps[{level}]"), documents);
        PolicySet {
            identity: list("identity", &self.identity),
            boundary: self.boundary.iter().map(|one| named("boundary".to_owned(), one)).next(),
            scps: self.scps.iter().enumerate().map(level).collect(),
            rcps: vec![list("rcps", &self.rcps)],
            resource: self
                .boxes
                .iter()
                .enumerate()
                .map(|(index, boxes)| ResourcePolicy {
                    policy: named(format!("boxes[{index}]"), &boxes.policy),
                    stands_on: pieces(&boxes.stands_on),
                    covers: boxes.covers.clone(),
                    within: Context::new(),
                    bears: Truth::True,
                })
                .collect(),
        }
    }
}
