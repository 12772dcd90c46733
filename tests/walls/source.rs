//! Just enough of Rust's grammar to see what a file names: tokens without comments and literals, the
//! test modules cut out, `use` trees unfolded.

/// The words and punctuation of a source text, without comments and literals.
pub fn tokens(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let at = |i: usize| chars.get(i).copied().unwrap_or('\0');
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let mut tokens = Vec::new();
    let mut i = 0;
    while i < chars.len() {
        let start = i;
        match at(i) {
            c if c.is_whitespace() => i += 1,
            '/' if at(i + 1) == '/' => i += chars[i..].iter().take_while(|c| **c != '\n').count(),
            '/' if at(i + 1) == '*' => i = block_comment(&chars, i),
            '"' => i = quoted(&chars, i, '"'),
            // 'a' and '\n' are characters, 'a and '_ lifetimes.
            '\'' if at(i + 1) == '\\' || at(i + 2) == '\'' => i = quoted(&chars, i, '\''),
            '\'' => i += 1,
            c if word(c) => {
                i += chars[i..].iter().take_while(|c| word(**c)).count();
                let hashes = chars[i..].iter().take_while(|c| **c == '#').count();
                let prefix: String = chars[start..i].iter().collect();
                match prefix.as_str() {
                    "r" | "br" | "cr" if at(i + hashes) == '"' => i = raw(&chars, i + hashes, hashes),
                    "b" | "c" if at(i) == '"' => i = quoted(&chars, i, '"'),
                    "b" if at(i) == '\'' => i = quoted(&chars, i, '\''),
                    // r#name is the name.
                    "r" if hashes == 1 && word(at(i + 1)) => i += 1,
                    _ => tokens.push(prefix),
                }
            }
            ':' if at(i + 1) == ':' => {
                tokens.push("::".to_owned());
                i += 2;
            }
            c => {
                tokens.push(c.to_string());
                i += 1;
            }
        }
    }
    tokens
}

fn block_comment(chars: &[char], start: usize) -> usize {
    let (mut depth, mut i) = (0, start);
    while i < chars.len() {
        match &chars[i..chars.len().min(i + 2)] {
            ['/', '*'] => (depth, i) = (depth + 1, i + 2),
            ['*', '/'] if depth == 1 => return i + 2,
            ['*', '/'] => (depth, i) = (depth - 1, i + 2),
            _ => i += 1,
        }
    }
    i
}

/// Behind the quote that closes the one at `start`.
fn quoted(chars: &[char], start: usize, quote: char) -> usize {
    let mut i = start + 1;
    while i < chars.len() && chars[i] != quote {
        i += if chars[i] == '\\' { 2 } else { 1 };
    }
    chars.len().min(i + 1)
}

fn raw(chars: &[char], start: usize, hashes: usize) -> usize {
    let closes = |i: usize| {
        chars[i] == '"' && chars[i + 1..].iter().take(hashes).filter(|c| **c == '#').count() == hashes
    };
    (start + 1..chars.len()).find(|i| closes(*i)).map_or(chars.len(), |i| i + 1 + hashes)
}

/// The tokens without `#[cfg(test)]` items, and the names of the test modules that are files of their own.
pub fn without_tests(tokens: &[String]) -> (Vec<String>, Vec<String>) {
    let (mut kept, mut files) = (Vec::new(), Vec::new());
    let mut i = 0;
    while i < tokens.len() {
        let Some(length) = test_attribute(&tokens[i..]) else {
            kept.push(tokens[i].clone());
            i += 1;
            continue;
        };
        i += length;
        // The item ends with its outermost braces or, before any, with a semicolon.
        let (start, mut depth) = (i, 0);
        while i < tokens.len() {
            match tokens[i].as_str() {
                "{" | "(" | "[" => depth += 1,
                "}" | ")" | "]" => depth -= 1,
                _ => {}
            }
            i += 1;
            if depth == 0 && matches!(tokens[i - 1].as_str(), "}" | ";") {
                break;
            }
        }
        if let [.., keyword, name, end] = &tokens[start..i]
            && keyword == "mod"
            && end == ";"
        {
            files.push(name.clone());
        }
    }
    (kept, files)
}

