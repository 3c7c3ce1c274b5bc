//! Journeys from door to door.
