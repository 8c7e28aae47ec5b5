# JSON → lines of shell: `leaf 'late-commands/0' 'text'`. What cloud-init reads as YAML is JSON when hvlab writes it.
function fail(why) { print "stand-in: user-data is not JSON: " why > "/dev/stderr"; exit 1 }
function space() { sub(/^[ \t\r\n]+/, "", s) }
function quoted(text) { gsub(/'/, "'\\''", text); return "'" text "'" }
function string(   raw, out, at, c) {
  if (!match(s, /^"([^"\\]|\\.)*"/)) fail("a string was expected at " substr(s, 1, 20))
  raw = substr(s, 2, RLENGTH - 2); s = substr(s, RLENGTH + 1)
  out = ""
  while ((at = index(raw, "\\")) > 0) {
    out = out substr(raw, 1, at - 1); c = substr(raw, at + 1, 1); raw = substr(raw, at + 2)
    if (c == "n") out = out "\n"
    else if (c == "t") out = out "\t"
    else if (c == "r") out = out "\r"
    else if (c == "u") { out = out "?"; raw = substr(raw, 5) }
    else out = out c
  }
  return out raw
}
function value(path,   c, key, n) {
  space(); c = substr(s, 1, 1)
  if (c == "{") {
    s = substr(s, 2); space()
    if (substr(s, 1, 1) == "}") { s = substr(s, 2); return }
    for (;;) {
      space(); key = string(); gsub(/\//, "_", key); space()
      if (substr(s, 1, 1) != ":") fail("a colon was expected after " key)
      s = substr(s, 2); value(path == "" ? key : path "/" key); space()
      c = substr(s, 1, 1); s = substr(s, 2)
      if (c == "}") return
      if (c != ",") fail("a comma was expected after " key)
    }
  }
  if (c == "[") {
    s = substr(s, 2); space(); n = 0
    if (substr(s, 1, 1) == "]") { s = substr(s, 2); return }
    for (;;) {
      value(path "/" n++); space()
      c = substr(s, 1, 1); s = substr(s, 2)
      if (c == "]") return
      if (c != ",") fail("a comma was expected in " path)
    }
  }
  if (c == "\"") { print "leaf " quoted(path) " " quoted(string()); return }
  if (!match(s, /^(true|false|null|-?[0-9.eE+-]+)/)) fail("a value was expected at " substr(s, 1, 20))
  print "leaf " quoted(path) " " quoted(substr(s, 1, RLENGTH)); s = substr(s, RLENGTH + 1)
}
/^#/ && !body { next }
{ body = 1; s = s $0 "\n" }
END { value("") }
