//! What templates promise.

use proptest::prelude::*;

use super::*;

fn given(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn survival() -> Template {
    shipped_template("survival").unwrap()
}

fn changed(from: &str, to: &str) -> String {
    let toml = survival().toml().to_owned();
    assert!(toml.contains(from), "{from}");
    toml.replacen(from, to, 1)
}

#[test]
fn every_shipped_template_can_be_asked_without_any_parameter() {
    for template in shipped_templates().unwrap() {
        let parameters = template.bind(&BTreeMap::new()).unwrap();
        assert_eq!(parameters.canonical().len(), template.parameters.len());
        assert!(!describe(&template, &parameters).is_empty());
        assert!(template.planning(&parameters).patients > 0.0);
    }
}

#[rstest::rstest]
#[case(&[("by", "product,age_band")], &[("by", " age_band , product,product")])]
#[case(&[("by", "")], &[])]
#[case(&[("product", "axi_cel|tisa_cel")], &[("product", "tisa_cel, axi_cel|axi_cel")])]
#[case(&[("age", "18..")], &[("age", "018 .. 120")])]
#[case(&[("age", "..64")], &[("age", "0..64")])]
#[case(&[("age", "50")], &[("age", "50..50")])]
#[case(&[("infused", "2019..2025")], &[("infused", "2019-01-01..2025-12-31")])]
#[case(&[("infused", "2024-02")], &[("infused", "2024-02-01..2024-02-29")])]
#[case(&[("infused", "2019-05-01..")], &[("infused", "2019-05..2060")])]
fn equivalent_spellings_give_equal_parameters(
    #[case] one: &[(&str, &str)],
    #[case] other: &[(&str, &str)],
) {
    let template = survival();
    assert_eq!(
        template.bind(&given(one)).unwrap(),
        template.bind(&given(other)).unwrap()
    );
}

#[rstest::rstest]
#[case(
    "color",
    "red",
    "parameter-unknown",
    "it knows age, by, clock, disease, infused, product, setting"
)]
#[case("by", "shoe_size", "parameter-invalid", "separated by commas")]
#[case(
    "by",
    "sex,product,age_band",
    "parameter-invalid",
    "at most 2 variables"
)]
#[case("by", "sex,,product", "parameter-invalid", "separated by commas")]
#[case("clock", "dfs", "parameter-invalid", "choose one of os, pfs")]
#[case(
    "product",
    "axi_cel|nothing",
    "parameter-invalid",
    "choose any or from tisa_cel|axi_cel"
)]
#[case("product", "", "parameter-invalid", "choose any or from")]
#[case(
    "product",
    "axi_cel') OR ('1'='1",
    "parameter-invalid",
    "choose any or from"
)]
#[case("age", "64..18", "parameter-invalid", "LOW..HIGH within 0..120 years")]
#[case("age", "18..121", "parameter-invalid", "LOW..HIGH")]
#[case("age", "-1..5", "parameter-invalid", "LOW..HIGH")]
#[case("age", "1e3", "parameter-invalid", "LOW..HIGH")]
#[case("age", "99999999999999999999", "parameter-invalid", "LOW..HIGH")]
#[case("age", "", "parameter-invalid", "LOW..HIGH")]
#[case(
    "infused",
    "2019-02-30..2020",
    "parameter-invalid",
    "FROM..TO within 1980-01-01..2060-12-31"
)]
#[case("infused", "1979..2020", "parameter-invalid", "FROM..TO")]
#[case("infused", "yesterday", "parameter-invalid", "FROM..TO")]
fn a_parameter_out_of_bounds_is_refused_with_what_would_do(
    #[case] name: &str,
    #[case] value: &str,
    #[case] code: &str,
    #[case] words: &str,
) {
    let error = survival().bind(&given(&[(name, value)])).unwrap_err();
    assert_eq!(error.code(), code);
    assert!(error.to_string().contains(words), "{error}");
}

#[test]
fn a_value_longer_than_the_limit_is_refused_and_not_echoed_whole() {
    let at_limit = " ".repeat(crate::limits::PARAMETER_BYTES_MAX - 2) + "os";
    assert!(survival().bind(&given(&[("clock", &at_limit)])).is_ok());
    let error = survival()
        .bind(&given(&[("clock", &format!(" {at_limit}"))]))
        .unwrap_err();
    assert!(error.to_string().len() < 200, "{error}");
}

