//! The demo's command line: build a network, ask it, show what came back beside what only the demo can know.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser};
use protocol::amount::{NanoRho, RHO_MAX};
use question::QuestionError;
use question::template::{Template, shipped_templates};
use transport::shutdown::Shutdown;

use crate::actor;
use crate::ask::{Answered, Question, ask};
use crate::broom::{self, Broom};
use crate::error::DemoError;
use crate::exact::Exact;
use crate::network::{Network, RESEARCHER, Settings};
use crate::show;

/// Seconds before anything leaves a node of the demo.
const ANSWER_DELAY_S: f64 = 0.2;

/// A whole Cartally network on this machine: one coordinator and a node for each center, asked real questions.
#[derive(Debug, Parser)]
#[command(name = "demo", version)]
struct Options {
    /// A folder with one folder a center, each with one CSV file a table [default: the bundled EBMT data]
    #[arg(long)]
    centers: Option<PathBuf>,
    /// A template to ask; may be given several times [default: a count by age band, overall survival, the death rate]
    #[arg(long = "ask", value_name = "TEMPLATE")]
    asks: Vec<String>,
    /// A parameter of the --ask before it, KEY=VALUE: `by=age_band,product`, `clock=os`, `age=18..64`
    #[arg(long = "param", value_name = "KEY=VALUE")]
    params: Vec<String>,
    /// What you expect, for the preview of the --ask before it: `patients=2279`, `s12=0.74`
    #[arg(long = "expect", value_name = "KEY=VALUE")]
    expects: Vec<String>,
    /// Who sees which noisy numbers: local
    #[arg(long, default_value = "local", value_parser = ["local"])]
    mode: String,
    /// What each question may cost at each center
    #[arg(long, default_value = "0.05")]
    rho: String,
    /// Where figures and results are written
    #[arg(long, default_value = "out")]
    out: PathBuf,
    /// Write all results to this file as one JSON array
    #[arg(long)]
    json: Option<PathBuf>,
    /// Keep the network running until Ctrl-C
    #[arg(long)]
    serve: bool,
}

/// Runs the demo, or the program that the first argument selects.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    if args.get(1).is_some_and(|word| word == broom::WORD) {
        return broom::sweep(&args);
    }
    if let Some(ended) = actor::play(&args) {
        return ended;
    }
    let matches = match Options::command().try_get_matches_from(&args) {
        Ok(matches) => matches,
        Err(error) => {
            // Only a closed terminal can keep the message from being shown.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    match demo(&matches) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error[{}]: {error}", error.code());
            ExitCode::from(if matches!(error, DemoError::Usage(_)) {
                2
            } else {
                1
            })
        }
    }
}

fn demo(matches: &ArgMatches) -> Result<(), DemoError> {
    let options =
        Options::from_arg_matches(matches).map_err(|e| DemoError::Usage(e.to_string()))?;
    let questions = questions(matches, &options)?;
    must_be_askable(&questions)?;
    let rho: NanoRho = options
        .rho
        .parse()
        .map_err(|e| DemoError::Usage(format!("--rho {}: {e}", options.rho)))?;
    let centers = options.centers.clone().unwrap_or_else(bundled);
    let exact = Exact::read(&centers)?;
    std::fs::create_dir_all(&options.out).map_err(DemoError::file(&options.out))?;
    if let Some(parent) = options.json.as_deref().and_then(Path::parent) {
        std::fs::create_dir_all(parent).map_err(DemoError::file(parent))?;
    }
    let cap = cap_for(rho, questions.len())?;
    let executable = std::env::current_exe().map_err(DemoError::Start)?;
    let root = tempfile::Builder::new().prefix(broom::PREFIX).tempdir();
    let root = root.map_err(DemoError::Start)?;
    // Dropped after the network, so that everything has ended when it sweeps.
    let _broom = Broom::wait_beside(&executable, root.path())?;
    let mut out = std::io::stdout();
    let settings = Settings {
        executable,
        root: root.path().to_owned(),
        centers,
        answer_delay_s: ANSWER_DELAY_S,
        rho_cap: cap.to_string(),
    };
    show::begin(&mut out, cap)?;
    // A line of progress that cannot be written is not worth stopping for.
    let network = Network::start(settings, &mut |line| drop(writeln!(out, "  {line}")))?;
    let mut out = std::io::stdout();
    let mut answers = Vec::new();
    for (index, question) in questions.iter().enumerate() {
        let answered = ask(
            &network,
            question,
            &options.mode,
            &options.rho,
            &options.out,
            index + 1,
        )?;
        show::answer(&mut out, question, &answered, &exact)?;
        answers.push(answered);
    }
    if let Some(path) = &options.json {
        write_json(path, &answers)?;
    }
    let audit = network.cartally(&RESEARCHER, &["audit"])?;
    show::audited(&mut out, &audit.output)?;
    show::end(&mut out, &answers, &options.out)?;
    if options.serve {
        serve(&network, &mut out)
    } else {
        Ok(())
    }
}

