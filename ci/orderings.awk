# Lists the orderings of atomic operations in Rust sources, one a line:
#
#   FILE:FUNCTION:OPERATION ORDERING LINE WHICH
#
# WHICH is the how manieth ordering of the line it is. An operation is named after the last name of what it is done on, as in
# `readers.fetch_add`; if it has two orderings, the name of the second one ends with `:failure`, and if a function does the same
# thing twice, that of the second time with `:again`. Comments, and modules of tests, which come last in a file, are left out.
# Variable: root, what to take from the paths.

FNR == 1 { text = ""; depth = 0; fn = "-"; over = 0; path = FILENAME; sub("^" root "/?", "", path); delete seen }
/^(#\[cfg\(.*test.*\)\]|mod tests)/ { test = 1 }
/^}/ { test = 0; text = "" }
{
  line = $0
  sub(/\/\/.*/, "", line)
  if (match(line, /fn [a-z_0-9]+/)) fn = substr(line, RSTART + 3, RLENGTH - 3)
  which = 0
  while (match(line, /Ordering::(SeqCst|AcqRel|Acquire|Release|Relaxed)/)) {
    text = text substr(line, 1, RSTART - 1)
    ordering = substr(line, RSTART + 10, RLENGTH - 10)
    line = substr(line, RSTART + RLENGTH)
    which++
    if (!test && path !~ /^(models|sync\.rs|wakers\/tests\.rs)/) report()
    text = text "ORDERING"
  }
  text = text line " "
  if (length(text) > 2000) text = substr(text, length(text) - 1000)
}

# The operation is what stands before the innermost parenthesis that is still open.
function report(    at, open, c, operation, before, name) {
  open = 0
  for (at = length(text); at > 0; at--) {
    c = substr(text, at, 1)
    if (c == ")") open++
    if (c == "(" && open-- == 0) break
  }
  before = substr(text, 1, at - 1)
  gsub(/ +\./, ".", before)
  match(before, /([a-z_0-9]+\.)?[a-z_0-9]+$/)
  operation = substr(before, RSTART, RLENGTH)
  name = path ":" fn ":" operation
  if (text ~ /ORDERING, *$/) name = name ":failure"
  else if (seen[name]++) name = name ":again"
  print name, ordering, FNR, which
}
