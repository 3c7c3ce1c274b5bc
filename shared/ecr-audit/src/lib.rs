//! Node roles of EKS and what they may do with Amazon ECR.
