//! What a question is about, as Node-API takes it: V8's own handles, which nothing else in this room has.

use napi::bindgen_prelude::*;
use napi::sys;

use crate::v8::questions::Local;

/// The argument of a question's function.
pub(super) enum Subject {
    /// None: it is no function.
    None,
    /// One object.
    Object(Local),
    /// The instances of a class.
    Objects(Vec<Local>),
}

/// A `napi_value` *is* V8's `Local`, in every Node there is: `JsValueFromV8LocalValue` in its js_native_api_v8.h.
impl ToNapiValue for Subject {
    unsafe fn to_napi_value(env: sys::napi_env, subject: Self) -> Result<sys::napi_value> {
        match subject {
            // SAFETY: passed on to the caller.
            Self::None => unsafe { <()>::to_napi_value(env, ()) },
            Self::Object(one) => Ok(one.as_raw().cast()),
            Self::Objects(all) => {
                let mut array = std::ptr::null_mut();
                // SAFETY: the caller's environment; `array` is written.
                check_status!(unsafe { sys::napi_create_array_with_length(env, all.len(), &mut array) })?;
                for (index, one) in (0_u32..).zip(all) {
                    // SAFETY: an array just made, and a living object.
                    check_status!(unsafe { sys::napi_set_element(env, array, index, one.as_raw().cast()) })?;
                }
                Ok(array)
            }
        }
    }
}
