//! History in Delta tables, and questions in SQL over it.
