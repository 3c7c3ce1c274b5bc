//! What became of a replay.

use std::collections::BTreeSet;
use std::io::Write;

use ecr_audit::arn::RoleArn;
use ecr_audit::change::Change;
use ecr_audit::journey::{Arrival, Handled};
use ecr_audit::mail::{digest, mail};
use ecr_audit::message::{alert_message, digest_message};
use serde::Serialize;
use serde_json::{Value, json};

use crate::error::CliError;
use crate::finding::FindingLine;
use crate::output::{self, Format};
use crate::paragraph::{self, escaped};
use memory_adapters::World;

/// What became of a replay, in the design's form. Further keys: events that led to no node role,
/// what failed, sweeps that were asked for, digests and lines to the operators.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// Every role that the events led to.
    pub assessed: BTreeSet<RoleArn>,
    /// The events that were let go.
    pub ignored: Vec<Value>,
    /// The events that were followed and led to no node role.
    pub led_nowhere: Vec<Value>,
    /// The events that would have come again, until they are dead-lettered.
    pub failed: Vec<Value>,
    /// Why a sweep was asked for.
    pub sweeps: Vec<String>,
    findings: Vec<Value>,
    alerts: Vec<Value>,
    digests: Vec<Value>,
    operators: Vec<Value>,
}

impl Report {
    /// An event is let go.
    pub fn ignored(&mut self, event: &str, why: &str) {
        self.ignored.push(json!({ "event": event, "why": why }));
    }

    /// An event could not be followed.
    pub fn failed(&mut self, event: &str, error: &str) {
        self.failed.push(json!({ "event": event, "error": error }));
    }

    /// The batch was handled.
    pub fn handled(&mut self, handled: Handled, arrivals: &[Arrival]) {
        self.assessed.extend(handled.assessed);
        for (event, error) in handled.failed {
            self.failed(&event, &error);
        }
        for arrival in arrivals {
            let is_unclear = arrival
                .changes
                .iter()
                .any(|reported| matches!(reported.change, Change::Unclear { .. }));
            // What is unclear led to a sweep.
            if handled.led_nowhere.contains(&arrival.message_id) && !is_unclear {
                let event = &arrival.message_id;
                self.led_nowhere.push(json!({ "event": event, "why": "it touches no node role" }));
            }
        }
    }

    /// Takes over what the world was told.
    pub fn collect(&mut self, world: &World) {
        self.findings = world.findings();
        self.alerts = (world.topics.alerts().iter())
            .map(|alert| {
                let (mail, message) = (mail(alert), alert_message(alert));
                json!({
                    "subject": mail.subject,
                    "text": mail.text,
                    "attributes": message.attributes,
                })
            })
            .collect();
        self.digests = (world.topics.digests().iter())
            .map(|told| {
                let mail = digest(&told.owner, &told.alerts);
                let message = digest_message(&told.owner, &told.alerts);
                json!({
                    "subject": mail.subject,
                    "text": mail.text,
                    "attributes": message.attributes,
                })
            })
            .collect();
        let lines = world.topics.operators_lines().into_iter();
        self.operators =
            lines.map(|line| json!({ "subject": line.subject, "text": line.text })).collect();
    }

    /// 2 where an event could not be followed.
    pub fn status(&self) -> u8 {
        if self.failed.is_empty() { 0 } else { 2 }
    }

    /// Writes it.
    pub fn write(&self, format: Format, output: &mut dyn Write) -> Result<(), CliError> {
        if format == Format::Json {
            return output::json(output, self);
        }
        let text = |value: &Value, field: &str| value[field].as_str().unwrap_or("").to_owned();
        let with = |value: &Value, field: &str| text(value, "event") + ": " + &text(value, field);
        for role_arn in &self.assessed {
            paragraph::write(output, "assessed   ", &role_arn.to_string())?;
        }
        for event in &self.led_nowhere {
            paragraph::write(output, "no role    ", &with(event, "why"))?;
        }
        for event in &self.ignored {
            paragraph::write(output, "let go     ", &with(event, "why"))?;
        }
        for event in &self.failed {
            paragraph::write(output, "failed     ", &with(event, "error"))?;
        }
        for reason in &self.sweeps {
            paragraph::write(output, "swept      ", reason)?;
        }
        self.write_findings(output)?;
        for line in &self.operators {
            let told = text(line, "subject") + ": " + &text(line, "text");
            paragraph::write(output, "operators  ", &told)?;
        }
        for alert in self.alerts.iter().chain(&self.digests) {
            writeln!(output, "\nSubject: {}\n", escaped(&text(alert, "subject")))?;
            for line in text(alert, "text").lines() {
                writeln!(output, "{}", escaped(line))?;
            }
        }
        Ok(())
    }

    /// A line for each, in columns.
    fn write_findings(&self, output: &mut dyn Write) -> Result<(), CliError> {
        let lines: Vec<FindingLine<'_>> = self.findings.iter().map(FindingLine::of).collect();
        let status = |line: &FindingLine<'_>| format!("{} {}", line.status, line.severity);
        let widest = |column: fn(&FindingLine<'_>) -> usize| lines.iter().map(column).max();
        let for_status = widest(|line| line.status.len() + 1 + line.severity.len()).unwrap_or(0);
        let for_role = widest(|line| line.role.chars().count()).unwrap_or(0);
        for line in &lines {
            let (status, role, check) = (status(line), line.role, line.check);
            let columns = format!("{status:<for_status$}  {role:<for_role$}  {check}");
            writeln!(output, "finding    {}", escaped(&columns))?;
        }
        Ok(())
    }
}
