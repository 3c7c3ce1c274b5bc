//! CloudTrail and EventBridge JSON read as changes.
