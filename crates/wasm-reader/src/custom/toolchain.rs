//! The `producers` and `target_features` sections, which toolchains leave.

use crate::{Cursor, Decode, Form, Result, SectionReader};

/// A field of the `producers` section: `language`, `processed-by` or `sdk`.
#[derive(Clone, Copy, Debug)]
pub struct ProducerField<'a> {
    /// The field's name.
    pub name: &'a str,
    /// Its values.
    pub values: SectionReader<'a, Producer<'a>>,
}

/// Something that took part in making the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Producer<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its version, which may be empty.
    pub version: &'a str,
}

/// An entry of the `target_features` section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TargetFeature<'a> {
    /// How the module stands to the feature.
    pub prefix: TargetFeaturePrefix,
    /// The feature's name, in the words of toolchains.
    pub name: &'a str,
}

/// How a module stands to a feature of its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum TargetFeaturePrefix {
    /// It uses the feature.
    Used = b'+',
    /// It must not be linked with what uses the feature.
    Disallowed = b'-',
    /// It must be linked with what uses the feature only.
    Required = b'=',
}

impl<'a> Decode<'a> for ProducerField<'a> {
    fn decode(cursor: &mut Cursor<'a>) -> Result<Self> {
        Ok(Self { name: cursor.name()?, values: SectionReader::inner(cursor)? })
    }
}

impl<'a> Decode<'a> for Producer<'a> {
    fn decode(cursor: &mut Cursor<'a>) -> Result<Self> {
        Ok(Self { name: cursor.name()?, version: cursor.name()? })
    }
}

impl<'a> Decode<'a> for TargetFeature<'a> {
    fn decode(cursor: &mut Cursor<'a>) -> Result<Self> {
        let prefix = match cursor.byte()? {
            b'+' => TargetFeaturePrefix::Used,
            b'-' => TargetFeaturePrefix::Disallowed,
            b'=' => TargetFeaturePrefix::Required,
            found => return Err(cursor.malformed(Form::CustomKind, u32::from(found))),
        };
        Ok(Self { prefix, name: cursor.name()? })
    }
}
