//! Is a template in a file sound, and what would it do? `cartally template check`, which needs no home and no network.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use protocol::amount::NanoRho;
use question::Dictionary;
use question::template::Template;

use super::accuracy::{Asked, centers};
use super::{example, sections};
use crate::error::ClientError;
use crate::terminal::Terminal;
use crate::words::paragraph;

const SOUND: &str = "Sound: every name, bound and value in it fits the dictionary.\n";

/// What to check, and with which question to show it.
#[derive(Debug)]
pub(crate) struct Check {
    /// The template (TOML).
    pub(crate) file: PathBuf,
    /// Another dictionary (CSV) than the shipped one.
    pub(crate) dictionary: Option<PathBuf>,
    /// Parameters as typed.
    pub(crate) params: BTreeMap<String, String>,
    /// What is expected, in place of planning values.
    pub(crate) expect: BTreeMap<String, String>,
    /// The price, as typed.
    pub(crate) rho: Option<String>,
}

/// Reads the template and shows all that follows from it; an error says what is wrong with it.
pub(crate) fn check(check: &Check, terminal: &mut Terminal) -> Result<(), ClientError> {
    let dictionary = match &check.dictionary {
        Some(path) => Dictionary::parse(&text(path)?)?,
        None => Dictionary::shipped()?,
    };
    let template = Template::parse_with(&text(&check.file)?, &dictionary)?;
    Ok(terminal.line(shown(check, &template, &dictionary)?.trim_end())?)
}

fn text(path: &Path) -> Result<String, ClientError> {
    std::fs::read_to_string(path).map_err(ClientError::file(path))
}

/// Everything that is said of a sound template.
fn shown(
    check: &Check,
    template: &Template,
    dictionary: &Dictionary,
) -> Result<String, ClientError> {
    let asked = Asked {
        given: check.params.clone(),
        expect: check.expect.clone(),
        rho: rho(check, template)?,
        ..Asked::by_default(template, dictionary)
    };
    Ok([
        sections::title(template),
        SOUND.to_owned(),
        sections::of_question(&asked),
        sections::section("Synthetic example answer", &synthetic(&asked)?),
    ]
    .join("\n"))
}

/// The example, and that it is one.
fn synthetic(asked: &Asked<'_>) -> Result<String, ClientError> {
    let (_, planning) = asked.plan()?;
    let centers = centers(&planning);
    let what = format!(
        "SYNTHETIC: simulated once from the planning values, with the noise of {centers} centers. It comes from no patient's \
         data and says nothing about any; nobody is left out in it, and all strata are alike."
    );
    let answer = wrapped(&example::example(asked)?);
    Ok(format!("{}\n{answer}", paragraph("", "", &what)))
}

fn rho(check: &Check, template: &Template) -> Result<NanoRho, ClientError> {
    match &check.rho {
        Some(text) => text
            .parse()
            .map_err(|error| ClientError::Usage(format!("--rho {text}: {error}"))),
        None => Ok(template.privacy.rho_default),
    }
}

/// Sentences wrapped, lines of tables (which hold runs of spaces or rules) as they are.
fn wrapped(text: &str) -> String {
    let line = |line: &str| {
        if line.contains("  ") || line.contains('─') {
            format!("{line}\n")
        } else {
            paragraph("", "", line)
        }
    };
    text.lines().map(line).collect()
}

#[cfg(test)]
mod tests {
    use question::template::shipped_template;

    use super::*;
    use crate::template::in_words;

    fn checked(template: &Template, pairs: &[(&str, &str)]) -> Result<String, ClientError> {
        let check = Check {
            file: PathBuf::new(),
            dictionary: None,
            params: pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            expect: BTreeMap::new(),
            rho: None,
        };
        shown(&check, template, &Dictionary::shipped()?)
    }

