//! How certain it is that what a role may do is granted at all, and always.

use crate::permissions::Access;

/// How far an answer can be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certainty {
    /// It is as the answer says.
    Certain,
    /// Something is granted on a condition for certain. That it is always granted is not.
    PerhapsAlways,
    /// Perhaps nothing is granted.
    Perhaps,
}

impl Certainty {
    /// Of an answer that may be an upper bound, and the least that it can be, if that is anything.
    pub const fn of(is_upper_bound: bool, at_least: Option<Access>) -> Self {
        match (is_upper_bound, at_least) {
            (false, _) => Self::Certain,
            (true, Some(Access::Conditional | Access::Allowed)) => Self::PerhapsAlways,
            (true, Some(Access::Denied) | None) => Self::Perhaps,
        }
    }

    /// An answer that is so certain: `allowed`, `at most conditional`.
    pub const fn told(self, access: Access) -> &'static str {
        match (self, access) {
            (_, Access::Denied) => "denied",
            (Self::Certain, Access::Allowed) => "allowed",
            (Self::Certain, Access::Conditional) => "conditional",
            (Self::PerhapsAlways, _) => "conditional, perhaps always",
            (Self::Perhaps, Access::Allowed) => "at most allowed",
            (Self::Perhaps, Access::Conditional) => "at most conditional",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_told_as_certain_as_it_is() {
        use Access::{Allowed, Conditional, Denied};
        for (access, is_upper_bound, at_least, told) in [
            (Allowed, false, None, "allowed"),
            (Conditional, false, None, "conditional"),
            (Denied, false, None, "denied"),
            (Allowed, true, None, "at most allowed"),
            (Conditional, true, None, "at most conditional"),
            (Allowed, true, Some(Conditional), "conditional, perhaps always"),
        ] {
            assert_eq!(Certainty::of(is_upper_bound, at_least).told(access), told);
        }
    }
}
