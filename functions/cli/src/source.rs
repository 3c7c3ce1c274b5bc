//! Where an account is read from, and with which settings.

use std::path::{Path, PathBuf};

use clap::Args;
use ecr_audit::settings::Settings;
use jiff::Timestamp;
use memory_adapters::{Account, Snapshot};

use crate::error::CliError;
use crate::settings::SettingsArguments;
use crate::{live, output, problems};

/// Which account to read.
#[derive(Debug, Args)]
pub struct SourceArguments {
    /// A snapshot's folder; without it, the account of the current AWS credentials.
    #[arg(long, value_name = "DIR")]
    snapshot: Option<PathBuf>,
    /// A region of that account; repeatable. Without it, every region that is enabled in it.
    #[arg(
        long = "region",
        value_name = "REGION",
        value_parser = region,
        conflicts_with = "snapshot"
    )]
    regions: Vec<String>,
}

/// An account to be read, with everything that is known beside it.
#[derive(Debug)]
pub struct Source {
    /// The account.
    pub account: Account,
    /// The settings for it, with the organization's policies where they were saved.
    pub settings: Settings,
    /// When it was saved, where that is known.
    pub time: Option<Timestamp>,
    /// What could not be read.
    pub problems: Vec<String>,
    /// What is worth knowing.
    pub notes: Vec<String>,
}

impl Source {
    /// Opens a snapshot; without one, the account of the current credentials. Problems are told
    /// at once.
    pub fn open(
        arguments: &SourceArguments,
        settings: &SettingsArguments,
    ) -> Result<Self, CliError> {
        match &arguments.snapshot {
            Some(folder) => Self::of_folder(folder, settings),
            None => Self::of(live::read(&arguments.regions)?, settings),
        }
    }

    /// Opens a snapshot. Problems are told at once.
    pub fn of_folder(folder: &Path, settings: &SettingsArguments) -> Result<Self, CliError> {
        Self::of(Snapshot::read(folder)?, settings)
    }

    fn of(snapshot: Snapshot, settings: &SettingsArguments) -> Result<Self, CliError> {
        let (account, partition) = (snapshot.account.id(), snapshot.account.partition());
        let time = snapshot.time();
        output::tell(problems::lines(&snapshot));
        let mut settings = settings.settings(account, partition, snapshot.regions())?;
        settings.organization = snapshot.organization;
        Ok(Self {
            settings,
            time,
            problems: snapshot.problems.iter().map(ToString::to_string).collect(),
            notes: snapshot.notes,
            account: snapshot.account,
        })
    }
}

/// A region's name, as it stands in hosts and folders.
pub fn region(text: &str) -> Result<String, String> {
    let is_letter = |letter: u8| matches!(letter, b'a'..=b'z' | b'0'..=b'9' | b'-');
    if text.contains('-') && text.bytes().all(is_letter) && !text.starts_with('-') {
        Ok(text.to_owned())
    } else {
        Err("a region looks like eu-west-1".to_owned())
    }
}
