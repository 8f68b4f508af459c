"""The playground: a page in which one changes a small world by hand, and sees who deserves what."""
