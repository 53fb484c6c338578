//! Re-encrypts the ciphertext in a file through kms-reencrypt-proxy.

mod connection;
mod explain;
mod retry;

pub mod reencrypt {
    tonic::include_proto!("kms.reencrypt.v1");
}

use reencrypt::ReEncryptRequest;
use std::{collections::HashMap, env, fs, process::ExitCode, time::Duration};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().collect();
    let [_, source, result] = arguments.as_slice() else {
        eprintln!("usage: example CIPHERTEXT_FILE RESULT_FILE");
        return ExitCode::from(64);
    };
    match re_encrypt(source, result).await {
        Ok(told) => {
            println!("{}", printable(&told));
            ExitCode::SUCCESS
        }
        Err(error) => {
            let (sentence, code) = explain::explain(error.as_ref());
            eprintln!("re-encrypt: {}", printable(&sentence));
            ExitCode::from(code)
        }
    }
}

async fn re_encrypt(source: &str, result: &str) -> Result<String, Box<dyn std::error::Error>> {
    let request = ReEncryptRequest {
        ciphertext_blob: fs::read(source)?,
        source_key_id: Some(setting("SOURCE_KEY_ID", "alias/demo-source")),
        source_encryption_context: tenant("SOURCE_TENANT"),
        destination_key_id: setting("DESTINATION_KEY_ID", "alias/demo-destination"),
        destination_encryption_context: tenant("DESTINATION_TENANT"),
        ..Default::default()
    };
    // The deadline covers the retries too. The proxy itself gives up after 30 s at most.
    let deadline = Duration::from_millis(setting("TIMEOUT_MS", "2000").parse()?);
    let client = connection::connect()?;
    let answer = retry::retry(client, request, deadline).await?;
    if answer.ciphertext_blob.is_empty() {
        return Err("the answer has no ciphertext".into());
    }
    fs::write(result, answer.ciphertext_blob)?;
    let (key, decision) = (answer.key_id, answer.decision_id);
    Ok(format!("released under {key} decision_id {decision}"))
}

/// Without what a terminal would obey instead of showing.
fn printable(text: &str) -> String {
    text.replace(char::is_control, "\u{fffd}")
}

fn tenant(name: &str) -> HashMap<String, String> {
    HashMap::from([("tenant".to_owned(), setting(name, "acme"))])
}

pub fn setting(name: &str, fallback: &str) -> String {
    env::var(name).unwrap_or_else(|_| fallback.to_owned())
}
