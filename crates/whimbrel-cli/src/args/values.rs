//! Values of flags: sizes, times, features, `NAME=FILE`.

use std::ffi::OsString;
use std::time::Duration;

use wasm_syntax::{Feature, Features};

/// A module to be instantiated before another.
#[derive(Clone, Debug)]
pub(crate) struct Preload {
    pub(crate) name: String,
    pub(crate) file: OsString,
}

pub(crate) fn parse_preload(text: &str) -> Result<Preload, String> {
    match text.split_once('=') {
        Some((name, file)) if !name.is_empty() && !file.is_empty() => {
            Ok(Preload { name: name.to_owned(), file: file.into() })
        }
        _ => Err("expected NAME=FILE".to_owned()),
    }
}

/// A number and what follows it.
fn split_number(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len()))
}

/// Bytes: `65536`, `64KiB`, `64k`, `1.5GiB`.
pub(crate) fn parse_size(text: &str) -> Result<u64, String> {
    let (number, unit) = split_number(text);
    let shift = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 10,
        "m" | "mb" | "mib" => 20,
        "g" | "gb" | "gib" => 30,
        _ => return Err("expected a number of bytes, such as 65536, 64KiB or 1.5GiB".to_owned()),
    };
    let number: f64 = number.parse().map_err(|_| "expected a number of bytes, such as 65536 or 64MiB".to_owned())?;
    Ok((number * f64::from(1_u32 << shift)) as u64)
}

/// A time: `5s`, `300ms`, `2m`; a number alone is seconds.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = split_number(text);
    let seconds = match unit {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return Err("expected a time, such as 5s, 300ms or 2m".to_owned()),
    };
    let number: f64 = number.parse().map_err(|_| "expected a time, such as 5s, 300ms or 2m".to_owned())?;
    Duration::try_from_secs_f64(number * seconds).map_err(|_| "that is too long".to_owned())
}

/// Features: each added by `+name` or taken away by `-name` from what is the default; `all`, `v1`, `v2` and `v3` replace it.
pub(crate) fn parse_features(text: &str) -> Result<Features, String> {
    let mut features = whimbrel::Config::default().features();
    for word in text.split(',').filter(|word| !word.is_empty()) {
        features = match word {
            "all" => Features::ALL,
            "v1" => Features::V1,
            "v2" => Features::V2,
            "v3" => Features::V3,
            _ => {
                let (is_on, name) = match word.strip_prefix('-') {
                    Some(name) => (false, name),
                    None => (true, word.strip_prefix('+').unwrap_or(word)),
                };
                let Some(&feature) = Feature::ALL.iter().find(|feature| feature.text() == name) else {
                    return Err(format!("there is no feature `{name}`; `whimbrel --version` lists them"));
                };
                if is_on { features.with(feature) } else { features.without(feature) }
            }
        };
    }
    Ok(features)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use wasm_syntax::{Feature, Features};

    use super::{parse_duration, parse_features, parse_size};

    #[test]
    fn sizes() {
        assert_eq!(parse_size("64MiB"), Ok(64 << 20));
        assert_eq!(parse_size("1.5k"), Ok(1536));
        assert_eq!(parse_size("7"), Ok(7));
        assert!(parse_size("7 apples").is_err() && parse_size("MiB").is_err() && parse_size("").is_err());
    }

    #[test]
    fn times() {
        assert_eq!(parse_duration("300ms"), Ok(Duration::from_millis(300)));
        assert_eq!(parse_duration("2m"), Ok(Duration::from_secs(120)));
        assert_eq!(parse_duration("0.5"), Ok(Duration::from_millis(500)));
        assert!(parse_duration("soon").is_err() && parse_duration("1e9h").is_err());
    }

    #[test]
    fn features() {
        let simd_off = parse_features("-simd,+custom-descriptors").expect("these exist");
        assert!(!simd_off.has(Feature::Simd) && simd_off.has(Feature::CustomDescriptors) && simd_off.has(Feature::Gc));
        assert_eq!(parse_features("v1"), Ok(Features::V1));
        assert!(parse_features("+warp").is_err_and(|error| error.contains("`warp`")));
    }
}