/// Templates and parameters are looked at before anything is built, so that what was mistyped is said at once.
fn must_be_askable(questions: &[Question]) -> Result<(), DemoError> {
    let known = shipped_templates()?;
    for question in questions {
        let called =
            |k: &&Template| k.name == question.template || k.title_id() == question.template;
        let template = known.iter().find(called).ok_or_else(|| {
            let names: Vec<&str> = known.iter().map(|k| k.name.as_str()).collect();
            DemoError::Usage(format!(
                "no template is called {:?}; ask one of: {}",
                question.template,
                names.join(", ")
            ))
        })?;
        must_be_within_bounds(template, question)?;
    }
    Ok(())
}

fn must_be_within_bounds(template: &Template, question: &Question) -> Result<(), DemoError> {
    let wrong = |error: QuestionError| DemoError::Usage(error.to_string());
    let given = pairs("--param", &question.params)?;
    let parameters = template.bind(&given).map_err(wrong)?;
    let expected = pairs("--expect", &question.expect)?;
    let planning = template.planning(&parameters).with_expected(&expected);
    planning.map(drop).map_err(wrong)
}

fn pairs(option: &str, given: &[String]) -> Result<BTreeMap<String, String>, DemoError> {
    let mut pairs = BTreeMap::new();
    for text in given {
        let wrong = || DemoError::Usage(format!("{option} {text}: write KEY=VALUE, each key once"));
        let (key, value) = text.split_once('=').ok_or_else(wrong)?;
        let twice = pairs.insert(key.trim().to_owned(), value.trim().to_owned());
        if twice.is_some() {
            return Err(wrong());
        }
    }
    Ok(pairs)
}

/// What the demo's policies and templates allow, if any may allow so much.
fn cap_for(rho: NanoRho, questions: usize) -> Result<NanoRho, DemoError> {
    let cap = show::cap_for(rho, questions);
    if cap.rho() > RHO_MAX {
        return Err(DemoError::Usage(format!(
            "--rho {rho} for {questions} questions is {cap} at each center, and no cap may be above {RHO_MAX}; ask for less"
        )));
    }
    Ok(cap)
}

fn write_json(path: &Path, answers: &[Answered]) -> Result<(), DemoError> {
    let reports: Vec<_> = answers.iter().map(|answered| &answered.report).collect();
    let text =
        serde_json::to_string_pretty(&reports).map_err(|e| DemoError::Usage(e.to_string()))?;
    std::fs::write(path, text).map_err(DemoError::file(path))
}

/// Keeps the network running until the person has seen enough.
fn serve(network: &Network, out: &mut impl Write) -> Result<(), DemoError> {
    show::running(out, network)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let shutdown = Shutdown::new();
        shutdown.on_signals()?;
        shutdown.begun().await;
        Ok(())
    })
}

/// The data that ships with the demo.
fn bundled() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/data/ebmt4"))
}

