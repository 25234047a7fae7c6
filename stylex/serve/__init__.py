"""The service: photos painted over HTTP, by painters that are loaded once. Needs the extra `serve`."""
