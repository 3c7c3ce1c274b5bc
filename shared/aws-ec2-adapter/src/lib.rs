//! EC2 instances that are nodes of a cluster.
