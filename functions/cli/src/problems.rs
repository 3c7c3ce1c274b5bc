//! What of a snapshot could not be read -> lines for a person. A listing that the same call
//! refused in many regions, as where an organization forbids them, is one line.

use std::collections::BTreeMap;

use memory_adapters::{Problem, Snapshot};

/// From how many regions on they share a line.
const MANY: usize = 4;

/// A line for each problem, or for what many regions have in common.
pub fn lines(snapshot: &Snapshot) -> Vec<String> {
    let mut alike: BTreeMap<(String, &str), Vec<&str>> = BTreeMap::new();
    for problem in &snapshot.problems {
        if let Some((listing, region, why)) = regional(problem) {
            alike.entry((listing, why)).or_default().push(region);
        }
    }
    alike.retain(|_, regions| regions.len() >= MANY);
    let is_alone = |problem: &&Problem| {
        regional(problem).is_none_or(|(listing, _, why)| !alike.contains_key(&(listing, why)))
    };
    let alone = snapshot.problems.iter().filter(is_alone).map(ToString::to_string);
    let together = alike.iter().map(|((listing, why), regions)| {
        format!("{listing}: {why} in {} regions: {}", regions.len(), regions.join(", "))
    });
    alone.chain(together).collect()
}

/// The listing of a region that snapshot.json tells of, as `eks/*/clusters`, its region, and the
/// beginning of the reason: what became of it, the call and the error's code.
fn regional(problem: &Problem) -> Option<(String, &str, &str)> {
    let [service, region, listing] = problem.place.split('/').collect::<Vec<_>>()[..] else {
        return None;
    };
    let end = problem.reason.match_indices(": ").nth(2).map_or(problem.reason.len(), |(at, _)| at);
    Some((format!("{service}/*/{listing}"), region, &problem.reason[..end]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(place: &str, reason: &str) -> Problem {
        Problem { file: String::new(), place: place.to_owned(), reason: reason.to_owned() }
    }

    #[test]
    fn what_many_regions_have_in_common_is_one_line() {
        let denied = |region: &str| {
            let reason = format!("was denied: eks:ListClusters: AccessDenied: No, {region}.");
            problem(&format!("eks/{region}/clusters"), &reason)
        };
        let other = problem("eks/e-1/clusters", "failed: eks:ListClusters: Throttling: Slower.");
        let roles = problem("authorization-details", "was denied: no");
        let mut problems: Vec<Problem> = ["a-1", "b-1", "c-1"].map(denied).into();
        problems.extend([other.clone(), roles.clone()]);
        let of = |problems: &[Problem]| {
            let mut snapshot = Snapshot::default();
            snapshot.problems = problems.to_vec();
            snapshot
        };
        let few = of(&problems);
        assert_eq!(lines(&few), problems.iter().map(ToString::to_string).collect::<Vec<_>>());

        problems.push(denied("d-1"));
        let many = of(&problems);
        let together = "eks/*/clusters: was denied: eks:ListClusters: AccessDenied in 4 regions: \
                        a-1, b-1, c-1, d-1";
        assert_eq!(lines(&many), [other.to_string(), roles.to_string(), together.to_owned()]);
    }
}
