//! What does a person at the center read before deciding on a query? What is asked, by whom, in which study, at which price,
//! and never a number that depends on the rows.

use std::collections::BTreeMap;
use std::io::Write;

use jiff::Timestamp;
use protocol::amount::NanoRho;
use protocol::documents::{Query, RefusalReason, Researcher, Study};
use protocol::envelope::Envelope;
use protocol::ids::DocumentId;
use protocol::verify::{Asked, Governance};
use question::template::{Template, describe};
use transport::printable::printable_line;

use super::{Answerer, Circumstances, price};
use crate::day;
use crate::error::NodeError;
use crate::ledger::Caps;
use crate::policy::{Decision, Policy, Unapproved};

/// A query that waits for a person.
#[derive(Debug, Clone)]
pub struct Pending {
    /// The query's document id.
    pub id: DocumentId,
    /// The query.
    pub query: Query,
    /// Who asks, if a researcher of the study signed it.
    pub researcher: Option<Researcher>,
    /// The study, if the committee ever decided on it.
    pub study: Option<Study>,
    /// What the center's own review board has to do with it, in words.
    pub review_board: String,
    /// The template's title.
    pub template: Option<String>,
    /// The question in words.
    pub words: Option<String>,
    /// What answering costs and would leave, if the question can be priced.
    pub price: Option<Price>,
    /// Why it would be refused if it were approved as things stand.
    pub refusal: Option<RefusalReason>,
}

/// What answering costs this center.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Price {
    /// The charge; nothing if the question was answered before.
    pub cost: NanoRho,
    /// What of the year's and the lifetime's caps is left now.
    pub now: Left,
    /// What would be left after it.
    pub after: Left,
}

/// What is left of the center's caps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    /// Of any 365 days.
    pub year: NanoRho,
    /// Of all time.
    pub lifetime: NanoRho,
}

impl Answerer {
    /// What a person reads before deciding on `query`.
    ///
    /// # Errors
    /// It is no query, or policy or ledger cannot be read.
    pub fn pending(&self, query: &Envelope, on: Circumstances<'_>) -> Result<Pending, NodeError> {
        let (id, now) = (query.id(), on.clock.now());
        let asked: Query = query
            .parse_unverified()
            .map_err(|error| NodeError::network("pending.unreadable", &error))?;
        let governance = self.current(on.governance);
        let policy = Policy::load(&self.data.policy())?;
        let study = governance.past_study(&asked.study).cloned();
        let researcher = study.as_ref().and_then(|study| signer(study, query));
        let template = governance
            .template(&asked.question.template)
            .and_then(|document| Template::parse_with(&document.template, &self.dictionary).ok());
        let parameters = template
            .as_ref()
            .and_then(|template| template.bind(&asked.question.parameters).ok());
        let words = template
            .as_ref()
            .zip(parameters.as_ref())
            .map(|(template, parameters)| describe(template, parameters));
        let judged = self.judged(query, &governance, &policy, now);
        Ok(Pending {
            id,
            price: self.price_of(&asked, judged.as_ref().ok(), policy.caps(), now)?,
            refusal: judged.err(),
            review_board: review_board(&policy, study.as_ref(), now),
            template: template.map(|template| template.title),
            query: asked,
            researcher,
            study,
            words,
        })
    }

    /// Everything that a yes would be followed by, short of the ledger's word: the cost of the question.
    fn judged(
        &self,
        query: &Envelope,
        governance: &Governance,
        policy: &Policy,
        now: Timestamp,
    ) -> Result<NanoRho, RefusalReason> {
        let asked = Asked {
            center: &self.config.center,
            signing_key: self.key.public(),
            now,
        };
        let authorised = self.authorised(query, governance, asked)?;
        let (template, plan) = self.plan(&authorised)?;
        let cost = price(&plan, authorised.query.question.rho)?;
        let (study, researcher) = (&authorised.study.name, &authorised.researcher.id);
        let ruling = policy.ruling(study.as_str(), &template.name, researcher.as_str());
        match ruling.decision {
            Decision::Automatic | Decision::Person => {}
            Decision::Refuse => return Err(RefusalReason::PolicyRefuses),
        }
        match policy.review_board(study.as_str(), day::today(now)) {
            Ok(_) => Ok(cost),
            Err(Unapproved::NoNumber | Unapproved::Expired { .. }) => {
                Err(RefusalReason::ReviewBoard)
            }
        }
    }

    fn price_of(
        &self,
        query: &Query,
        cost: Option<&NanoRho>,
        caps: &Caps,
        now: Timestamp,
    ) -> Result<Option<Price>, NodeError> {
        let Some(cost) = cost.copied() else {
            return Ok(None);
        };
        let was_answered = self.ledger.stored_answer(query.question.id())?.is_some();
        let cost = if was_answered {
            NanoRho::from_nano(0)
        } else {
            cost
        };
        let spent = self.ledger.spent(now)?;
        let left = |more: NanoRho| Left {
            year: caps.year.minus(spent.year.plus(more)),
            lifetime: caps.lifetime.minus(spent.lifetime.plus(more)),
        };
        Ok(Some(Price {
            cost,
            now: left(NanoRho::from_nano(0)),
            after: left(cost),
        }))
    }
}

