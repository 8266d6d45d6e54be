//! Do two parties mean the same by an answer's numbers? A digest of every cell's meaning and every part's noise.

use std::fmt::Write;

use protocol::ids::PlanDigest;
use ring::digest::{SHA256, digest};

use super::{Part, Plan};

/// Separates this hash from every other hash in the system.
const DOMAIN: &str = "cartally plan v1\n";

impl Plan {
    /// What the numbers of an answer mean: the label of every cell in order, and each part's form, clip and noise.
    ///
    /// A center whose dictionary orders its codes otherwise, or whose version knows other cells, has another digest, so that
    /// its numbers are never added to cells that mean something else.
    #[must_use]
    pub fn digest(&self) -> PlanDigest {
        let mut text = String::from(DOMAIN);
        for index in 0..self.layout.len() {
            let label = self.layout.label(index).unwrap_or_default();
            // Writing into a string cannot fail.
            let _ = writeln!(text, "cell {label}");
        }
        for part in &self.parts {
            let _ = writeln!(text, "{}", words(part));
        }
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
        PlanDigest::from_bytes(bytes)
    }
}

fn words(part: &Part) -> String {
    let sigma = part.noise().sigma().micro();
    match part {
        Part::Tally { tallies, cells, .. } => format!("tally {tallies} {cells} sigma {sigma}"),
        Part::PersonTime {
            clip_days,
            unit_days,
            cells,
            ..
        } => {
            format!("person-time {clip_days} {unit_days} {cells} sigma {sigma}")
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use protocol::amount::NanoRho;

    use super::*;
    use crate::dictionary::{Dictionary, SHIPPED_CSV};
    use crate::plan::plan;
    use crate::template::{Template, shipped_template};

    fn by_sex(rho: &str, csv: &str) -> PlanDigest {
        let dictionary = Dictionary::parse(csv).unwrap();
        let text = shipped_template("feasibility-count")
            .unwrap()
            .toml()
            .to_owned();
        let template = Template::parse_with(&text, &dictionary).unwrap();
        let parameters = template
            .bind(&BTreeMap::from([("by".into(), "sex".into())]))
            .unwrap();
        plan(
            &template,
            &parameters,
            rho.parse::<NanoRho>().unwrap(),
            &dictionary,
        )
        .unwrap()
        .digest()
    }

    #[test]
    fn a_dictionary_that_orders_its_codes_otherwise_has_another_digest() {
        let other = SHIPPED_CSV.replace("M|F|U", "F|M|U");
        assert_ne!(other, SHIPPED_CSV);
        assert_ne!(by_sex("0.05", &other), by_sex("0.05", SHIPPED_CSV));
    }

    #[test]
    fn the_digest_follows_the_noise_and_nothing_else_changes_it() {
        assert_eq!(by_sex("0.05", SHIPPED_CSV), by_sex("0.05", SHIPPED_CSV));
        assert_ne!(by_sex("0.05", SHIPPED_CSV), by_sex("0.1", SHIPPED_CSV));
    }
}
