//! How is a drawing written down?

use std::fmt::Write;

/// Fonts that people have, in this order.
const FONTS: &str = "Helvetica, Arial, 'Noto Sans', 'Noto Sans KR', 'DejaVu Sans', sans-serif";

/// A point in pixels from the top left.
pub(super) type Point = (f64, f64);

/// Where a text's point is: its start, middle or end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// How a text looks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Face<'a> {
    pub(super) size: f64,
    pub(super) colour: &'a str,
    pub(super) bold: bool,
    pub(super) anchor: Anchor,
}

impl<'a> Face<'a> {
    /// Regular text that starts at its point.
    pub(super) const fn new(size: f64, colour: &'a str) -> Self {
        Self {
            size,
            colour,
            bold: false,
            anchor: Anchor::Start,
        }
    }

    pub(super) const fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    pub(super) const fn anchored(self, anchor: Anchor) -> Self {
        Self { anchor, ..self }
    }
}

/// A drawing under way: the same calls give the same bytes.
#[derive(Debug, Default)]
pub(super) struct Svg {
    body: String,
}

impl Svg {
    /// The whole file; `title` is read to people who cannot see it.
    pub(super) fn finish(self, width: f64, height: f64, title: &str) -> String {
        let (width, height, title) = (pixels(width), pixels(height), escaped(title));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
             height=\"{height}\" role=\"img\" font-family=\"{FONTS}\">\n<title>{title}</title>\n\
             <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n{}</svg>\n",
            self.body
        )
    }

    pub(super) fn line(&mut self, from: Point, to: Point, colour: &str, width: f64) {
        let (from, to) = (point(from), point(to));
        self.push(&format!(
            "<path d=\"M{from}L{to}\" stroke=\"{colour}\" stroke-width=\"{width}\" fill=\"none\"/>"
        ));
    }

    pub(super) fn polyline(&mut self, points: &[Point], colour: &str, width: f64) {
        let path = path(points);
        self.push(&format!(
            "<path d=\"{path}\" stroke=\"{colour}\" stroke-width=\"{width}\" stroke-linejoin=\"round\" fill=\"none\"/>"
        ));
    }

    pub(super) fn area(&mut self, points: &[Point], colour: &str, opacity: f64) {
        let path = path(points);
        self.push(&format!(
            "<path d=\"{path}Z\" fill=\"{colour}\" fill-opacity=\"{opacity}\"/>"
        ));
    }

    pub(super) fn bar(&mut self, corner: Point, width: f64, height: f64, colour: &str) {
        let (x, y, width, height) = (
            pixels(corner.0),
            pixels(corner.1),
            pixels(width.max(0.0)),
            pixels(height),
        );
        self.push(&format!(
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"{colour}\"/>"
        ));
    }

    pub(super) fn dot(&mut self, centre: Point, radius: f64, colour: &str) {
        let (x, y) = (pixels(centre.0), pixels(centre.1));
        self.push(&format!(
            "<circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\" fill=\"{colour}\"/>"
        ));
    }

    pub(super) fn text(&mut self, at: Point, text: &str, face: Face<'_>) {
        self.turned_text(at, text, face, 0.0);
    }

    /// A text turned by `degrees` around its point.
    pub(super) fn turned_text(&mut self, at: Point, text: &str, face: Face<'_>, degrees: f64) {
        let (x, y) = (pixels(at.0), pixels(at.1));
        let anchor = match face.anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let weight = if face.bold {
            " font-weight=\"bold\""
        } else {
            ""
        };
        let turn = if degrees == 0.0 {
            String::new()
        } else {
            format!(" transform=\"rotate({degrees} {x} {y})\"")
        };
        let (size, colour, text) = (face.size, face.colour, escaped(text));
        self.push(&format!(
            "<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\" fill=\"{colour}\"{anchor}{weight}{turn}>{text}</text>"
        ));
    }

    fn push(&mut self, element: &str) {
        self.body.push_str(element);
        self.body.push('\n');
    }
}

/// A coordinate with one decimal: a tenth of a pixel is not seen, and short numbers keep files small and stable.
fn pixels(coordinate: f64) -> String {
    let tenths = (coordinate * 10.0).round() / 10.0;
    // No minus zero.
    format!("{}", tenths + 0.0)
}

fn point((x, y): Point) -> String {
    format!("{} {}", pixels(x), pixels(y))
}

fn path(points: &[Point]) -> String {
    let mut path = String::new();
    for (number, at) in points.iter().enumerate() {
        let command = if number == 0 { 'M' } else { 'L' };
        // Writing to a String cannot fail.
        let _ = write!(path, "{command}{}", point(*at));
    }
    path
}

/// Text for XML; characters that XML does not know are left out.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars().filter(|letter| !letter.is_control()) {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            _ => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_become_markup() {
        let mut svg = Svg::default();
        svg.text((0.0, 0.0), "<18 & \"x\"\u{1b}", Face::new(11.0, "#000"));
        let file = svg.finish(10.0, 10.0, "<script>");
        assert!(file.contains("&lt;18 &amp; &quot;x&quot;<"));
        assert!(file.contains("<title>&lt;script&gt;</title>"));
    }
}
