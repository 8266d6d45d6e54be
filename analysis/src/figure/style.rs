//! Which colours, sizes and words does every figure share?

/// Colours that people with any colour vision tell apart (Okabe and Ito 2008), darkest contrasts first.
pub(super) const COLOURS: [&str; 8] = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000", "#7f3c8d",
];
pub(super) const INK: &str = "#1f2933";
pub(super) const FAINT: &str = "#616e7c";
pub(super) const GRID: &str = "#e4e7eb";
pub(super) const AXIS: &str = "#7b8794";

pub(super) const TITLE_SIZE: f64 = 17.0;
pub(super) const TEXT_SIZE: f64 = 12.0;
pub(super) const SMALL_SIZE: f64 = 11.0;

/// The colour of the curve or row at `place`; colours come again after the eighth.
pub(super) fn colour(place: usize) -> &'static str {
    COLOURS.get(place % COLOURS.len()).copied().unwrap_or(INK)
}

/// About how wide `text` is at `size`; generous, so that what fits by this number fits.
pub(super) fn width(text: &str, size: f64) -> f64 {
    text.chars()
        .map(|letter| match letter {
            'i' | 'l' | 'j' | '.' | ',' | ':' | ';' | '\'' | '|' | ' ' | 'I' => 0.33,
            'm' | 'w' | 'M' | 'W' | '%' => 0.95,
            '0'..='9' | 'a'..='z' | '_' | '-' | '(' | ')' | '/' => 0.6,
            letter if letter.is_ascii() => 0.75,
            // Hangul and other full-width letters.
            _ => 1.05,
        })
        .sum::<f64>()
        * size
}

/// `text`, cut with an ellipsis where it is wider than `room`.
pub(super) fn fitted(text: &str, size: f64, room: f64) -> String {
    if width(text, size) <= room {
        return text.to_owned();
    }
    let mut kept = String::new();
    for letter in text.chars() {
        if width(&kept, size) + size * 2.0 > room {
            break;
        }
        kept.push(letter);
    }
    kept.trim_end().to_owned() + "…"
}

/// `text` in lines no wider than `room`, broken between words.
pub(super) fn wrapped(text: &str, size: f64, room: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if width(line, size) + width(word, size) + size * 0.33 <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(fitted(word, size, room)),
        }
    }
    lines
}

/// A whole number in groups of three: `2,279`.
pub(super) fn grouped(number: f64) -> String {
    let digits = format!("{:.0}", number.abs());
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if number < -0.5 {
        format!("-{text}")
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_three() {
        let groups: Vec<_> = [0.0, 12.4, 999.6, 2279.0, 1_234_567.0].map(grouped).into();
        assert_eq!(groups, ["0", "12", "1,000", "2,279", "1,234,567"]);
    }

    #[test]
    fn lines_fit_the_room_and_lose_no_word() {
        let text = "days from the first infusion to death from any cause";
        let lines = wrapped(text, 11.0, 120.0);
        assert!(lines.len() > 1 && lines.iter().all(|line| width(line, 11.0) <= 120.0));
        assert_eq!(lines.join(" "), text);
        assert!(fitted(text, 11.0, 80.0).ends_with('…'));
    }
}