#[rstest::rstest]
#[case(
    "version = \"1.0.0\"",
    "version = \"1\"",
    "version must be three numbers"
)]
#[case(
    "name = \"survival\"",
    "name = \"Survival!\"",
    "name must be lower-case"
)]
#[case(
    "title = \"Survival after infusion\"",
    "title = \" \"",
    "title and text"
)]
#[case("title = ", "colour = \"red\"\ntitle = ", "unknown field `colour`")]
#[case(
    "index = \"first_infusion\"",
    "index = \"everything\"",
    "unknown variant"
)]
#[case("kind = \"survival\"", "kind = \"mean\"", "unknown variant `mean`")]
#[case(
    "grid_months = [1, 2,",
    "grid_months = [1, 1,",
    "grid_months must rise"
)]
#[case(
    "grid_months = [1, 2,",
    "grid_months = [0, 2,",
    "grid_months must rise"
)]
#[case("120, 180]", "120, 601]", "at most 600")]
#[case(
    "of = [\"os\", \"pfs\"]",
    "of = [\"os\", \"dfs\"]",
    "there is no clock dfs"
)]
#[case(
    "[parameters.clock]",
    "[parameters.watch]",
    "the parameter \"watch\" has the wrong name"
)]
#[case(
    "of = [\"age_band\", ",
    "of = [\"age_band\", \"shoe_size\", ",
    "there is no variable shoe_size"
)]
#[case(
    "variable = \"product\"",
    "variable = \"ecog\"",
    "filter it with kind = \"range\""
)]
#[case(
    "variable = \"age\"",
    "variable = \"weight\"",
    "there is no number weight"
)]
#[case("max = 120", "max = 150", "must lie within 0 and 120")]
#[case("min = \"1980-01-01\"", "min = \"1980\"", "two days YYYY-MM-DD")]
#[case("default = \"os\"", "default = \"dfs\"", "a default does not fit")]
#[case("patients = 300", "patients = 0", "patients must be above 0")]
#[case("patients = 300\n", "", "planning needs patients")]
#[case("s12 = 0.635", "s12 = 1.0", "must be below 1")]
#[case("s24 = 0.53", "s24 = 0.73", "must not rise")]
#[case("s24 = 0.53", "x24 = 0.53", "no planning value x24")]
#[case("[planning_by_clock.pfs]", "[planning_by_clock.dfs]", "does not offer")]
#[case("rho_max = 0.2", "rho_max = 0.01", "rho_default must lie")]
#[case("rho_max = 0.2", "rho_max = nan", "rho must be a number")]
#[case("[privacy]", "[breaks]\nage_band = [65, 18]\n[privacy]", "must rise")]
#[case("[privacy]", "[breaks]\nsex = [1]\n[privacy]", "has no breaks")]
fn a_malformed_template_is_refused_with_a_sentence(
    #[case] from: &str,
    #[case] to: &str,
    #[case] words: &str,
) {
    let error = Template::parse(&changed(from, to)).unwrap_err();
    assert!(
        ["template-malformed", "variables-malformed"].contains(&error.code()),
        "{error}"
    );
    assert!(error.to_string().contains(words), "{error}");
}

#[test]
fn a_grid_has_at_most_twenty_three_intervals() {
    let grid = |intervals: u32| {
        let months: Vec<String> = (1..=intervals).map(|month| month.to_string()).collect();
        changed(
            "[1, 2, 3, 6, 9, 12, 18, 24, 36, 48, 60, 84, 120, 180]",
            &format!("[{}]", months.join(", ")),
        )
    };
    assert!(Template::parse(&grid(23)).is_ok());
    assert_eq!(
        Template::parse(&grid(24)).unwrap_err().code(),
        "question-too-large"
    );
    assert!(Template::parse(&grid(0)).is_err());
}

#[test]
fn a_template_has_at_most_so_many_bytes() {
    let padded = |bytes: usize| {
        let toml = survival().toml().to_owned();
        format!("{toml}{}", "#".repeat(bytes - toml.len()))
    };
    assert!(Template::parse(&padded(crate::limits::TEMPLATE_BYTES_MAX)).is_ok());
    assert!(Template::parse(&padded(crate::limits::TEMPLATE_BYTES_MAX + 1)).is_err());
}

#[test]
fn breaks_of_a_template_rename_the_bands() {
    let toml = changed("[privacy]", "[breaks]\nage_band = [40, 60]\n[privacy]");
    let template = Template::parse(&toml).unwrap();
    let ParameterKind::Strata { of } = &template.parameters["by"].kind else {
        panic!("by names strata")
    };
    assert_eq!(of["age_band"].levels, ["<40", "40-59", ">=60"]);
}

#[test]
fn a_code_added_to_the_dictionary_can_be_asked_for_at_once() {
    let csv = crate::dictionary::SHIPPED_CSV.replacen(
        "tisa_cel|axi_cel|",
        "tisa_cel|axi_cel|new_cel|",
        1,
    );
    let template =
        Template::parse_with(survival().toml(), &Dictionary::parse(&csv).unwrap()).unwrap();
    assert!(template.bind(&given(&[("product", "new_cel")])).is_ok());
    assert!(survival().bind(&given(&[("product", "new_cel")])).is_err());
}