    #[rstest::rstest]
    #[case("feasibility-count", &[])]
    #[case("survival", &[])]
    #[case("incidence-rate", &[])]
    #[case("survival", &[("by", "sex"), ("clock", "pfs"), ("age", "18..64")])]
    fn a_sound_template_is_shown_whole(#[case] name: &str, #[case] params: &[(&str, &str)]) {
        let shown = checked(&shipped_template(name).unwrap(), params).unwrap();
        let suffix = if params.is_empty() { "" } else { "-by-sex" };
        insta::assert_snapshot!(format!("check-{name}{suffix}"), shown);
    }

    #[test]
    fn nothing_is_wider_than_a_terminal() {
        for template in question::template::shipped_templates().unwrap() {
            let shown = checked(&template, &[("by", "product")]).unwrap();
            let wide = shown.lines().find(|line| line.chars().count() > 100);
            assert_eq!(wide, None, "{}", template.name);
        }
    }

    #[test]
    fn what_a_terminal_would_obey_is_written_out_in_every_text() {
        let toml = shipped_template("survival").unwrap().toml().to_owned();
        let toml = toml
            .replacen("title = \"", "title = \"\\u001b[2J\\nfake line ", 1)
            .replacen("How many of", "\\u202eHow\\u001b[8m many of", 1)
            .replacen("about = \"", "about = \"\\u001b]0;x\\u0007", 1);
        let template = Template::parse(&toml).unwrap();
        for shown in [checked(&template, &[]).unwrap(), in_words(&template)] {
            assert_eq!(transport::printable::printable(&shown), shown);
            assert!(!shown.contains("\nfake line"), "{shown}");
        }
    }

    #[rstest::rstest]
    #[case(&[("shoe", "42")], "parameter-unknown")]
    #[case(&[("age", "64..18")], "parameter-invalid")]
    #[case(&[("by", "disease,product")], "question-too-large")]
    fn a_question_that_cannot_be_asked_is_refused(
        #[case] params: &[(&str, &str)],
        #[case] code: &str,
    ) {
        let error = checked(&shipped_template("survival").unwrap(), params).unwrap_err();
        assert_eq!((error.code().as_str(), error.exit_code()), (code, 1));
    }

    #[test]
    fn a_template_in_words_says_what_a_committee_decides_on() {
        let words = in_words(&shipped_template("incidence-rate").unwrap());
        for said in [
            "first events come in 100 years",
            "first infusion of each patient",
            "any, or within 0 to 120 years; default any",
            "183 units of 30 days",
            "by default",
            "at most",
            "rate_per_100_person_years",
        ] {
            assert!(words.contains(said), "{said}\n{words}");
        }
        assert!(!words.contains("SYNTHETIC"));
    }

    #[test]
    fn the_template_in_the_documentation_is_sound_and_shows_every_field() {
        let page = include_str!("../../../docs/templates.md");
        let toml = page.split("```toml\n").nth(1).unwrap();
        let toml = toml.split("```").next().unwrap();
        let template = Template::parse(toml).unwrap();
        assert!(checked(&template, &[]).is_ok());
        let table: toml::Table = toml.parse().unwrap();
        for shipped in question::template::shipped_templates().unwrap() {
            for key in shipped.toml().parse::<toml::Table>().unwrap().keys() {
                assert!(table.contains_key(key), "{key}");
            }
        }
    }

    #[test]
    fn the_documented_changes_read_as_they_are_shown() {
        let page = include_str!("../../../docs/templates.md");
        let old = shipped_template("survival").unwrap();
        let toml = [
            ("\"1.0.0\"", "\"1.1.0\""),
            ("max = 120", "max = 90"),
            ("rho_max = 0.2", "rho_max = 0.5"),
        ]
        .iter()
        .fold(old.toml().to_owned(), |toml, (from, to)| {
            toml.replacen(from, to, 1)
        });
        let changes = crate::template::differences(&old, &Template::parse(&toml).unwrap());
        for line in crate::words::changes_in_words(&changes).lines() {
            assert!(page.contains(&format!("    {line}\n")), "{line}");
        }
    }
}
