//! The macro that lists operators: one row is name, operands, result, meaning, and what the documentation says of it.

/// Defines one public function a row; its documentation is the row's text and anchor in the specification.
macro_rules! ops {
    ($($name:ident($($arg:ident: $ty:ty),*) -> $result:ty { $meaning:expr } $text:literal, $anchor:literal;)*) => {$(
        #[doc = concat!($text, ". Spec: `", $anchor, "`.")]
        #[inline(always)]
        pub fn $name($($arg: $ty),*) -> $result {
            $meaning
        }
    )*};
}
