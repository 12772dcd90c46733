//! What a metric's number means, and how metrics are declared.

use serde::Serialize;

/// What a metric's number means, and so how a threshold for it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum MetricKind {
    /// A size.
    Bytes,
    /// 0…1.
    Ratio,
    /// A duration.
    Milliseconds,
    /// A growth; the only kind that can be negative.
    BytesPerSecond,
    /// A number of things.
    Count,
    /// 0…100.
    Percent,
}

/// Declares the metrics once, so that nothing can be forgotten: what docs/watching.md says of each (its comment), name, kind,
/// where it comes from, and how it is read from a sample.
macro_rules! metrics {
    ($($(#[doc = $what:literal])+ $variant:ident $name:literal $kind:ident $source:literal = $read:expr,)+) => {
        /// A figure of a [`Sample`] that a rule can watch; named as the sample's field is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(into = "&'static str", try_from = "String")]
        pub enum Metric { $($(#[doc = $what])+ $variant,)+ }

        impl Metric {
            /// Every metric, in the order in which messages list them.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The name users type.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// What its number means.
            pub const fn kind(self) -> MetricKind {
                match self { $(Self::$variant => MetricKind::$kind,)+ }
            }

            /// What it is, as docs/watching.md has it.
            pub const fn what(self) -> &'static str {
                match self { $(Self::$variant => concat!($($what),+).trim_ascii(),)+ }
            }

            /// Who tells its figure.
            pub const fn source(self) -> &'static str {
                match self { $(Self::$variant => $source,)+ }
            }

            /// The figure, in its kind's unit. `None` when this sample does not know it: the platform has not
            /// got it, V8 has not been read yet, or it came out as no finite number.
            pub fn read(self, sample: &Sample) -> Option<f64> {
                let read: fn(&Sample) -> Option<f64> = match self { $(Self::$variant => $read,)+ };
                read(sample).filter(|value| value.is_finite())
            }
        }
    };
}

/// Lists the fields of a [`Sample`] that the kernel's figures of the same names go into.
macro_rules! kernel_figures {
    ($($field:ident),+ $(,)?) => {
        impl Sample {
            /// The fields that are a figure of the kernel's for this process.
            pub const KERNEL: &[&str] = &[$(stringify!($field),)+];

            /// Sets the field of that name; `false` if there is none.
            pub fn set_kernel(&mut self, name: &str, figure: Option<u64>) -> bool {
                match name {
                    $(stringify!($field) => self.$field = figure,)+
                    _ => return false,
                }
                true
            }
        }
    };
}

pub(super) use {kernel_figures, metrics};
