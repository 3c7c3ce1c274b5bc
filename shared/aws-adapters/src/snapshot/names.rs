//! Names of AWS -> names of files. A file's name only helps to find it, for the name that counts
//! stands inside; so it may be shortened and changed, but it must stay in the folder and be its
//! own, also where the file system does not tell `a` from `A`.

use std::collections::BTreeSet;

/// How long a name may be before `.json` and a number: file systems take 255.
const LONGEST: usize = 200;

/// The names that are taken in one folder.
#[derive(Debug, Default)]
pub struct Names {
    taken: BTreeSet<String>,
}

impl Names {
    /// A name for what AWS calls so: itself where it can be, else with `_` for what a file system
    /// may not take, and a number where that is taken.
    pub fn unique(&mut self, name: &str) -> String {
        let plain = plain(name);
        let mut unique = plain.clone();
        let mut number = 1;
        while !self.taken.insert(unique.to_lowercase()) {
            number += 1;
            unique = format!("{plain}-{number}");
        }
        unique
    }
}

fn plain(name: &str) -> String {
    let letter = |letter: char| match letter {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' => letter,
        _ => '_',
    };
    let plain: String = name.chars().take(LONGEST).map(letter).collect();
    if plain.is_empty() { "_".to_owned() } else { plain }
}

/// The folders and the file, without `.json`, that a repository's name stands for. `None` for
/// what is no repository's name, or would take the place of another repository's file.
pub fn repository_path(name: &str) -> Option<Vec<&str>> {
    let is_plain = |segment: &&str| {
        let mut letters = segment.bytes();
        letters.next().is_some_and(|first| first.is_ascii_alphanumeric())
            && letters.all(|letter| letter.is_ascii_alphanumeric() || b"._-".contains(&letter))
            && segment.len() <= LONGEST
    };
    let segments: Vec<&str> = name.split('/').collect();
    let (_, folders) = segments.split_last()?;
    let is_apart = folders.iter().all(|folder| folder.strip_suffix(".json").is_none());
    (is_apart && segments.iter().all(is_plain)).then_some(segments)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_its_own_and_stays_in_the_folder() {
        let mut names = Names::default();
        for (name, file_name) in [
            ("workers", "workers"),
            ("Workers", "Workers-2"),
            ("workers-2", "workers-2-2"),
            ("..", "__"),
            ("../..", "_____"),
            ("/etc/passwd", "_etc_passwd"),
            ("a\\b", "a_b"),
            ("a/b", "a_b-2"),
            (".hidden", "_hidden"),
            ("", "_"),
            ("käse", "k_se"),
        ] {
            assert_eq!(names.unique(name), file_name, "{name}");
        }
        assert_eq!(names.unique(&"x".repeat(600)).len(), LONGEST);
    }

    #[test]
    fn a_repository_makes_folders_and_never_leaves_them() {
        assert_eq!(repository_path("team/a_b.c-d"), Some(vec!["team", "a_b.c-d"]));
        assert_eq!(repository_path("a.json"), Some(vec!["a.json"]));
        for name in ["", "/", "a/", "/a", "..", "a/../b", "a//b", ".a", "a\\b", "a.json/b", "a:b"] {
            assert_eq!(repository_path(name), None, "{name}");
        }
        assert_eq!(repository_path(&"x".repeat(256)), None);
    }
}
