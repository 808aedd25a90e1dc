"""What a found graph is compared with, by name; this is read before any library is there."""

FOUND = 'found'
METHODS = (FOUND, 'dml', 'independent')