/// How long the attribute is, if this is one that keeps an item to tests: `#[cfg(test)]`,
/// `#[cfg(all(test, unix))]`, but not `#[cfg(any(test, unix))]`.
fn test_attribute(tokens: &[String]) -> Option<usize> {
    if !tokens.iter().take(4).eq(["#", "[", "cfg", "("].iter()) {
        return None;
    }
    let length = tokens.iter().position(|token| token == "]")? + 1;
    let has = |word: &str| tokens[..length].iter().any(|token| token == word);
    (has("test") && !has("any") && !has("not")).then_some(length)
}

/// Whether a `use` gives something with the name of a module or function (lower case) of this crate another such name.
pub fn renames_a_module(tokens: &[String]) -> bool {
    let lower = |name: &str| name.starts_with(|c: char| c.is_lowercase());
    let mut ours = false;
    tokens.windows(3).any(|three| {
        match three[0].as_str() {
            "use" => {
                ours = ["crate", "super", "self", "std", "libc", "rustix", "procfs"]
                    .contains(&three[1].as_str());
            }
            ";" => ours = false,
            _ => {}
        }
        ours && three[1] == "as" && lower(&three[0]) && lower(&three[2])
    })
}

/// Every path that is named, and how many inline modules deep: `use` trees unfolded
/// (`use a::{b, c::*}` → a::b, a::c::*), the rest as written.
pub fn paths(tokens: &[String]) -> Vec<(usize, Vec<String>)> {
    let mut found = Vec::new();
    let (mut depth, mut modules) = (0, Vec::new());
    let mut i = 0;
    while i < tokens.len() {
        let next = |n: usize| tokens.get(i + n).map_or("", String::as_str);
        let mut here = Vec::new();
        match tokens[i].as_str() {
            // `use<'a>` is a capture list, not an import.
            "use" if next(1) != "<" => i = tree(tokens, i + 1, &[], &mut here),
            // pub(crate), pub(super), pub(in …) say who sees the item, not what it sees.
            "pub" if next(1) == "(" && next(3) == ")" && ["crate", "super", "self"].contains(&next(2)) => {
                i += 4
            }
            "pub" if next(1) == "(" && next(2) == "in" => {
                i += tokens[i..].iter().take_while(|token| *token != ")").count();
            }
            token if is_name(token) => {
                if token == "mod" && next(2) == "{" {
                    modules.push(depth);
                }
                let mut path = vec![tokens[i].clone()];
                i += 1;
                while let [colons, name, ..] = &tokens[i..]
                    && colons == "::"
                    && is_name(name)
                {
                    path.push(name.clone());
                    i += 2;
                }
                here.push(path);
            }
            token => {
                match token {
                    "{" => depth += 1,
                    "}" => {
                        depth -= 1;
                        modules.pop_if(|outside| *outside == depth);
                    }
                    _ => {}
                }
                i += 1;
            }
        }
        found.extend(here.into_iter().map(|path| (modules.len(), path)));
    }
    found
}

fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Reads one branch of a `use` tree and returns where it ends.
fn tree(tokens: &[String], start: usize, above: &[String], found: &mut Vec<Vec<String>>) -> usize {
    let mut path = above.to_vec();
    let mut i = start;
    while let Some(token) = tokens.get(i) {
        i += 1;
        match token.as_str() {
            "::" => {}
            "{" => {
                while tokens.get(i).is_some_and(|token| token != "}") {
                    i = tree(tokens, i, &path, found);
                    i += usize::from(tokens.get(i).is_some_and(|token| token == ","));
                }
                return i + 1;
            }
            // A new name changes nothing about what is imported.
            "as" => i += 1,
            "," | "}" | ";" => {
                i -= 1;
                break;
            }
            _ => path.push(token.clone()),
        }
    }
    found.push(path);
    i
}
