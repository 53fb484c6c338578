use crate::{reencrypt::re_encrypt_service_client::ReEncryptServiceClient, setting};
use std::{env, error::Error, fs, path::Path};
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};

pub type Client = ReEncryptServiceClient<Channel>;

/// Connects to PROXY_TARGET: host:port or unix:/path. PROXY_TLS names a folder with ca.pem,
/// cert.pem and key.pem; without it the connection is in clear, for loopback and Unix sockets.
pub fn connect() -> Result<Client, Box<dyn Error>> {
    let target = setting("PROXY_TARGET", "127.0.0.1:50051");
    let channel = if target.starts_with("unix:") {
        Endpoint::from_shared(target)?.connect_lazy()
    } else if let Ok(folder) = env::var("PROXY_TLS") {
        Endpoint::from_shared(format!("https://{target}"))?
            .tls_config(mutual_tls(Path::new(&folder))?)?
            .connect_lazy()
    } else {
        Endpoint::from_shared(format!("http://{target}"))?.connect_lazy()
    };
    Ok(ReEncryptServiceClient::new(channel))
}

fn mutual_tls(folder: &Path) -> Result<ClientTlsConfig, Box<dyn Error>> {
    let read = |name: &str| fs::read(folder.join(name));
    Ok(ClientTlsConfig::new()
        .ca_certificate(Certificate::from_pem(read("ca.pem")?))
        .identity(Identity::from_pem(read("cert.pem")?, read("key.pem")?))
        .domain_name(setting("PROXY_NAME", "localhost")))
}
