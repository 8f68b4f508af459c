"""The playground: a page in which a small world can be changed by hand, and which shows at once who deserves what."""
