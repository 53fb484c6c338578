use crate::{
    connection::Client,
    reencrypt::{ReEncryptRequest, ReEncryptResponse},
    setting,
};
use serde_json::Value;
use std::{error::Error, fs, time::Duration};
use tokio::time::{sleep, timeout};
use tonic::{Code, Request, Status};

/// What tonic does not do by itself: the retries of the published service config, for UNAVAILABLE,
/// waiting as long as the server asks (`grpc-retry-pushback-ms`; negative says never), and for calls
/// that their connection did not outlive.
pub async fn retry(
    mut client: Client,
    request: ReEncryptRequest,
    deadline: Duration,
) -> Result<ReEncryptResponse, Box<dyn Error>> {
    let policy = Policy::read()?;
    let attempts = async {
        let mut backoff = policy.initial;
        for attempt in 1.. {
            let mut call = Request::new(request.clone());
            call.set_timeout(deadline);
            let error = match client.re_encrypt(call).await {
                Ok(answer) => return Ok(answer.into_inner()),
                Err(error) => error,
            };
            let Some(pause) = pause(&error, backoff) else { return Err(error) };
            if attempt == policy.attempts {
                return Err(error);
            }
            sleep(pause).await;
            backoff = (backoff * 2).min(policy.longest);
        }
        unreachable!("the loop returns")
    };
    let late = || Status::deadline_exceeded("the deadline passed on the client's side");
    Ok(timeout(deadline, attempts).await.map_err(|_| late())??)
}

fn pause(error: &Status, backoff: Duration) -> Option<Duration> {
    // Only what tonic itself says of the connection has a source. Other gRPC libraries send again by
    // themselves what a proxy that makes its clients reconnect has not read.
    let cut_off = error.source().is_some();
    if error.code() != Code::Unavailable && !cut_off {
        return None;
    }
    let Some(asked) = error.metadata().get("grpc-retry-pushback-ms") else { return Some(backoff) };
    asked.to_str().ok()?.parse().ok().map(Duration::from_millis)
}

struct Policy {
    attempts: u64,
    initial: Duration,
    longest: Duration,
}

impl Policy {
    fn read() -> Result<Policy, Box<dyn Error>> {
        let text = fs::read_to_string(setting("SERVICE_CONFIG", "../service-config.json"))?;
        let config: Value = serde_json::from_str(&text)?;
        let retry = &config["methodConfig"][0]["retryPolicy"];
        let seconds = |name: &str| -> Result<Duration, Box<dyn Error>> {
            let text = retry[name].as_str().unwrap_or_default().trim_end_matches('s');
            Ok(Duration::from_secs_f64(text.parse()?))
        };
        Ok(Policy {
            attempts: retry["maxAttempts"].as_u64().ok_or("maxAttempts is missing")?,
            initial: seconds("initialBackoff")?,
            longest: seconds("maxBackoff")?,
        })
    }
}
