//! The types that nodes and edges have, by V8's names. A snapshot numbers them itself, in its `meta`.

/// A type of nodes. Types this version does not know get the numbers behind them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeKind(pub u8);

#[allow(missing_docs, reason = "they are V8's own names")]
impl NodeKind {
    pub const HIDDEN: Self = Self(0);
    pub const ARRAY: Self = Self(1);
    pub const STRING: Self = Self(2);
    pub const OBJECT: Self = Self(3);
    pub const CODE: Self = Self(4);
    pub const CLOSURE: Self = Self(5);
    pub const REGEXP: Self = Self(6);
    pub const NUMBER: Self = Self(7);
    pub const NATIVE: Self = Self(8);
    pub const SYNTHETIC: Self = Self(9);
    pub const CONS_STRING: Self = Self(10);
    pub const SLICED_STRING: Self = Self(11);
    /// Names of the types above, in their order; others follow.
    pub const KNOWN: [&'static str; 12] = [
        "hidden",
        "array",
        "string",
        "object",
        "code",
        "closure",
        "regexp",
        "number",
        "native",
        "synthetic",
        "concatenated string",
        "sliced string",
    ];
}

/// A type of edges; at most 16.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EdgeKind(pub u8);

#[allow(missing_docs, reason = "they are V8's own names")]
impl EdgeKind {
    pub const CONTEXT: Self = Self(0);
    pub const ELEMENT: Self = Self(1);
    pub const PROPERTY: Self = Self(2);
    pub const INTERNAL: Self = Self(3);
    pub const HIDDEN: Self = Self(4);
    pub const SHORTCUT: Self = Self(5);
    pub const WEAK: Self = Self(6);
    pub const INVISIBLE: Self = Self(7);
    /// Names of the types above, in their order; others follow.
    pub const KNOWN: [&'static str; 8] =
        ["context", "element", "property", "internal", "hidden", "shortcut", "weak", "invisible"];
    /// How many types there can be.
    pub const MOST: usize = 16;

    /// Whether such an edge has a number where others have a name.
    #[inline]
    pub fn is_numbered(self) -> bool {
        matches!(self, Self::ELEMENT | Self::HIDDEN)
    }
}
