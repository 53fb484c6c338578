//! Makes the stubs from proto/ with tonic's own generator. Needs protoc.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    tonic_prost_build::configure()
        .build_server(false)
        .extern_path(".google.rpc", "::tonic_types::pb")
        .compile_protos(&["../../proto/kms/reencrypt/v1/reencrypt.proto"], &["../../proto"])?;
    Ok(())
}
