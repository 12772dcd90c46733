//! Whether a capture may leave an image: everything that is in a process's memory is in it, masked by nobody.

use super::options::{CaptureOptions, WantedForm};
use crate::error::{Error, Result};
use crate::units::parse_truth;
use crate::v8::backing_stores;

/// Whether images may be left in this process at all.
///
/// # Errors
/// `Unsupported` with the reason.
pub fn available() -> Result<()> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Err(Error::Unsupported("Linux on x64 only".into()));
    }
    let word = |variable| std::env::var(variable).ok().filter(|word| !word.is_empty());
    let refused = refused(word("HEAPWARDEN_IMAGES"), word("HEAPWARDEN_REDACT"));
    refused.map_or(Ok(()), |why| Err(Error::Unsupported(why)))
}

/// A word that nobody understands may mean no: rather no image than one that was not wanted.
fn refused(images: Option<String>, redact: Option<String>) -> Option<String> {
    if let Some(word) = images.filter(|word| parse_truth(word) != Some(true)) {
        return Some(format!("HEAPWARDEN_IMAGES={word}"));
    }
    let word = redact.filter(|word| parse_truth(word) != Some(false))?;
    Some(format!("nothing is masked in an image, and HEAPWARDEN_REDACT={word}"))
}

/// Whether an order with these options may leave one.
///
/// # Errors
/// `Unsupported` with the reason.
pub fn allowed(options: &CaptureOptions) -> Result<()> {
    let refusal = if options.form == WantedForm::Snapshot {
        "form is 'snapshot'"
    } else if !options.images {
        "images are turned off (images: false)"
    } else if options.redact {
        "nothing is masked in an image, and redact was asked for"
    } else if !options.image_buffers
        && let Err(error) = backing_stores::known()
    {
        return Err(Error::Unsupported(format!("images: {{ buffers: false }}: {error}")));
    } else {
        return available();
    };
    Err(Error::Unsupported(refusal.into()))
}

#[cfg(all(test, target_os = "linux", target_arch = "x86_64"))]
mod tests {
    use super::*;

    #[test]
    fn what_may_mean_no_means_no() {
        let word = |word: &str| Some(word.to_owned());
        for (images, redact) in [(None, None), (word("on"), None), (word("1"), word("off"))] {
            assert_eq!(refused(images, redact), None);
        }
        for (images, redact) in
            [(word("off"), None), (word("flase"), None), (None, word("ture")), (None, word("1"))]
        {
            assert!(refused(images.clone(), redact.clone()).is_some(), "{images:?} {redact:?}");
        }
    }

    #[test]
    fn who_asks_for_masking_or_turns_images_off_gets_none() {
        let auto = CaptureOptions::default();
        assert_eq!(allowed(&auto), Ok(()));
        for (options, why) in [
            (CaptureOptions { images: false, ..auto.clone() }, "images: false"),
            (CaptureOptions { redact: true, ..auto.clone() }, "redact"),
            (CaptureOptions { image_buffers: false, ..auto.clone() }, "buffers"),
            (CaptureOptions { form: WantedForm::Image, redact: true, ..auto.clone() }, "redact"),
            (CaptureOptions { form: WantedForm::Snapshot, ..auto.clone() }, "'snapshot'"),
        ] {
            let error = allowed(&options).unwrap_err();
            assert_eq!(error.code(), "HEAPWARDEN_UNSUPPORTED");
            assert!(error.to_string().contains(why), "{error}");
        }
    }
}
