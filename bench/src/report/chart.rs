//! The rows as a bar chart.

use svg::Document;
use svg::node::element::{Rectangle, Style, Text};

use super::means::{geometric_mean, ratio};
use crate::measure::Row;

const LABEL_WIDTH: usize = 90;
const BAR_WIDTH: usize = 330;
const BAR_HEIGHT: usize = 12;
const GROUP_GAP: usize = 34;
const COLUMN_WIDTH: usize = LABEL_WIDTH + BAR_WIDTH + 70;
const MARGIN: usize = 20;
const TITLE_HEIGHT: usize = 64;

const STYLE: &str = "text { font: 10px sans-serif; fill: #333 } .title { font-size: 16px; font-weight: bold } \
    .case { font-size: 12px; font-weight: bold } .first { font-weight: bold }";

/// A group of bars: an engine each, with its time as a multiple of the first one's.
struct Group {
    title: String,
    bars: Vec<(String, f64)>,
}

/// Draws each case, and first the geometric means over `kernels`, as times relative to the first engine: shorter is faster.
/// Bars are as long as the logarithm demands, so that engines far apart fit one chart: a factor has the same length
/// everywhere.
#[must_use]
pub fn chart(rows: &[Row], kernels: &[Row], engines: &[&str]) -> Document {
    let groups = groups(rows, kernels, engines);
    let longest = groups.iter().flat_map(|group| group.bars.iter().map(|bar| bar.1)).fold(2.0, f64::max);
    let shortest = groups.iter().flat_map(|group| group.bars.iter().map(|bar| bar.1)).fold(0.5, f64::min);
    let height = |group: &Group| GROUP_GAP + group.bars.len() * BAR_HEIGHT;
    let total: usize = groups.iter().map(height).sum();
    let columns = groups.len().clamp(1, 3);
    let column_height = total.div_ceil(columns) + groups.iter().map(height).max().unwrap_or(0);
    let base = engines.first().copied().unwrap_or_default();
    let title = format!("Time relative to {base}, logarithmic; shorter is faster");
    let mut document = Document::new()
        .set("width", 2 * MARGIN + columns * COLUMN_WIDTH)
        .set("height", TITLE_HEIGHT + column_height)
        .add(Style::new(STYLE))
        .add(Rectangle::new().set("width", "100%").set("height", "100%").set("fill", "white"))
        .add(Text::new(title).set("class", "title").set("x", MARGIN).set("y", MARGIN + 10));
    let (mut column, mut y) = (0, TITLE_HEIGHT);
    for group in &groups {
        if y > TITLE_HEIGHT && y + height(group) > column_height + TITLE_HEIGHT && column + 1 < columns {
            (column, y) = (column + 1, TITLE_HEIGHT);
        }
        document = draw(document, group, MARGIN + column * COLUMN_WIDTH, y, (shortest, longest));
        y += height(group);
    }
    document
}

fn groups(rows: &[Row], kernels: &[Row], engines: &[&str]) -> Vec<Group> {
    let Some(base) = engines.first() else { return Vec::new() };
    let mean = |engine: &&str| {
        let (mean, count) = geometric_mean(kernels.iter().map(|row| ratio(row, engine, base)))?;
        let label = if count == kernels.len() { (*engine).to_owned() } else { format!("{engine} ({count})") };
        Some((label, mean))
    };
    let mut groups = Vec::new();
    if !kernels.is_empty() {
        let title = format!("geometric mean of {} kernels", kernels.len());
        groups.push(Group { title, bars: engines.iter().filter_map(mean).collect() });
    }
    groups.extend(rows.iter().map(|row| {
        let bars = row
            .measured
            .iter()
            .filter_map(|measured| Some((measured.engine.to_owned(), ratio(row, measured.engine, base)?)));
        Group { title: row.case.clone(), bars: bars.collect() }
    }));
    groups
}

fn draw(mut document: Document, group: &Group, x: usize, y: usize, (shortest, longest): (f64, f64)) -> Document {
    document = document.add(Text::new(&*group.title).set("class", "case").set("x", x).set("y", y + 12));
    for (n, (label, ratio)) in group.bars.iter().enumerate() {
        let top = y + 18 + n * BAR_HEIGHT;
        let share = (ratio / shortest).ln() / (longest / shortest).ln();
        let width = (share * BAR_WIDTH as f64).max(1.0);
        let class = if n == 0 { "first" } else { "other" };
        let fill = if n == 0 { "#1b6ca8" } else { "#b8c4ce" };
        let bar =
            Rectangle::new().set("x", x + LABEL_WIDTH).set("y", top).set("width", width).set("height", BAR_HEIGHT - 2);
        let text = |text: String, x: f64| Text::new(text).set("class", class).set("x", x).set("y", top + 9);
        document = document
            .add(text(label.clone(), x as f64))
            .add(bar.set("fill", fill))
            .add(text(format!("{ratio:.2}"), (x + LABEL_WIDTH) as f64 + width + 4.0));
    }
    document
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Times;
    use crate::measure::Measured;

    #[test]
    fn a_bar_for_each_engine_of_each_case_and_of_the_means() {
        let measured = |engine, ms| Measured { engine, times: Times::of_ms(&[ms]), result: String::new() };
        let row = Row {
            case: "a<b".to_owned(),
            measured: vec![measured("whimbrel", 2), measured("wasmi", 5)],
            unable: Vec::new(),
        };
        let text = chart(std::slice::from_ref(&row), std::slice::from_ref(&row), &["whimbrel", "wasmi"]).to_string();
        assert_eq!(text.matches("2.50").count(), 2, "{text}");
        assert!(text.contains("a&lt;b"), "{text}");
    }
}
