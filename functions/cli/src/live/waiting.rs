//! Waiting for AWS.

use tokio::runtime;

use crate::error::CliError;

/// What comes of it.
pub fn wait_for<F: Future>(future: F) -> Result<F::Output, CliError> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    Ok(runtime.map_err(CliError::Runtime)?.block_on(future))
}
