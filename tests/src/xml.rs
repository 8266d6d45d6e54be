//! Is a figure well-formed XML? As much of the rules as a figure uses: elements that nest, quoted attributes, escaped text.

/// Whether every element is closed in its turn, every attribute is quoted and set once, and no bare `<` or `&` stands in text.
///
/// # Errors
/// The first place that breaks a rule.
pub fn is_well_formed(text: &str) -> Result<(), String> {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        escaped(&rest[..start])?;
        rest = &rest[start + 1..];
        let end = if rest.starts_with("!--") { "-->" } else { ">" };
        let tag_end = rest.find(end).ok_or("a tag has no end")?;
        let tag = &rest[..tag_end];
        rest = &rest[tag_end + end.len()..];
        if tag.starts_with(['?', '!']) {
            continue;
        }
        if let Some(name) = tag.strip_prefix('/') {
            let last = open
                .pop()
                .ok_or_else(|| format!("</{name}> closes nothing"))?;
            if last != name.trim() {
                return Err(format!("</{name}> closes <{last}>"));
            }
            continue;
        }
        let empty = tag.ends_with('/');
        let tag = tag.strip_suffix('/').unwrap_or(tag);
        let (name, attributes) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
        quoted(attributes)?;
        if !empty {
            open.push(name);
        }
    }
    escaped(rest)?;
    match open.last() {
        None => Ok(()),
        Some(name) => Err(format!("<{name}> is never closed")),
    }
}

fn quoted(attributes: &str) -> Result<(), String> {
    let mut names = std::collections::BTreeSet::new();
    let mut rest = attributes.trim();
    while !rest.is_empty() {
        let (name, after) = rest
            .split_once("=\"")
            .ok_or_else(|| format!("{rest}: no value"))?;
        let (value, after) = after
            .split_once('"')
            .ok_or_else(|| format!("{name}: no end"))?;
        if name.contains(char::is_whitespace) || !names.insert(name) {
            return Err(format!("{name} stands twice or without a value"));
        }
        escaped(value)?;
        rest = after.trim_start();
    }
    Ok(())
}

fn escaped(text: &str) -> Result<(), String> {
    let mut parts = text.split('&').skip(1);
    let entity = |part: &str| part.find(';').is_some_and(|end| (2..8).contains(&end));
    match parts.find(|part| !entity(part)) {
        None => Ok(()),
        Some(part) => Err(format!("a bare & before {part}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_well_formed_and_a_broken_one_is_not() {
        assert_eq!(
            is_well_formed("<?xml?><svg a=\"1\"><g/><text>a &lt; b</text><!-- > --></svg>"),
            Ok(())
        );
        for wrong in [
            "<svg>",
            "<a><b></a></b>",
            "</a>",
            "<a>x & y</a>",
            "<a b=1/>",
            "<a b=\"1\" b=\"2\"/>",
            "<a",
        ] {
            assert!(is_well_formed(wrong).is_err(), "{wrong}");
        }
    }
}