/// The researcher of the study who signed the query.
fn signer(study: &Study, query: &Envelope) -> Option<Researcher> {
    let signers = query.signers(&study.researcher_keys());
    let mut researchers = study.researchers.iter();
    researchers
        .find(|researcher| signers.contains(&researcher.key))
        .cloned()
}

fn review_board(policy: &Policy, study: Option<&Study>, now: Timestamp) -> String {
    let Some(study) = study else {
        return String::new();
    };
    match policy.review_board(study.name.as_str(), day::today(now)) {
        Ok(Some(approval)) => format!("number {}, until {}", approval.number, approval.expires),
        Ok(None) => "policy.toml names no number that holds, and requires none".to_owned(),
        Err(unapproved) => unapproved.sentence(study.name.as_str()),
    }
}

impl Pending {
    /// Writes it for people. What others wrote cannot move the cursor or begin a line.
    pub fn write(&self, out: &mut dyn Write) -> std::io::Result<()> {
        let mut line = |name: &str, text: &str| writeln!(out, "{name:<13}{}", printable_line(text));
        line("query", &format!("{} ({})", self.id.short(), self.id))?;
        line("asked by", &self.asked_by())?;
        self.write_study(&mut line)?;
        line(
            "question",
            self.template
                .as_deref()
                .unwrap_or("a template that this node cannot read"),
        )?;
        line(
            "",
            self.words
                .as_deref()
                .unwrap_or("with parameters that this node cannot read"),
        )?;
        line("parameters", &in_one_line(&self.query.question.parameters))?;
        line("lock date", &self.query.question.lock_date.to_string())?;
        match &self.price {
            Some(price) => price.write(&mut line)?,
            None => line(
                "cost",
                &format!("at most {}", amount(self.query.question.rho)),
            )?,
        }
        line("deadline", &format!("{:.0}", self.query.deadline))?;
        match self.refusal {
            None => Ok(()),
            Some(reason) => line(
                "note",
                &format!("as things stand it would be refused: {}", reason.sentence()),
            ),
        }
    }

    fn asked_by(&self) -> String {
        self.researcher.as_ref().map_or_else(
            || "nobody whom the study names".to_owned(),
            |researcher| format!("{} ({})", researcher.name, researcher.id),
        )
    }

    fn write_study(
        &self,
        line: &mut impl FnMut(&str, &str) -> std::io::Result<()>,
    ) -> std::io::Result<()> {
        let Some(study) = &self.study else {
            return line("study", "none that the committee decided on");
        };
        line(
            "study",
            &format!("{}, version {}", study.name, study.version),
        )?;
        line("", &study.purpose)?;
        for (name, text) in [
            ("protocol", &study.protocol_reference),
            ("ethics", &study.ethics_reference),
            ("review board", &self.review_board),
        ] {
            if !text.is_empty() {
                line(name, text)?;
            }
        }
        Ok(())
    }
}

impl Price {
    fn write(
        &self,
        line: &mut impl FnMut(&str, &str) -> std::io::Result<()>,
    ) -> std::io::Result<()> {
        if self.cost == NanoRho::from_nano(0) {
            return line("cost", "nothing: the question was answered before");
        }
        line("cost", &amount(self.cost))?;
        let would = |what: &str, now: NanoRho, after: NanoRho| {
            format!(
                "rho {} of the {} that are left {what}",
                shown(after),
                shown(now)
            )
        };
        line(
            "would leave",
            &would("of 365 days", self.now.year, self.after.year),
        )?;
        line(
            "",
            &would("of all time", self.now.lifetime, self.after.lifetime),
        )
    }
}

fn amount(rho: NanoRho) -> String {
    let epsilon = rho.epsilon();
    format!("rho {} (epsilon {epsilon:.2} at delta 1e-6)", shown(rho))
}

/// Four digits are enough to decide by; less than they show is written out.
fn shown(rho: NanoRho) -> String {
    let rounded = format!("{:.4}", rho.rho());
    let short = rounded.trim_end_matches('0').trim_end_matches('.');
    if short == "0" {
        rho.to_string()
    } else {
        short.to_owned()
    }
}

fn in_one_line(parameters: &BTreeMap<String, String>) -> String {
    let each = parameters
        .iter()
        .map(|(name, value)| format!("{name}={value}"));
    let all: Vec<String> = each.collect();
    if all.is_empty() {
        "none".to_owned()
    } else {
        all.join(", ")
    }
}
