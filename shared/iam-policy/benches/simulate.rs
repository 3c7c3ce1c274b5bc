//! How many requests are answered in a second of CPU, JSON in and JSON out, beside the crate iam-rs
//! and beside merely reading the JSON, in one run.
//!
//! `AUTHORIZATION_REQUESTS` names a file of requests, a line of JSON each, gzipped. Lines that
//! iam-rs cannot read are left out for all. It knows no boundary, no levels and no resource
//! policy; here it evaluates all documents of a line as one list, which is less than the right
//! answer takes.

use std::io::Read;
use std::time::{Duration, Instant};

use iam_rs::{Arn, Context, IAMPolicy, IAMRequest, PolicyEvaluator, Principal, PrincipalId};
use serde::Deserialize;
use serde_json::{Value, json};

/// Every contestant has its turn this many times, one after the other; the best turn counts.
const TURNS: usize = 7;

/// A contestant: a line to its answer, none if it cannot be read.
type Answer = fn(&str) -> Option<String>;

fn main() {
    let Ok(file) = std::env::var("AUTHORIZATION_REQUESTS") else {
        eprintln!("AUTHORIZATION_REQUESTS is not set: nothing is measured");
        return;
    };
    let mut text = String::new();
    let file = std::fs::File::open(file).unwrap();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
    let lines: Vec<&str> = text.lines().filter(|line| by_iam_rs(line).is_some()).collect();
    println!("{} of {} requests can be read by all", lines.len(), text.lines().count());
    let contestants: [(&str, Answer); 3] = [
        ("iam-rs", by_iam_rs),
        ("serde_json::Value, nothing decided", by_reading),
        ("iam-policy", by_iam_policy),
    ];
    let mut best = [Duration::MAX; 3];
    for _ in 0..TURNS {
        for ((_, answer), best) in contestants.iter().zip(&mut best) {
            let begin = cpu_time();
            let answered: usize =
                lines.iter().filter_map(|line| answer(line)).map(|one| one.len()).sum();
            assert!(answered > 0, "an answer is not empty");
            *best = cpu_time().saturating_sub(begin).min(*best);
        }
    }
    for ((name, _), time) in contestants.iter().zip(best) {
        let count = u32::try_from(lines.len()).unwrap();
        println!(
            "{name}: {:.0} requests a CPU second, {:.2} times iam-rs",
            f64::from(count) / time.as_secs_f64(),
            best[0].as_secs_f64() / time.as_secs_f64()
        );
    }
}

/// What this process has had of a CPU; where the system does not say, what has gone by.
fn cpu_time() -> Duration {
    static BEGIN: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    let schedule = std::fs::read_to_string("/proc/self/schedstat").ok();
    let nanoseconds =
        schedule.and_then(|text| text.split(' ').next().and_then(|first| first.parse().ok()));
    nanoseconds.map_or_else(|| BEGIN.elapsed(), Duration::from_nanos)
}

fn by_iam_policy(line: &str) -> Option<String> {
    serde_json::to_string(&iam_policy::simulate::answer(line)).ok()
}

fn by_reading(line: &str) -> Option<String> {
    let value: Value = serde_json::from_str(line).ok()?;
    serde_json::to_string(&value["id"]).ok()
}

/// A request line as iam-rs takes it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    id: u64,
    principal: String,
    action: String,
    resource: String,
    context: Context,
    #[serde(default)]
    identity: Vec<IAMPolicy>,
    boundary: Option<IAMPolicy>,
    #[serde(default)]
    scps: Option<Vec<Vec<IAMPolicy>>>,
    #[serde(default)]
    rcps: Option<Vec<Vec<IAMPolicy>>>,
    resource_policy: Option<IAMPolicy>,
}

fn by_iam_rs(line: &str) -> Option<String> {
    let line: Line = serde_json::from_str(line).ok()?;
    let mut policies = line.identity;
    policies.extend(line.boundary);
    policies.extend(line.scps.into_iter().flatten().flatten());
    policies.extend(line.rcps.into_iter().flatten().flatten());
    policies.extend(line.resource_policy);
    let principal = Principal::Aws(PrincipalId::String(line.principal));
    let resource = Arn::parse(&line.resource).ok()?;
    let request = IAMRequest::new_with_context(principal, line.action, resource, line.context);
    let result = PolicyEvaluator::with_policies(policies).evaluate(&request).ok()?;
    Some(json!({ "id": line.id, "decision": result.decision.to_string() }).to_string())
}
