//! The step between listing and finishing: IAM is read once, page by page, and each node role on
//! a page is assessed before the next page is asked for. What the pages do not show is read role
//! by role.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::finishing::this_sweep;
use super::listing::{unlisted, uses_of};
use super::{StepDone, SweepError, SweepSummary, change_run};
use crate::arn::RoleName;
use crate::drift::SweepKind;
use crate::error::PortError;
use crate::journey::role::{ReadAhead, RoleTask};
use crate::journey::together::assess_roles;
use crate::node_role::UseListing;
use crate::ports::{Ports, Versioned};
use crate::registries::Registries;
use crate::role_policies::{PolicyName, RolePolicies, RolePolicy};
use crate::settings::Settings;
use crate::sweep_part::{Listed, SweepPart};
use crate::sweep_step::{SweepRun, SweepStep};

/// How many roles' records are read in one call and held at once.
const RECORDS_AT_ONCE: usize = 100;

/// How many roles are read one by one before the time is looked at.
const READ_ONE_BY_ONE: usize = 20;

/// The default versions of the account's managed policies.
type Documents = BTreeMap<PolicyName, RolePolicy>;

/// Records by the roles' ledger keys, and what is known of every registry.
type Known = (BTreeMap<String, Versioned>, Arc<Registries>);

/// Assesses every role that was listed or is remembered, from a page of IAM on, until there are
/// no more or the time is over.
pub async fn assess(
    ports: &Ports<'_>,
    settings: &Settings,
    run: &SweepRun,
    marker: Option<String>,
    until: Option<Timestamp>,
) -> Result<StepDone, SweepError> {
    let mut listed = Listed::default();
    let mut before: Vec<BTreeSet<String>> = Vec::new();
    for part in ports.ledger.sweep_parts(&run.id).await? {
        listed.merge(part.listed);
        before.extend(Some(part.assessed).filter(|assessed| !assessed.is_empty()));
    }
    let told = listed.uses.incomplete.clone();
    let uses = uses_of(ports, settings, listed).await;
    let mut untold = UseListing { incomplete: uses.incomplete.clone(), ..UseListing::default() };
    untold.incomplete.retain(|source, _| !told.contains_key(source));
    let last = ports.ledger.last_sweep().await?;
    let kind = SweepKind::after(last.as_ref(), &this_sweep(ports, settings));
    let mut step = Assessing::new(ports, settings, uses, kind).await?;
    step.summary.failures.extend(unlisted(&untold));
    step.tasks.retain(|key, _| !before.iter().any(|assessed| assessed.contains(key)));
    let goes_on = match step.pages(marker, until).await {
        Ok(Some(marker)) => Some(SweepStep::Assess { sweep: run.id.clone(), marker: Some(marker) }),
        outcome => {
            if let Err(error) = outcome {
                step.summary.failures.push(error.to_string());
            }
            // Roles that no page shows. Or reading one by one is allowed, or answers, where
            // reading pages is not.
            let is_all = step.one_by_one(until).await;
            (!is_all).then(|| SweepStep::Assess { sweep: run.id.clone(), marker: None })
        }
    };
    let next = if let Some(next) = goes_on {
        let part = SweepPart {
            sweep: run.id.clone(),
            name: format!("assessed/{:04}", before.len()),
            assessed: std::mem::take(&mut step.done),
            ..SweepPart::default()
        };
        ports.ledger.keep_sweep_part(&part).await?;
        next
    } else {
        SweepStep::Finish { sweep: run.id.clone() }
    };
    let summary = step.summary;
    let noted = change_run(ports, &run.id, |run| {
        run.note_failures(summary.failures.iter().cloned());
    });
    let next = noted.await?.map_or_else(Vec::new, |_| vec![next]);
    Ok(StepDone { next, summary })
}

/// What one invocation of the step works with.
struct Assessing<'step> {
    ports: &'step Ports<'step>,
    settings: &'step Settings,
    /// The roles that are still to be assessed, by their ledger keys.
    tasks: BTreeMap<String, RoleTask>,
    /// The versions of the records before anything was read of IAM; none was written later than
    /// what the pages show.
    versions: BTreeMap<String, u64>,
    /// The ledger keys of the roles that were assessed.
    done: BTreeSet<String>,
    summary: SweepSummary,
}

impl<'step> Assessing<'step> {
    async fn new(
        ports: &'step Ports<'step>,
        settings: &'step Settings,
        uses: UseListing,
        kind: SweepKind,
    ) -> Result<Self, PortError> {
        let complete =
            UseListing { sightings: Vec::new(), incomplete: BTreeMap::new(), ..uses.clone() };
        let complete = Arc::new(complete);
        let task = |role_name| RoleTask {
            listing: Arc::clone(&complete),
            sweep: Some(kind),
            ..RoleTask::new(role_name)
        };
        let mut tasks = BTreeMap::new();
        let mut versions = BTreeMap::new();
        let all = ports.ledger.all_records().await?;
        for known in all.records {
            let role_name = known.record.role_arn.role_name();
            versions.insert(role_name.key(), known.version);
            if !known.record.is_at_rest() {
                tasks.entry(role_name.key()).or_insert_with(|| task(role_name));
            }
        }
        for sighting in uses.sightings {
            let role_name = sighting.role_arn.role_name();
            let of_role = tasks.entry(role_name.key()).or_insert_with(|| task(role_name));
            of_role.sightings.push(sighting);
        }
        let done = BTreeSet::new();
        let summary = SweepSummary { failures: all.damaged, ..SweepSummary::default() };
        Ok(Self { ports, settings, tasks, versions, done, summary })
    }

