"""The interactive map: its page, what the page is given, and what runs in the browser."""
