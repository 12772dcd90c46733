//! The pieces a path's text is put together from.

use std::collections::VecDeque;
use std::fmt::Write as _;

/// Characters of a name.
pub(super) const NAME: usize = 80;
/// Parts of a text that are kept at its beginning, and as many at its end.
const HALF: usize = 12;

/// `.name`, or what JavaScript wants for other names.
pub(in crate::heap) fn property(name: &str) -> String {
    if let Some(symbol) = name.strip_prefix("<symbol ") {
        return format!("[{}]", symbol.strip_suffix('>').unwrap_or(symbol));
    }
    let plain = name.strip_prefix('#').unwrap_or(name);
    let word = |char: char| char.is_alphanumeric() || matches!(char, '_' | '$' | '…');
    if plain.chars().all(word) && plain.chars().next().is_some_and(|first| !first.is_ascii_digit()) {
        format!(".{name}")
    } else {
        format!("[{}]", quoted(name))
    }
}

pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for char in text.chars() {
        match char {
            '"' | '\\' => quoted.extend(['\\', char]),
            char if char.is_control() => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(char));
            }
            char => quoted.push(char),
        }
    }
    quoted.push('"');
    quoted
}

/// What stands between the arrows.
#[derive(Default)]
pub(super) struct Parts {
    head: Vec<(String, usize)>,
    tail: VecDeque<(String, usize)>,
    left_out: usize,
    open: String,
    function: Option<String>,
}

impl Parts {
    /// A new part, behind an arrow.
    pub(super) fn begin(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        self.flush();
        self.open.push_str(text);
    }

    /// More of the part.
    pub(super) fn add(&mut self, text: &str) {
        if let Some(function) = self.function.take() {
            self.flush();
            self.open = function;
        }
        self.open.push_str(text);
    }

    /// A function's place ends the part; what is added later begins with its name again.
    pub(super) fn close(&mut self, function: &str) {
        self.function = Some(function.to_owned());
    }

    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty() && self.head.is_empty()
    }

    /// Whether the part ends with `.name`, or is `… variable name`.
    pub(super) fn ends_with_name(&self, name: &str) -> bool {
        let before = self.open.strip_suffix(name);
        self.function.is_none()
            && before.is_some_and(|before| before.ends_with('.') || before.ends_with("variable "))
    }

    fn flush(&mut self) {
        self.function = None;
        let part = std::mem::take(&mut self.open);
        if part.is_empty() {
            return;
        }
        let last = self.tail.back_mut().or(self.head.last_mut());
        if let Some((_, times)) = last.filter(|(text, _)| *text == part) {
            *times += 1;
            return;
        }
        if self.head.len() < HALF {
            self.head.push((part, 1));
        } else {
            self.tail.push_back((part, 1));
            if self.tail.len() > HALF {
                self.left_out += self.tail.pop_front().map_or(0, |(_, times)| times);
            }
        }
    }

    pub(super) fn finish(mut self) -> String {
        self.flush();
        let times = |(text, times): (String, usize)| match times {
            1 => text,
            times => format!("{text} (×{times})"),
        };
        let mut parts: Vec<String> = self.head.into_iter().map(times).collect();
        if self.left_out > 0 {
            parts.push(format!("… {} more …", self.left_out));
        }
        parts.extend(self.tail.into_iter().map(times));
        parts.join(" → ")
    }
}
