//! Cases, drawn.

use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};
use proptest::strategy::BoxedStrategy;
use serde_json::{Map, Value, json};

use crate::world::{Boxes, Case, KEYS, Kind, REGION, ROLE, SESSION};

/// The keys that a case names. Where it names two, patterns of texts are short.
#[derive(Clone, Debug)]
struct Keys {
    named: Vec<(&'static str, Kind)>,
    /// Whether policies say what IAM does not know, or what its documentation leaves open.
    has_open: bool,
    /// Whether the text key stands in patterns as a variable.
    has_variable: bool,
}

/// Any case.
pub fn case() -> impl Strategy<Value = Case> {
    let one = || {
        prop_oneof![
            4 => Just(KEYS[0]), 4 => Just(KEYS[1]), 1 => Just(KEYS[2]), 1 => Just(KEYS[3]),
            1 => Just(KEYS[4]), 1 => Just(KEYS[5]), 2 => Just(KEYS[6]), 1 => Just(KEYS[7]),
            1 => Just(KEYS[8]),
        ]
    };
    let two = prop_oneof![
        7 => one().prop_map(|key| vec![key]),
        3 => (one(), one()).prop_map(|(one, two)| vec![one, two]),
    ];
    let flag = prop::bool::weighted;
    (two, flag(0.15), flag(0.15)).prop_flat_map(|(named, has_open, has_variable)| {
        let keys = Keys { named, has_open, has_variable };
        let documents = |size| prop::collection::vec(document(&keys, Layer::Own), size);
        (
            documents(1..=2),
            prop::option::weighted(0.2, document(&keys, Layer::Own)),
            prop_oneof![
                8 => Just(Vec::new()),
                1 => prop::collection::vec(documents(1..=2), 1..=2).boxed(),
            ],
            prop_oneof![8 => Just(Vec::new()), 1 => documents(1..=1).boxed()],
            prop_oneof![
                7 => Just(Vec::new()),
                2 => prop::collection::vec(boxes(&keys), 1..=2).boxed(),
            ],
            prop::bool::ANY,
            select(vec![vec![0], vec![0], vec![0], vec![2], vec![0, 1], vec![0, 2]]),
            select(vec![vec![0], vec![0], vec![0, 1], vec![0, 2], vec![3], vec![1, 0, 2, 3, 4]]),
        )
            .prop_map(
                |(identity, boundary, scps, rcps, boxes, is_session, actions, places)| Case {
                    identity,
                    boundary,
                    scps,
                    rcps,
                    boxes,
                    is_session,
                    actions,
                    places,
                },
            )
    })
}

fn boxes(keys: &Keys) -> impl Strategy<Value = Boxes> + use<> {
    let stands_on = select(vec![
        "arn:aws:store:r1:111122223333:box/*",
        "arn:aws:store:r1:111122223333:box/*",
        "arn:aws:store:r1:111122223333:box/a?",
        "arn:aws:store:r2:111122223333:box/b",
    ]);
    let covers = select(vec![vec![], vec![], vec!["STORE:put".to_owned()]]);
    (document(keys, Layer::Boxes), stands_on, covers).prop_map(|(policy, stands_on, covers)| {
        Boxes { policy, stands_on: stands_on.to_owned(), covers }
    })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layer {
    Own,
    Boxes,
}

fn document(keys: &Keys, layer: Layer) -> impl Strategy<Value = Value> + use<> {
    let version = select(vec![json!("2012-10-17"), json!("2012-10-17"), json!("2008-10-17")]);
    (version, prop::collection::vec(statement(keys, layer), 1..=3))
        .prop_map(|(version, statements)| json!({ "Version": version, "Statement": statements }))
}

fn statement(keys: &Keys, layer: Layer) -> impl Strategy<Value = Value> + use<> {
    let flag = prop::bool::weighted;
    let effect = select(vec!["Allow", "Allow", "Deny"]);
    let actions = vec!["store:Put", "STORE:p*", "store:?et", "store:*", "store:List", "*"];
    let action = (flag(0.15), subsequence(actions, 1..=2));
    let resource = (flag(0.2), prop::collection::vec(pattern(keys), 1..=2));
    let conditions = prop::collection::vec(condition(keys), 0..=2);
    let is_strange = flag(if keys.has_open { 0.1 } else { 0.0 });
    (effect, action, resource, conditions, principal(), is_strange).prop_map(
        move |(
            effect,
            (not_action, actions),
            (not_resource, resources),
            conditions,
            principal,
            is_strange,
        )| {
            let mut statement = json!({ "Effect": effect });
            statement[if not_action { "NotAction" } else { "Action" }] = json!(actions);
            if layer == Layer::Boxes {
                let (is_not, principal) = principal;
                statement[if is_not { "NotPrincipal" } else { "Principal" }] = principal;
            } else {
                statement[if not_resource { "NotResource" } else { "Resource" }] = json!(resources);
            }
            let mut block = Map::new();
            for (operator, key, values) in conditions {
                let keys = block.entry(operator).or_insert_with(|| json!({}));
                keys[key] = values;
            }
            if !block.is_empty() {
                statement["Condition"] = block.into();
            }
            if is_strange {
                statement["Comment"] = json!("IAM knows no such element");
            }
            statement
        },
    )
}

fn principal() -> impl Strategy<Value = (bool, Value)> {
    let root = "arn:aws:iam::111122223333:root";
    let one = select(vec![
        json!("*"),
        json!({ "AWS": "*" }),
        json!({ "AWS": ROLE }),
        json!({ "AWS": SESSION }),
        json!({ "AWS": "111122223333" }),
        json!({ "AWS": root }),
        json!({ "AWS": "arn:aws:iam::111122223333:role/other" }),
        json!({ "AWS": [root, ROLE] }),
        json!({ "Service": "ec2.amazonaws.com" }),
    ]);
    (prop::bool::weighted(0.15), one)
}

fn pattern(keys: &Keys) -> impl Strategy<Value = String> + use<> {
    let name = prop::collection::vec(select(vec!['a', 'b', '*', '?']), 1..=3)
        .prop_map(|letters| letters.into_iter().collect::<String>());
    let parts = select(vec![
        "arn:aws:store:r1:111122223333:box/",
        "arn:aws:store:r1:111122223333:box/",
        "arn:aws:store:r1:111122223333:box/",
        "arn:aws:store:*:111122223333:box/",
        "arn:aws:store:r2:111122223333:box/",
        "arn:*:store:r?:*:box/",
        "arn:aws:store:${aws:RequestedRegion}:111122223333:box/",
    ]);
    let variable = select(if keys.has_variable {
        vec!["${t:text}", "${t:text, 'b'}", "${aws:PrincipalTag/none, 'a'}"]
    } else {
        vec!["${aws:PrincipalTag/team}", "${aws:PrincipalTag/none, 'a'}", "${*}"]
    });
    let with_variable = (parts.clone(), variable, select(vec!["", "*", "b"]))
        .prop_map(|(parts, variable, rest)| format!("{parts}{variable}{rest}"));
    let open = select(if keys.has_open {
        vec![
            "arn:aws:store:*",
            "arn:*:box/a",
            "arn:aws:store:r1:*/b",
            "arn:aws:store:r1:111122223333:box/${aws:PrincipalTag/none}",
        ]
    } else {
        vec!["*"]
    });
    prop_oneof![
        1 => Just("*".to_owned()),
        1 => open.prop_map(str::to_owned),
        if keys.has_variable { 4 } else { 1 } => with_variable,
        6 => (parts, name).prop_map(|(parts, name)| format!("{parts}{name}")),
    ]
}

const NUMERIC: [&str; 6] = [
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
];

const DATE: [&str; 6] = [
    "DateEquals",
    "DateNotEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
];

type Drawn = (String, &'static str, Value);

fn condition(keys: &Keys) -> impl Strategy<Value = Drawn> + use<> {
    let of_key: Vec<BoxedStrategy<Drawn>> =
        keys.named.iter().map(|(key, kind)| on_key(keys, key, *kind)).collect();
    let null = |key: &'static str| {
        prop::bool::ANY.prop_map(move |absent| ("Null".to_owned(), key, json!(absent.to_string())))
    };
    let of_null: Vec<BoxedStrategy<Drawn>> =
        keys.named.iter().map(|(key, _)| null(key).boxed()).collect();
    let region = (select(vec!["StringEquals", "StringNotEquals"]), select(vec!["r1", "r2"]))
        .prop_map(|(operator, region)| (operator.to_owned(), REGION, json!(region)));
    let strange = on_key_open(keys.named[0]);
    prop_oneof![
        12 => any_of(of_key),
        2 => any_of(of_null),
        1 => region,
        if keys.has_open { 2 } else { 0 } => strange,
    ]
}

fn any_of(strategies: Vec<BoxedStrategy<Drawn>>) -> impl Strategy<Value = Drawn> {
    any::<Index>().prop_flat_map(move |index| strategies[index.index(strategies.len())].clone())
}

fn on_key_open((key, kind): (&'static str, Kind)) -> BoxedStrategy<Drawn> {
    let variable = "${aws:PrincipalTag/team}";
    let undocumented = match kind {
        Kind::Number => Some((select(NUMERIC.to_vec()), select(vec!["some", variable]))),
        Kind::Date | Kind::Issued => {
            Some((select(DATE.to_vec()), select(vec!["some", "2020", variable])))
        }
        _ => None,
    };
    let operators = match kind {
        Kind::Texts => {
            vec!["StringResembles", "ForAnyValue:StringEqualsIfExists", "ForAnyValue:Null"]
        }
        Kind::Text => vec!["StringResembles", "ForAnyValue:Null"],
        _ => vec!["StringResembles"],
    };
    let unknown = (select(operators), select(vec!["a"]));
    let drawn = move |(operator, value): (&str, &str)| (operator.to_owned(), key, json!(value));
    match undocumented {
        Some(undocumented) => prop_oneof![undocumented, unknown].prop_map(drawn).boxed(),
        None => unknown.prop_map(drawn).boxed(),
    }
}

fn on_key(keys: &Keys, key: &'static str, kind: Kind) -> BoxedStrategy<Drawn> {
    let longest = if keys.named.len() == 1 && kind == Kind::Text { 2 } else { 1 };
    let values = |values: Vec<&'static str>, size| {
        prop::collection::vec(select(values).prop_map(str::to_owned), size).boxed()
    };
    let operators = |names: Vec<&'static str>| select(names);
    let (operator, values) = match kind {
        Kind::Text | Kind::Texts => {
            let same = (
                operators(vec![
                    "StringEquals",
                    "StringNotEquals",
                    "StringEqualsIgnoreCase",
                    "StringNotEqualsIgnoreCase",
                ]),
                texts(keys, key, &['a', 'b', 'A'], longest),
            );
            let like = (
                operators(vec!["StringLike", "StringNotLike"]),
                texts(keys, key, &['a', 'b', 'A', '*', '?'], longest),
            );
            return with_prefix(key, kind, prop_oneof![same, like].boxed());
        }
        Kind::Number => (operators(NUMERIC.to_vec()), values(vec!["1", "2", "1.0"], 1..=2)),
        Kind::Date => (
            operators(DATE.to_vec()),
            values(
                vec!["2020-01-01T00:00:00Z", "2020-01-01", "1577836800", "2021-01-01T00:00:00Z"],
                1..=2,
            ),
        ),
        Kind::Issued => (
            operators(DATE.to_vec()),
            values(
                vec![
                    "2019-01-01T00:00:00Z",
                    "2020-01-01",
                    "1577836800",
                    "2020-06-01T00:00:00Z",
                    "2021-01-01T00:00:00Z",
                ],
                1..=2,
            ),
        ),
        Kind::Epoch => {
            let dates = values(vec!["2020-01-01", "1577836801", "2021-01-01T00:00:00Z"], 1..=2);
            let numbers = values(vec!["1577836800", "1577836799.5", "1577836798"], 1..=2);
            let date = (operators(DATE.to_vec()), dates);
            let number = (operators(NUMERIC.to_vec()), numbers);
            return with_prefix(key, kind, prop_oneof![date, number].boxed());
        }
        Kind::Bool => (operators(vec!["Bool"]), values(vec!["true", "false", "TRUE"], 1..=1)),
        Kind::Address => (
            operators(vec!["IpAddress", "NotIpAddress"]),
            values(
                vec![
                    "10.0.0.0/8",
                    "10.1.0.0/16",
                    "0.0.0.0/0",
                    "192.168.1.1",
                    "2001:db8::/32",
                    "::/0",
                ],
                1..=2,
            ),
        ),
        Kind::Arn => (
            operators(vec![
                "ArnLike",
                "ArnNotLike",
                "ArnEquals",
                "ArnNotEquals",
                "StringLike",
                "StringNotLike",
            ]),
            values(
                vec![
                    "arn:aws:s:r:1:a",
                    "arn:aws:s:r:1:*",
                    "arn:aws:s:*:1:a",
                    "arn:aws:s:r:*",
                    "arn:*:b",
                    "arn:aws:s:r:1:${*}",
                    "*",
                ],
                1..=2,
            ),
        ),
    };
    with_prefix(key, kind, (operator, values).boxed())
}

fn with_prefix(
    key: &'static str,
    kind: Kind,
    strategy: BoxedStrategy<(&'static str, Vec<String>)>,
) -> BoxedStrategy<Drawn> {
    let set = select(vec!["ForAnyValue:", "ForAllValues:"]);
    (strategy, set, prop::bool::ANY)
        .prop_map(move |((operator, values), set, if_exists)| {
            let set = if kind == Kind::Texts { set } else { "" };
            // What a set operator with IfExists says of an absent key is not documented.
            let if_exists = if if_exists && kind != Kind::Texts { "IfExists" } else { "" };
            (format!("{set}{operator}{if_exists}"), key, json!(values))
        })
        .boxed()
}

fn texts(
    keys: &Keys,
    key: &'static str,
    letters: &[char],
    longest: usize,
) -> BoxedStrategy<Vec<String>> {
    let letters = letters.to_vec();
    let word = prop::collection::vec(select(letters), 0..=longest)
        .prop_map(|letters| letters.into_iter().collect::<String>());
    let variable = if keys.has_variable && key != "t:text" {
        vec!["${t:text}", "${t:text, 'b'}"]
    } else {
        vec!["${aws:PrincipalTag/team}", "${aws:RequestedRegion}"]
    };
    let unresolved = if keys.has_open { "${aws:PrincipalTag/none}" } else { "${*}" };
    let value = prop_oneof![
        8 => word,
        1 => select(variable).prop_map(str::to_owned),
        1 => Just("${*}".to_owned()),
        1 => Just(unresolved.to_owned()),
    ];
    prop::collection::vec(value, 1..=2).boxed()
}
