//! Questions in a thawed copy: `lib/addon/answerer.js` answers them, kept by reference since the thread was attached, for a
//! copy cannot load it.

use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicU64, Ordering};

use napi::bindgen_prelude::*;
use napi_derive::napi;

use super::subject::Subject;
use super::{Code, fault, odd};
use crate::capture::answering::{self, Answer};
use crate::error::{Error as Fault, Result as Outcome};
use crate::image::request::Request;
use crate::v8::{Isolate, profiler, questions};

type Ask = FnArgs<(String, u32, bool, Subject)>;

/// What one thread's JavaScript has given. The thread that was frozen is the one that answers, so this is its own.
struct Kept {
    id: u64,
    env: Env,
    ask: FunctionRef<Ask, String>,
    settled: FunctionRef<(), String>,
}

thread_local! {
    static KEPT: RefCell<Option<Kept>> = const { RefCell::new(None) };
    static HAS_IDS: Cell<bool> = const { Cell::new(false) };
}

/// Keeps the two functions of `lib/addon/answerer.js`, of this thread, until its environment ends.
#[napi]
pub fn keep_answerer(
    env: Env,
    ask: Function<Ask, String>,
    settled: Function<(), String>,
) -> Result<(), Code> {
    static LAST: AtomicU64 = AtomicU64::new(0);
    questions::prepare();
    answering::set_answerer(answer);
    let id = LAST.fetch_add(1, Ordering::Relaxed);
    let kept =
        Kept { id, env, ask: ask.create_ref().map_err(odd)?, settled: settled.create_ref().map_err(odd)? };
    KEPT.with_borrow_mut(|place| *place = Some(kept));
    // The addon may be loaded again in this thread, and the other environment's functions have taken the place by then.
    env.add_env_cleanup_hook(id, |id| {
        KEPT.with_borrow_mut(|place| place.take_if(|kept| kept.id == id));
    })
    .map(drop)
    .map_err(odd)
}

/// In a copy, on the isolate's thread, in a handle scope, outside collections.
fn answer(isolate: &Isolate, request: &Request) -> Outcome<Answer> {
    let Request::Ask { code, id, class_name, most } = request else {
        return Err(Fault::InvalidOption("this is no question".into()));
    };
    // Before any JavaScript runs: what it makes would change the ids.
    let subject = match (id, class_name) {
        (Some(id), _) => {
            if !HAS_IDS.get() && !profiler::give_ids(isolate) {
                return Err(Fault::CaptureFailed("V8 gave no snapshot, and no object an id".into()));
            }
            HAS_IDS.set(true);
            Subject::Object(isolate.object_with_id(*id)?)
        }
        (None, Some(class)) => Subject::Objects(isolate.instances(class)?),
        (None, None) => Subject::None,
    };
    KEPT.with_borrow(|kept| {
        let kept = kept.as_ref().ok_or_else(|| {
            Fault::Unsupported(
                "the thread that was frozen had not loaded heapwarden: nobody in it answers".into(),
            )
        })?;
        ask(kept, isolate, (code, *most), subject).map_err(|error| {
            Fault::CaptureFailed(format!("JavaScript could not be called in the copy: {}", error.reason))
        })
    })
}

/// A character of kind, then the text, as `lib/addon/answerer.js` gives it.
fn ask(kept: &Kept, isolate: &Isolate, (code, most): (&str, u32), subject: Subject) -> Result<Answer> {
    let has_subject = !matches!(subject, Subject::None);
    let arguments = (code.to_owned(), most, has_subject, subject);
    let mut answer = kept.ask.borrow_back(&kept.env)?.call(arguments.into())?;
    if answer == "2" {
        isolate.run_microtasks();
        answer = kept.settled.borrow_back(&kept.env)?.call(())?;
    }
    let text = answer.split_off(1);
    Ok(if answer == "0" { Answer::Value(text) } else { Answer::Exception(text) })
}

/// For a test alone: asks the living process. `question`: a request's JSON; `{value}` or `{exception}`, as JSON.
#[napi]
pub fn ask_for_test(question: String) -> Result<String, Code> {
    let question: Request = crate::monitor::settings::parse(&question).map_err(fault)?;
    let isolate = Isolate::current().map_err(fault)?;
    let answer = answering::answer(&isolate, &question).map_err(fault)?;
    Ok(match answer {
        Answer::Value(text) => serde_json::json!({ "value": text }),
        Answer::Exception(text) => serde_json::json!({ "exception": text }),
    }
    .to_string())
}
