//! Whether a request is signed as it was sent: Signature Version 4 worked out once more.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>

use std::fmt::Write;

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use sha2::{Digest, Sha256};

/// The key that the tests sign with.
pub const SECRET_ACCESS_KEY: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// Whether the header `authorization` is the signature of this request with this body.
pub fn is_signed(request: &HttpRequest) -> bool {
    let headers = request.headers();
    let authorization = headers.get("authorization").unwrap_or_default();
    let field = |name: &str| {
        let (_, value) = authorization.split_once(name)?;
        Some(value.split(',').next().unwrap_or_default().trim())
    };
    let (Some(credential), Some(signed_headers), Some(signature)) =
        (field("Credential="), field("SignedHeaders="), field("Signature="))
    else {
        return false;
    };
    let uri = request.uri().strip_prefix("https://").unwrap_or_default();
    let (host, resource) = uri.split_at(uri.find('/').unwrap_or(uri.len()));
    let (path, query) = resource.split_once('?').unwrap_or((resource, ""));
    let mut parameters: Vec<&str> = query.split('&').collect();
    parameters.sort_unstable();

    let mut canonical = String::new();
    let path = if path.is_empty() { "/" } else { path };
    let _ = writeln!(canonical, "{}\n{}", request.method(), path.replace('%', "%25"));
    let _ = writeln!(canonical, "{}", parameters.join("&"));
    for name in signed_headers.split(';') {
        let value = headers.get(name).unwrap_or(if name == "host" { host } else { "" });
        let _ = writeln!(canonical, "{name}:{}", value.trim());
    }
    let body = request.body().bytes().unwrap_or_default();
    let _ = write!(canonical, "\n{signed_headers}\n{}", hex::encode(Sha256::digest(body)));

    let (_, scope) = credential.split_once('/').unwrap_or_default();
    let to_sign = format!(
        "AWS4-HMAC-SHA256\n{}\n{scope}\n{}",
        headers.get("x-amz-date").unwrap_or_default(),
        hex::encode(Sha256::digest(canonical))
    );
    let secret = format!("AWS4{SECRET_ACCESS_KEY}").into_bytes();
    let key = scope.split('/').fold(secret, |key, part| hmac(&key, part.as_bytes()));
    hex::encode(hmac(&key, to_sign.as_bytes())) == signature
}

/// HMAC with SHA-256, for keys of at most 64 bytes.
fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let pad = |filler: u8| {
        let mut block = [filler; 64];
        block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
        block
    };
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize().to_vec()
}
