"""Tables in files, for logs and networks alike: finding the columns, reading texts, numbers and times."""