#[test]
fn a_column_added_to_the_dictionary_stratifies_without_a_change_in_rust() {
    let csv = format!(
        "{}\ncourse,marker,TEXT,,N,,,hi|lo,,,,,,,,,\n",
        crate::dictionary::SHIPPED_CSV.trim_end()
    );
    let toml = changed("of = [\"age_band\", ", "of = [\"age_band\", \"marker\", ");
    assert!(Template::parse(&toml).is_err());
    let template = Template::parse_with(&toml, &Dictionary::parse(&csv).unwrap()).unwrap();
    assert!(template.bind(&given(&[("by", "marker")])).is_ok());
}

#[test]
fn planning_values_are_the_clocks_own_and_a_persons_expectation_replaces_them() {
    let template = survival();
    let pfs = template.bind(&given(&[("clock", "pfs")])).unwrap();
    assert_eq!(
        template.planning(&pfs).survival[&12].to_bits(),
        0.466_f64.to_bits()
    );
    assert_eq!(
        template.planning(&pfs).patients.to_bits(),
        300_f64.to_bits()
    );
    let expected = template
        .planning(&pfs)
        .with_expected(&given(&[("patients", "2279"), ("s12", "0.74")]))
        .unwrap();
    assert_eq!(expected.survival, BTreeMap::from([(12, 0.74)]));
    assert_eq!(expected.patients.to_bits(), 2279_f64.to_bits());
    for (key, value) in [
        ("s12", "1.5"),
        ("s12", "x"),
        ("patients", "-1"),
        ("patients", "nan"),
        ("x", "1"),
        ("s0", "0.5"),
    ] {
        let error = expected.with_expected(&given(&[(key, value)])).unwrap_err();
        assert_eq!(error.code(), "parameter-invalid", "{error}");
    }
    assert!(
        expected
            .with_expected(&given(&[("s12", "0.5"), ("s24", "0.6")]))
            .is_err()
    );
}

#[test]
fn limits_are_the_decimals_that_people_read_and_only_ever_narrow() {
    let limits = survival().privacy;
    let nano = [limits.rho_min, limits.rho_default, limits.rho_max].map(NanoRho::nano);
    assert_eq!(nano, [5_000_000, 50_000_000, 200_000_000]);
    let long = survival()
        .toml()
        .replace("rho_min = 0.005", "rho_min = 0.0050000001");
    let long = long.replace("rho_max = 0.2", "rho_max = 0.2000000009");
    let limits = Template::parse(&long).unwrap().privacy;
    let nano = [limits.rho_min, limits.rho_max].map(NanoRho::nano);
    assert_eq!(nano, [5_000_001, 200_000_000]);
}

#[test]
fn breaks_at_the_end_of_the_integers_stop_nobody() {
    let least = i64::MIN;
    let breaks = format!("[breaks]\nage_band = [{least}, 40]\n[privacy]");
    let template = Template::parse(&changed("[privacy]", &breaks)).unwrap();
    let given = [("by", "age_band"), ("age", "18..64")].map(|(k, v)| (k.into(), v.into()));
    let parameters = template.bind(&given.into()).unwrap();
    let dictionary = Dictionary::shipped().unwrap();
    let plan = crate::plan::plan(
        &template,
        &parameters,
        template.privacy.rho_default,
        &dictionary,
    );
    assert!(plan.is_ok());
}

#[test]
fn raising_the_budget_changes_nothing_else() {
    let raised = with_rho_max(survival().toml(), NanoRho::at_least(5.0).unwrap()).unwrap();
    let template = Template::parse(&raised).unwrap();
    assert_eq!(template.privacy.rho_max, NanoRho::at_least(5.0).unwrap());
    let same = Template {
        privacy: survival().privacy,
        toml: survival().toml().to_owned(),
        ..template
    };
    assert_eq!(same, survival());
    assert!(with_rho_max(survival().toml(), NanoRho::from_nano(1)).is_err());
}

#[test]
fn an_unknown_template_is_refused_with_those_that_exist() {
    let error = shipped_template("everything").unwrap_err();
    assert_eq!(error.code(), "template-unknown");
    assert!(
        error
            .to_string()
            .contains("feasibility-count, survival, incidence-rate"),
        "{error}"
    );
}

#[test]
fn questions_read_as_sentences() {
    let full = [
        ("by", "sex,product"),
        ("age", "18..64"),
        ("infused", "2019..2025"),
        ("clock", "pfs"),
    ];
    let template = survival();
    insta::assert_snapshot!(describe(&template, &template.bind(&given(&full)).unwrap()));
    let rate = shipped_template("incidence-rate").unwrap();
    insta::assert_snapshot!(describe(&rate, &rate.bind(&BTreeMap::new()).unwrap()));
}

