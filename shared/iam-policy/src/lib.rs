//! What AWS IAM would say to a request, and to every request.
