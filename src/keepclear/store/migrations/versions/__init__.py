"""The revisions, oldest first: `r0001`, `r0002`, ... A revision that was released is never changed."""
