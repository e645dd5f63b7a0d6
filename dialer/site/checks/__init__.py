"""What `dialer doctor` looks at; one file a part of the site. Nothing here starts or changes anything."""
