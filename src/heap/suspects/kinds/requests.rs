//! Requests, responses and sockets that outlive their answer.

use super::finding::{Finding, MOSTLY, named};
use crate::heap::suspects::case::Case;
use crate::heap::suspects::report::Kind;
use crate::heap::suspects::words::number;

const CLASSES: [&str; 16] = [
    "IncomingMessage",
    "ServerResponse",
    "ClientRequest",
    "Socket",
    "TLSSocket",
    "Http2Stream",
    "ServerHttp2Stream",
    "ClientHttp2Stream",
    "Http2ServerRequest",
    "Http2ServerResponse",
    "HTTPINCOMINGMESSAGE",
    "Request",
    "Response",
    "NodeHTTPRequest",
    "WebSocket",
    "HTTPServerAsyncResource",
];

pub(super) fn find(case: &Case) -> Option<Finding> {
    let is = |entry: u32| case.is_one_of(entry, &CLASSES);
    let direct = case.share(is);
    if direct < MOSTLY
        && case
            .share(|entry| is(entry) || case.parts(entry).any(|(name, part)| name != "__proto__" && is(part)))
            < MOSTLY
    {
        return None;
    }
    let class = case
        .sample()
        .find_map(|entry| {
            if is(entry) {
                Some(entry)
            } else {
                case.parts(entry).find(|(name, part)| name != "__proto__" && is(*part)).map(|(_, part)| part)
            }
        })
        .map_or_else(|| "requests".to_owned(), |node| case.name(node));
    let name = named(case, &class);
    let what = if direct >= MOSTLY {
        format!("{} of class {class} held by `{name}`", number(case.count))
    } else {
        format!("{} entries of `{name}`, each with its {class}", number(case.count))
    };
    Some(Finding {
        kind: Kind::Requests,
        what,
        name,
        at: None,
        signs: format!(
            "A {class} is worth keeping until it is answered. These are kept longer, each with its socket, headers and buffers."
        ),
        cure: "Take them out when they end (`finish`, `close`, `finally`), keep an id instead of the object; read or cancel the \
               body of every response, destroy what is given up.",
        sure: 0.85,
    })
}
