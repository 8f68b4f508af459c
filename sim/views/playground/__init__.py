"""The playground: a page in which one changes a small world by hand, and sees at once who deserves what."""
