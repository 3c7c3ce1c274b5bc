//! A call that AWS did not answer -> what whoever is at the desk can do about it.

use ecr_audit::error::PortError;

use crate::error::CliError;

/// What the SDK puts around its words on credentials.
const NOISE: &[&str] = &[
    "dispatch failure: other: ",
    "the credential provider was not enabled: ",
    "an error occurred while loading credentials: ",
];

/// Signs, in the words of AWS and its SDK, with what to do; the first that is found counts.
const ADVICE: &[(&[&str], &str)] = &[
    (
        &["ExpiredToken", "RequestExpired", "token has expired", "session has expired"],
        "the credentials have expired: run `aws sso login`, or renew them where you got them",
    ),
    (
        &["credentials-login"],
        "pullwatch cannot use what `aws login` left: hand it on with \
         `eval \"$(aws configure export-credentials --format env)\"`",
    ),
    (
        &["credential", "SSO token", "profile `"],
        "there are no credentials that can be used: run `aws sso login`, set AWS_PROFILE, or set \
         AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    ),
    (
        &[
            "InvalidClientTokenId",
            "UnrecognizedClientException",
            "AuthFailure",
            "SignatureDoesNotMatch",
            "IncompleteSignature",
        ],
        "AWS does not know the credentials: run `aws sts get-caller-identity` to see whose they \
         are, or set AWS_PROFILE; outside of AWS's main partition, set AWS_REGION",
    ),
    (
        &["Subscription already exists with different attributes"],
        "it is subscribed already, with another filter: change that one's FilterPolicy with `aws \
         sns set-subscription-attributes`, or end it with `aws sns unsubscribe`; one that was \
         never confirmed ends by itself after two days",
    ),
    (
        &["sns:Subscribe cannot be answered: NotFound"],
        "there is no such topic: the stack's output AlertTopicArn names it",
    ),
    (
        &["AuthorizationError"],
        "the credentials may not make this call: finding the topic takes sns:ListTopics, which \
         --topic-arn does without, and subscribing takes sns:Subscribe",
    ),
    (
        &["AccessDenied", "UnauthorizedOperation"],
        "the credentials may not make this call: name the regions with --region, or use a role \
         with AWS's policy ReadOnlyAccess",
    ),
    (
        &["dispatch failure", "timeout", "timed out"],
        "AWS was not reached: is there a network, a proxy, or an AWS_ENDPOINT_URL that leads \
         nowhere?",
    ),
];

/// What to do about calls that were denied while the others were answered.
pub const ADVICE_ON_DENIED: &str = "some calls were denied, so the account is not read whole: \
     AWS's policy ReadOnlyAccess allows all of them, and --region leaves out regions that nobody \
     may use";

/// What to do about a call that the whole command hangs on.
fn advice(error: &PortError) -> &'static str {
    let text = error.to_string();
    let fits = |(signs, _): &&(&[&str], &str)| signs.iter().any(|sign| text.contains(sign));
    ADVICE.iter().find(fits).map_or("try again", |(_, advice)| advice)
}

/// The end of a command that hangs on a call that failed.
#[expect(clippy::needless_pass_by_value, reason = "an error ends here")]
pub fn refused(error: PortError) -> CliError {
    CliError::Aws { said: in_brief(&error), advice: advice(&error) }
}

/// The error in one line. Of the places where the SDK looked for credentials, only a profile that
/// cannot be used is worth telling.
fn in_brief(error: &PortError) -> String {
    let mut text = error.to_string();
    for noise in NOISE {
        text = text.replace(noise, "");
    }
    let Some((said, attempts)) = text.split_once(" Attempted:") else { return text };
    let said = said.trim_end_matches('.');
    let profile = attempts.lines().find_map(|line| line.trim().strip_prefix("Profile: "));
    match profile.filter(|reason| reason.starts_with("profile `")) {
        Some(reason) => format!("{said}: {reason}"),
        None => said.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_credentials_were_looked_for_is_told_in_one_line() {
        let chain = |profile: &str| {
            let none = "the credential provider was not enabled: ";
            let reason = format!(
                "dispatch failure: other: {none}no credentials found in chain. Attempted:\n  \
                 Environment: {none}environment variable not set\n  Profile: {profile}"
            );
            in_brief(&PortError::transient("sts:GetCallerIdentity", reason))
        };
        let said = "sts:GetCallerIdentity did not answer: no credentials found in chain";
        assert_eq!(chain("the credential provider was not enabled"), said);
        let profile = "profile `nope` was not defined";
        let with_profile = chain(&format!("the credential provider was not enabled: {profile}"));
        assert_eq!(with_profile, format!("{said}: {profile}"));
    }

    #[test]
    fn each_refusal_has_its_advice() {
        let answered = |code: &str| PortError::answered("sts:GetCallerIdentity", 403, code, "Why.");
        for (error, word) in [
            (answered("ExpiredToken"), "aws sso login"),
            (answered("InvalidClientTokenId"), "get-caller-identity"),
            (answered("AccessDenied"), "ReadOnlyAccess"),
            (answered("UnauthorizedOperation"), "--region"),
            (answered("Throttling"), "try again"),
            (
                PortError::transient(
                    "sts:GetCallerIdentity",
                    "the `credentials-login` feature must be enabled",
                ),
                "export-credentials",
            ),
            (
                PortError::transient(
                    "sts:GetCallerIdentity",
                    "dispatch failure: other: no credentials found in chain",
                ),
                "AWS_PROFILE",
            ),
            (
                PortError::transient("sts:GetCallerIdentity", "dispatch failure: io error"),
                "AWS_ENDPOINT_URL",
            ),
        ] {
            assert!(advice(&error).contains(word), "{error}: {}", advice(&error));
        }
    }
}
