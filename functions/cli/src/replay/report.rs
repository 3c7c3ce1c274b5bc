//! What became of a replay.

use std::collections::BTreeSet;
use std::io::Write;

use ecr_audit::arn::RoleArn;
use ecr_audit::journey::Handled;
use ecr_audit::mail::{digest, mail};
use ecr_audit::message::{alert_message, digest_message};
use serde::Serialize;
use serde_json::{Value, json};

use crate::error::CliError;
use crate::output::{self, Format};
use memory_adapters::World;

/// What became of a replay, in the design's form. Further keys: what failed, sweeps that were
/// asked for, digests and lines to the operators.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// Every role that the events led to.
    pub assessed: BTreeSet<RoleArn>,
    /// The events that were let go.
    pub ignored: Vec<Value>,
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
    pub fn handled(&mut self, handled: Handled) {
        self.assessed.extend(handled.assessed);
        for (event, error) in handled.failed {
            self.failed(&event, &error);
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
        for role_arn in &self.assessed {
            writeln!(output, "assessed  {role_arn}")?;
        }
        for event in &self.ignored {
            writeln!(output, "let go    {}: {}", text(event, "event"), text(event, "why"))?;
        }
        for event in &self.failed {
            writeln!(output, "failed    {}: {}", text(event, "event"), text(event, "error"))?;
        }
        for reason in &self.sweeps {
            writeln!(output, "swept     {reason}")?;
        }
        for finding in &self.findings {
            let status = text(&finding["Compliance"], "Status");
            writeln!(output, "finding   {status}  {}", text(finding, "Title"))?;
        }
        for line in &self.operators {
            writeln!(output, "operators {}: {}", text(line, "subject"), text(line, "text"))?;
        }
        for alert in self.alerts.iter().chain(&self.digests) {
            writeln!(output, "\nSubject: {}\n\n{}", text(alert, "subject"), text(alert, "text"))?;
        }
        Ok(())
    }
}
