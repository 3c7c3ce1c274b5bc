//! Words as a POSIX shell takes them.

use std::borrow::Cow;

/// A word, quoted where a shell would break it.
pub fn quoted(word: &str) -> String {
    // A NUL alone cannot be quoted; no name and no document of AWS holds one.
    let quoter = shlex::Quoter::new().allow_nul(true);
    quoter.quote(word).map_or_else(|_| word.to_owned(), Cow::into_owned)
}

/// The words of a command; none where a shell would wait for its end.
pub fn words(command: &str) -> Vec<String> {
    shlex::split(command).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_quoted_where_a_shell_would_break_it() {
        for (word, as_quoted) in [
            ("prod-workers", "prod-workers"),
            (
                "arn:aws:iam::111122223333:policy/NodeEcr",
                "arn:aws:iam::111122223333:policy/NodeEcr",
            ),
            (r#""; rm -rf"#, r#"'"; rm -rf'"#),
            (r#"{"Action":["ecr:PutImage"]}"#, r#"'{"Action":["ecr:PutImage"]}'"#),
            ("it's", r#""it's""#),
            ("", "''"),
        ] {
            assert_eq!(quoted(word), as_quoted);
        }
    }

    #[test]
    fn a_command_is_read_as_it_was_quoted() {
        let written = ["aws", "it's", "", r#""; rm -rf"#, r"a\b", "#", "a\nb", "prod-workers"];
        let command: Vec<String> = written.iter().map(|word| quoted(word)).collect();
        assert_eq!(words(&command.join(" ")), written);
    }
}
