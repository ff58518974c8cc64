//! The rows as JSON.

use serde_json::{Map, Value, json};

use crate::measure::{Measured, Row};

/// `{"cases": [{"name", "results": [{"engine", "median_ms", "min_ms", "max_ms", "result"}]}]}`. A case that some engine
/// cannot do has also `"unable": [{"engine", "why"}]`.
#[must_use]
pub fn json(rows: &[Row]) -> Value {
    json!({ "cases": rows.iter().map(case).collect::<Vec<_>>() })
}

fn case(row: &Row) -> Value {
    let mut case = Map::new();
    case.insert("name".to_owned(), json!(row.case));
    case.insert("results".to_owned(), row.measured.iter().map(result).collect());
    if !row.unable.is_empty() {
        let unable = row.unable.iter().map(|unable| json!({ "engine": unable.engine, "why": unable.why }));
        case.insert("unable".to_owned(), unable.collect());
    }
    Value::Object(case)
}

fn result(measured: &Measured) -> Value {
    let times = &measured.times;
    json!({
        "engine": measured.engine,
        "median_ms": times.median_ms(),
        "min_ms": times.min_ms(),
        "max_ms": times.max_ms(),
        "result": measured.result,
    })
}
