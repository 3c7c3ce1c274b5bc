//! Where an account is read from, and with which settings.

use std::path::Path;

use ecr_audit::organization::OrganizationPolicies;
use ecr_audit::settings::Settings;
use jiff::Timestamp;
use memory_adapters::{Account, Snapshot};

use crate::error::CliError;
use crate::settings::SettingsArguments;
use crate::{live, output};

/// An account to be read, with everything that is known beside it.
#[derive(Debug)]
pub struct Source {
    /// The account.
    pub account: Account,
    /// The organization's policies, where they were saved.
    pub organization: OrganizationPolicies,
    /// The settings for it.
    pub settings: Settings,
    /// When it was saved, where that is known.
    pub time: Option<Timestamp>,
    /// What could not be read.
    pub problems: Vec<String>,
    /// What is worth knowing.
    pub notes: Vec<String>,
}

impl Source {
    /// Opens a snapshot; without one, the account of the current credentials. Problems and notes
    /// are told at once.
    pub fn open(folder: Option<&Path>, arguments: &SettingsArguments) -> Result<Self, CliError> {
        let Some(folder) = folder else {
            return Err(live::unavailable());
        };
        let snapshot = Snapshot::read(folder)?;
        let (account, partition) = (snapshot.account.id(), snapshot.account.partition());
        let settings = arguments.settings(account, partition, snapshot.regions())?;
        let source = Self {
            time: snapshot.time(),
            settings,
            organization: snapshot.organization,
            problems: snapshot.problems.iter().map(ToString::to_string).collect(),
            notes: snapshot.notes,
            account: snapshot.account,
        };
        output::tell(&source.problems);
        Ok(source)
    }
}