    /// Reads IAM and assesses what it shows. Returns where to go on if the time is over.
    async fn pages(
        &mut self,
        mut marker: Option<String>,
        until: Option<Timestamp>,
    ) -> Result<Option<String>, PortError> {
        let documents = self.documents().await?;
        loop {
            let page = self.ports.iam.roles_page(marker.as_deref()).await?;
            let mut found = Vec::new();
            for role in page.items {
                let key = role.role_arn.role_name().key();
                if self.tasks.contains_key(&key)
                    && let Some(role) = with_documents(role, &documents)
                    && let Some(task) = self.tasks.remove(&key)
                {
                    found.push((task, role));
                }
            }
            while !found.is_empty() {
                let some = found.drain(..found.len().min(RECORDS_AT_ONCE)).collect();
                self.assess_read(some).await;
            }
            match page.next {
                Some(next) if until.is_some_and(|until| self.ports.clock.now() >= until) => {
                    return Ok(Some(next));
                }
                Some(next) => marker = Some(next),
                None => return Ok(None),
            }
        }
    }

    /// Reads and assesses what is left, each role by itself. Returns whether that is done; some are
    /// assessed each time, however late it is.
    async fn one_by_one(&mut self, until: Option<Timestamp>) -> bool {
        let mut left = std::mem::take(&mut self.tasks).into_values();
        loop {
            let some: Vec<RoleTask> = left.by_ref().take(READ_ONE_BY_ONE).collect();
            self.assess(some).await;
            if left.len() == 0 {
                return true;
            }
            if until.is_some_and(|until| self.ports.clock.now() >= until) {
                return false;
            }
        }
    }

    async fn documents(&self) -> Result<Documents, PortError> {
        let mut documents = Documents::new();
        let mut marker = None;
        loop {
            let page = self.ports.iam.managed_policies_page(marker.as_deref()).await?;
            let policies = page.items.into_iter();
            documents.extend(policies.map(|policy| (policy.policy.clone(), policy)));
            match page.next {
                Some(next) => marker = Some(next),
                None => return Ok(documents),
            }
        }
    }

    /// Assesses roles that a page has shown. A page counts only for a role whose record is still
    /// the one that stood before the page was read.
    async fn assess_read(&mut self, found: Vec<(RoleTask, RolePolicies)>) {
        let names: Vec<_> = found.iter().map(|(task, _)| task.role_name.clone()).collect();
        let (mut records, registries) = match self.known(&names).await {
            Ok(known) => known,
            // Each role is read by itself, so that a damaged record holds up no other.
            Err(error) => {
                tracing::warn!(%error, "the ledger could not be read for many roles at once");
                return self.assess(found.into_iter().map(|(task, _)| task).collect()).await;
            }
        };
        let mut tasks = Vec::new();
        for (mut task, role) in found {
            let key = task.role_name.key();
            let known = records.remove(&key);
            let version = known.as_ref().map_or(0, |known| known.version);
            if version == self.versions.get(&key).copied().unwrap_or(0) {
                let (role, registries) = (Ok(Some(role)), Arc::clone(&registries));
                let cluster_tags = Arc::default();
                task.ahead = Some(ReadAhead { known, role, cluster_tags, registries });
            }
            tasks.push(task);
        }
        self.assess(tasks).await;
    }

    async fn known(&self, names: &[RoleName]) -> Result<Known, PortError> {
        let records = self.ports.ledger.records(names).await?;
        Ok((records, Arc::new(self.ports.ledger.registries().await?)))
    }

    async fn assess(&mut self, tasks: Vec<RoleTask>) {
        for (task, outcome) in assess_roles(self.ports, self.settings, tasks).await {
            self.done.insert(task.role_name.key());
            match outcome {
                Ok(role_arns) => self.summary.assessed.extend(role_arns),
                Err(error) => self.summary.failures.push(format!("{}: {error}", task.role_name)),
            }
        }
    }
}

/// The role with the documents of its managed policies. `None` if one is on no page: it was made
/// since, or is gone; the role is to be read by itself.
fn with_documents(mut role: RolePolicies, documents: &Documents) -> Option<RolePolicies> {
    for policy in role.identity.iter_mut().chain(&mut role.boundary) {
        if policy.document.is_none() {
            *policy = documents.get(&policy.policy)?.clone();
        }
    }
    Some(role)
}
