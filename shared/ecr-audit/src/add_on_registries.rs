//! The registries from which AWS's own add-ons for EKS are pulled: one account in each region,
//! which admits every node.
//! <https://docs.aws.amazon.com/eks/latest/userguide/add-ons-images.html>

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

static REGISTRIES: LazyLock<AddOnRegistries> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../data/add_on_registries.json"))
        .expect("the embedded registries are of their own form; a test reads them")
});

/// The file: its source and date stand in it.
#[derive(Debug, Deserialize)]
struct AddOnRegistries {
    /// The accounts by region.
    accounts: BTreeMap<String, String>,
}

/// The account whose registry holds the add-ons of a region; none where AWS tells of none.
pub fn add_on_registry(region: &str) -> Option<&'static str> {
    REGISTRIES.accounts.get(region).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_has_its_account() {
        for (region, account) in [
            ("us-east-1", Some("602401143452")),
            ("af-south-1", Some("877085696533")),
            ("us-gov-west-1", Some("013241004608")),
            ("cn-north-1", Some("918309763551")),
            ("nowhere-1", None),
        ] {
            assert_eq!(add_on_registry(region), account, "{region}");
        }
        let is_account = |account: &String| {
            account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit())
        };
        assert!(REGISTRIES.accounts.values().all(is_account));
    }
}
