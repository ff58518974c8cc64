//! What was measured: as a table for people, as JSON for programs, as a chart.

pub mod chart;
pub mod json;
pub mod means;
pub mod table;
