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

/// Declares the metrics once: name, kind and how each is read from a sample, so that nothing can be forgotten.
macro_rules! metrics {
    ($($(#[$doc:meta])* $variant:ident $name:literal $kind:ident = $read:expr,)+) => {
        /// A figure of a [`Sample`] that a rule can watch; named as the sample's field is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(into = "&'static str", try_from = "String")]
        pub enum Metric { $($(#[$doc])* $variant,)+ }

        impl Metric {
            /// Every metric, in the order they are documented.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The name users type.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// What its number means.
            pub const fn kind(self) -> MetricKind {
                match self { $(Self::$variant => MetricKind::$kind,)+ }
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

pub(super) use metrics;