/// Every key of a template's text, with its value as text where it has one.
fn fields(table: &toml::Table) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (key, value) in table {
        found.push((key.clone(), value.to_string().trim_matches('"').to_owned()));
        if let Some(inner) = value.as_table() {
            found.extend(fields(inner));
        }
    }
    found
}

#[test]
fn nothing_of_a_template_can_vary_but_its_parameters() {
    for template in shipped_templates().unwrap() {
        let declared: Vec<&String> = template.parameters.keys().collect();
        for (key, value) in fields(&template.toml().parse().unwrap()) {
            let bound = template.bind(&BTreeMap::from([(key.clone(), value)]));
            if !declared.contains(&&key) {
                assert_eq!(bound.unwrap_err().code(), "parameter-unknown", "{key}");
            }
        }
        let bound = template.bind(&BTreeMap::new()).unwrap();
        assert_eq!(
            bound.canonical().keys().collect::<Vec<_>>(),
            declared,
            "a question carries exactly the declared parameters"
        );
    }
}

#[rstest::rstest]
#[case("version = \"1.0.0\"", "version = \"1\"", "line 2: version")]
#[case("title = \"Survival after infusion\"", "title = \"\"", "line 3: ")]
#[case("120, 180]", "120, 601]", "line 12: grid_months must rise")]
#[case("kind = \"survival\"", "kind = \"mean\"", "line 13, column")]
#[case(
    "\"ldh_elevated\"",
    "\"shoe_size\"",
    "line 24: there is no variable shoe_size"
)]
#[case("max = 120", "max = 150", "line 50: the bounds of age")]
#[case("default = \"os\"", "default = \"dfs\"", "line 19: a default")]
#[case("s24 = 0.53", "s24 = 0.73", "line 65: ")]
#[case("s24 = 0.40", "s24 = 0.73", "line 72: ")]
#[case("rho_max = 0.2", "rho_max = 0.01", "line 76: rho_default")]
fn a_fault_is_named_with_its_line(#[case] from: &str, #[case] to: &str, #[case] words: &str) {
    let error = Template::parse(&changed(from, to)).unwrap_err();
    assert!(error.to_string().contains(words), "{error}");
}

/// Any value that a person could mean, in any of its spellings.
fn spellings() -> impl Strategy<Value = BTreeMap<String, String>> {
    let by = prop::sample::subsequence(vec!["sex", "age_band", "product"], 0..=2)
        .prop_shuffle()
        .prop_map(|names| names.join(" ,"));
    let product =
        prop::sample::subsequence(vec!["axi_cel", "tisa_cel", "other"], 1..=3).prop_shuffle();
    let product = product.prop_map(|codes| codes.join("|"));
    let age = (0_i64..60, 60_i64..=120).prop_map(|(low, high)| format!("{low} .. {high}"));
    let infused = (1980_i16..2020, 2020_i16..=2060).prop_map(|(from, to)| format!("{from}..{to}"));
    (
        by,
        prop::option::of(product),
        prop::option::of(age),
        prop::option::of(infused),
    )
        .prop_map(|(by, product, age, infused)| {
            let optional = [("product", product), ("age", age), ("infused", infused)];
            let optional = optional
                .into_iter()
                .filter_map(|(name, value)| Some((name.to_owned(), value?)));
            optional.chain([("by".to_owned(), by)]).collect()
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn binding_canonical_parameters_gives_them_back(given in spellings()) {
        let template = survival();
        let bound = template.bind(&given).unwrap();
        prop_assert_eq!(template.bind(&bound.canonical()).unwrap(), bound);
    }

    #[test]
    fn no_text_breaks_the_reading_of_parameters(name in "by|clock|age|infused|product", value in any::<String>()) {
        let template = survival();
        if let Ok(bound) = template.bind(&BTreeMap::from([(name, value)])) {
            prop_assert_eq!(template.bind(&bound.canonical()).unwrap(), bound);
        }
    }
}

#[test]
fn a_template_has_at_most_so_many_parameters() {
    let with_parameters = |count: usize| {
        let extra = (survival().parameters.len()..count).map(|number| {
            format!("[parameters.p{number}]\nkind = \"levels\"\nvariable = \"sex\"\ndefault = \"any\"\nabout = \"\"\n")
        });
        format!(
            "{}\n{}",
            survival().toml(),
            extra.collect::<Vec<_>>().concat()
        )
    };
    assert!(Template::parse(&with_parameters(crate::limits::PARAMETERS_MAX)).is_ok());
    assert!(Template::parse(&with_parameters(crate::limits::PARAMETERS_MAX + 1)).is_err());
}
