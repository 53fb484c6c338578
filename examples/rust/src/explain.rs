use std::{error::Error, iter::successors};
use tonic::{Code, Status};
use tonic_types::StatusExt;

const BAD_CERTIFICATE: u8 = 76;

/// Turns any error into one sentence and an exit code: sysexits(3), and timeout(1)'s 124.
pub fn explain(error: &(dyn Error + 'static)) -> (String, u8) {
    let Some(told) = error.downcast_ref::<Status>() else { return (error.to_string(), 70) };
    let (message, code) = (told.message(), told.code());
    if let Some(info) = told.get_details_error_info() {
        let about = |name: &str| info.metadata.get(name).cloned().unwrap_or_default();
        let sentence = format!(
            "{message} [code={code:?} reason={} layer={} side={} rule={} decision_id={}]",
            info.reason,
            about("layer"),
            about("side"),
            about("rule"),
            about("decision_id"),
        );
        return (sentence, exit_code(code));
    }
    // No details: the answer is not the proxy's, the call did not get there.
    let causes: Vec<String> = successors(told.source(), |&cause| cause.source())
        .map(ToString::to_string)
        .collect();
    let sentence = format!("{message}: {} [code={code:?}]", causes.join(": "));
    let bad = sentence.contains("certificate");
    (sentence, if bad { BAD_CERTIFICATE } else { exit_code(code) })
}

fn exit_code(code: Code) -> u8 {
    match code {
        Code::InvalidArgument | Code::NotFound | Code::FailedPrecondition => 65,
        // tonic says Unknown where no connection could be made.
        Code::Unavailable | Code::Unknown => 69,
        Code::ResourceExhausted => 75,
        Code::PermissionDenied | Code::Unauthenticated => 77,
        Code::DeadlineExceeded | Code::Cancelled => 124,
        _ => 70,
    }
}
