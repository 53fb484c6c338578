use crate::{reencrypt::re_encrypt_service_client::ReEncryptServiceClient, setting};
use hyper_util::rt::TokioIo;
use std::{env, error::Error, fs, path::Path};
use tokio::net::UnixStream;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity, Uri};
use tower::service_fn;

pub type Client = ReEncryptServiceClient<Channel>;

/// Connects to PROXY_TARGET: host:port or unix:/path. PROXY_TLS names a folder with ca.pem,
/// cert.pem and key.pem; without it the connection is in clear, for loopback and Unix sockets.
pub fn connect() -> Result<Client, Box<dyn Error>> {
    let target = setting("PROXY_TARGET", "127.0.0.1:50051");
    let channel = if let Some(path) = target.strip_prefix("unix:").map(str::to_owned) {
        // The address is not used; the connector goes to the socket.
        Endpoint::from_static("http://localhost").connect_with_connector_lazy(service_fn(
            move |_: Uri| {
                let path = path.clone();
                async move { UnixStream::connect(path).await.map(TokioIo::new) }
            },
        ))
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