/// Each `--ask` with the `--param` and `--expect` that stand between it and the next.
fn questions(matches: &ArgMatches, options: &Options) -> Result<Vec<Question>, DemoError> {
    if options.asks.is_empty() {
        return if options.params.is_empty() && options.expects.is_empty() {
            Ok(standard(options.centers.is_none()))
        } else {
            Err(DemoError::Usage(
                "--param and --expect belong to the --ask before them; give an --ask first".into(),
            ))
        };
    }
    let places = |option: &str| {
        matches
            .indices_of(option)
            .map(Iterator::collect::<Vec<_>>)
            .unwrap_or_default()
    };
    let starts = places("asks");
    let within = |option: &str, given: &[String], from: usize, to: usize| -> Vec<String> {
        let chosen = places(option)
            .into_iter()
            .zip(given)
            .filter(|(place, _)| (from..to).contains(place));
        chosen.map(|(_, text)| text.clone()).collect()
    };
    let first = starts.first().copied().unwrap_or_default();
    let early = places("params")
        .into_iter()
        .chain(places("expects"))
        .any(|place| place < first);
    if early {
        return Err(DemoError::Usage(
            "--param and --expect belong to the --ask before them".into(),
        ));
    }
    let ends = starts.iter().skip(1).copied().chain([usize::MAX]);
    let asked = options.asks.iter().zip(&starts).zip(ends);
    let question = |((template, from), to): ((&String, &usize), usize)| Question {
        template: template.clone(),
        params: within("params", &options.params, *from, to),
        expect: within("expects", &options.expects, *from, to),
    };
    Ok(asked.map(question).collect())
}

/// A count by age band, overall survival, the death rate. What is publicly known of the bundled data is expected of it.
fn standard(bundled: bool) -> Vec<Question> {
    let expect = |known: &[&str]| {
        if bundled {
            known.iter().map(|k| (*k).to_owned()).collect()
        } else {
            Vec::new()
        }
    };
    let question = |template: &str, param: &str, known: &[&str]| Question {
        template: template.into(),
        params: vec![param.into()],
        expect: expect(known),
    };
    vec![
        question("feasibility-count", "by=age_band", &["patients=2279"]),
        question("survival", "clock=os", &["patients=2279", "s12=0.74"]),
        question(
            "incidence-rate",
            "clock=os",
            &["patients=2279", "events=838", "person_years=10476"],
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(args: &[&str]) -> Result<Vec<Question>, DemoError> {
        let matches = Options::command()
            .try_get_matches_from([&["demo"], args].concat())
            .unwrap();
        questions(&matches, &Options::from_arg_matches(&matches).unwrap())
    }

    #[test]
    fn a_parameter_belongs_to_the_question_before_it() {
        let args = [
            "--ask",
            "survival",
            "--param",
            "clock=os",
            "--rho",
            "1",
            "--param",
            "by=age_band",
        ];
        let both = [
            &args[..],
            &["--ask", "feasibility-count", "--expect", "patients=9"],
        ]
        .concat();
        let questions = parsed(&both).unwrap();
        assert_eq!(questions[0].params, ["clock=os", "by=age_band"]);
        assert_eq!(
            (questions[1].params.len(), questions[1].expect.len()),
            (0, 1)
        );
    }

    #[test]
    fn a_parameter_before_any_question_is_refused() {
        assert!(parsed(&["--param", "clock=os"]).is_err());
        assert!(parsed(&["--param", "clock=os", "--ask", "survival"]).is_err());
    }

    #[test]
    fn without_options_three_questions_are_asked() {
        let templates: Vec<String> = parsed(&[])
            .unwrap()
            .into_iter()
            .map(|q| q.template)
            .collect();
        assert_eq!(
            templates,
            ["feasibility-count", "survival", "incidence-rate"]
        );
    }

    #[test]
    fn what_no_cap_may_allow_is_refused_before_anything_is_built() {
        let of = |rho: &str, questions| cap_for(rho.parse().unwrap(), questions);
        assert!(of("50", 2).is_ok() && of("100", 1).is_ok());
        assert_eq!(of("50", 3).unwrap_err().code(), "usage");
        assert!(of("0.000000001", 3).is_ok());
    }

    #[test]
    fn a_template_that_does_not_exist_is_said_before_anything_is_built() {
        assert!(must_be_askable(&parsed(&["--ask", "survival"]).unwrap()).is_ok());
        let refused = must_be_askable(&parsed(&["--ask", "survivl"]).unwrap()).unwrap_err();
        assert!(refused.to_string().contains("incidence-rate"), "{refused}");
    }
}
