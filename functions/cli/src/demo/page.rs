//! How the day is printed.

use std::io::Write;

use ecr_audit::mail::mail;
use ecr_audit::settings::Settings;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::day::{Scene, Shows, Told};
use crate::error::CliError;
use crate::finding::FindingLine;
use crate::output::is_coloured;

/// The page that the day is printed on.
pub struct Page<'output> {
    output: &'output mut dyn Write,
    is_coloured: bool,
}

/// The colours of the page, as ANSI codes.
const BOLD: &str = "1";
const FAINT: &str = "2";
const RED: &str = "1;31";
const GREEN: &str = "32";

impl<'output> Page<'output> {
    /// An empty page.
    pub fn new(output: &'output mut dyn Write) -> Self {
        Self { output, is_coloured: is_coloured() }
    }

    /// The title.
    pub fn title(&mut self, settings: &Settings) -> Result<(), CliError> {
        let title = self.paint(BOLD, "One day with pullwatch");
        let Settings { account, standard, .. } = settings;
        writeln!(self.output, "{title}")?;
        writeln!(self.output, "Account {account}, standard {standard}, 15 January 2026, UTC\n")?;
        Ok(())
    }

    /// Something happened in the account.
    pub fn happened(&mut self, scene: &Scene) -> Result<(), CliError> {
        let headline = self.paint(BOLD, scene.headline);
        let aside = self.paint(FAINT, scene.aside);
        writeln!(self.output, "{}  {headline}", clock(scene.time))?;
        writeln!(self.output, "          {aside}")?;
        Ok(())
    }

    /// Something went wrong in the journey, which it should not in a demo.
    pub fn failures<'reason>(
        &mut self,
        reasons: impl Iterator<Item = &'reason String>,
    ) -> Result<(), CliError> {
        for reason in reasons {
            writeln!(self.output, "          could not be processed: {reason}")?;
        }
        Ok(())
    }

    /// What pullwatch said to it.
    pub fn answered(&mut self, now: Timestamp, told: &Told, shows: Shows) -> Result<(), CliError> {
        let time = clock(now);
        for finding in &told.findings {
            let FindingLine { status, role, check, .. } = FindingLine::of(finding);
            let color = if status == "FAILED" { RED } else { GREEN };
            let status = self.paint(color, status);
            writeln!(self.output, "{time}  -> Security Hub  {status}  {role}: {check}")?;
        }
        for alert in &told.alerts {
            let subject = self.paint(BOLD, &mail(alert).subject);
            writeln!(self.output, "{time}  -> e-mail        {subject}")?;
        }
        if told.findings.is_empty() && told.alerts.is_empty() {
            writeln!(self.output, "{time}  -> nothing new, so nobody is notified again")?;
        }
        writeln!(self.output)?;
        if shows == Shows::Everything {
            let failed = |finding: &&Value| finding["Compliance"]["Status"] == "FAILED";
            if let Some(finding) = told.findings.iter().find(failed) {
                let title =
                    "The finding, abridged; `pullwatch audit --format asff` prints all of one";
                self.indented(title, &abridged(finding))?;
            }
        }
        if shows != Shows::Summary {
            for alert in &told.alerts {
                let mail = mail(alert);
                self.indented(
                    "The e-mail, whole",
                    &format!("Subject: {}\n\n{}", mail.subject, mail.text),
                )?;
            }
        }
        Ok(())
    }

    /// What to do next.
    pub fn closing(&mut self) -> Result<(), CliError> {
        writeln!(self.output, "The same journey runs in the deployed functions. Next:")?;
        writeln!(self.output, "  pullwatch audit --snapshot DIR    check a saved account")?;
        writeln!(
            self.output,
            "  pullwatch check FILE…             check a policy before it is merged"
        )?;
        Ok(())
    }

    /// A text as it is sent, so that a mail of 78 columns fits on a terminal of 80.
    fn indented(&mut self, title: &str, text: &str) -> Result<(), CliError> {
        let rule = "─".repeat(77_usize.saturating_sub(title.chars().count()));
        let head = self.paint(FAINT, &format!("  {title} {rule}"));
        writeln!(self.output, "{head}\n")?;
        for line in text.trim_end().lines() {
            writeln!(self.output, "{}", format!("  {line}").trim_end())?;
        }
        let foot = self.paint(FAINT, &format!("  {}", "─".repeat(78)));
        writeln!(self.output, "\n{foot}\n")?;
        Ok(())
    }

    fn paint(&self, color: &str, text: &str) -> String {
        if self.is_coloured { format!("\u{1b}[{color}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

fn clock(time: Timestamp) -> String {
    time.strftime("%H:%M:%S").to_string()
}

/// The parts of a finding that a person looks at first.
fn abridged(finding: &Value) -> String {
    let shown = json!({
        "Id": finding["Id"],
        "Title": finding["Title"],
        "Description": finding["Description"],
        "Compliance": finding["Compliance"],
        "FindingProviderFields": finding["FindingProviderFields"],
        "RecordState": finding["RecordState"],
        "Remediation": finding["Remediation"],
        "Resources": finding["Resources"].as_array().into_iter().flatten()
            .map(|resource| json!({ "Type": resource["Type"], "Id": resource["Id"] }))
            .collect::<Vec<_>>(),
        "CreatedAt": finding["CreatedAt"],
        "UpdatedAt": finding["UpdatedAt"],
    });
    let Value::Object(fields) = shown else { return String::new() };
    let fields = fields.into_iter().filter(|(_, value)| !value.is_null()).collect();
    serde_json::to_string_pretty(&Value::Object(fields)).unwrap_or_default()
}
