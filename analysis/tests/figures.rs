//! Are figures the same for everyone, and whole?
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

mod gallery;

#[test]
fn the_same_estimates_give_the_same_bytes() {
    assert_eq!(gallery::figures(), gallery::figures());
}

#[test]
fn no_figure_holds_a_number_that_is_none() {
    for (name, svg) in gallery::figures() {
        for nonsense in ["NaN", "\"inf", " inf ", "-0\""] {
            assert!(!svg.contains(nonsense), "{name} holds {nonsense}");
        }
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
        assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count());
    }
}

#[test]
fn figures_look_as_they_were_looked_at() {
    for (name, svg) in gallery::figures() {
        if ["survival-by-age", "count-by-age", "rate-by-age"].contains(&name) {
            insta::assert_snapshot!(name, svg);
        }
    }
}

#[test]
fn a_stratum_of_which_nothing_can_be_said_is_named_below_and_not_drawn() {
    let all = gallery::figures();
    let (_, svg) = all
        .iter()
        .find(|(name, _)| *name == "survival-empty-stratum")
        .unwrap();
    assert!(svg.contains("so not drawn: missing."), "{svg}");
    assert_eq!(
        svg.matches(r#"fill-opacity="0.16""#).count(),
        2,
        "one band a curve"
    );
}
