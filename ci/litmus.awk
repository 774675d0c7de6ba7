# Writes a litmus test with the orderings of the sources, in C or as a compiler translates it. Arguments: the list of orderings
# (see orderings.awk), then the test. Variables:
#
#   to        c, armv8.0 (exclusive loads and stores), armv8.3 (atomic instructions, LDAPR), or riscv
#   instead   orderings to take instead of those of the sources: NAME=ORDERING ...
#   check     unless empty, the orderings that the test shows must be those of the sources
#   name      the title to give it
#
# A line of a test has one operation, and above it, as comments, the names of the operations of the sources that it stands
# for. If these differ, what they have in common counts. What is translated: loads, stores, read-modify-writes, compare-and-swaps whose
# expectation is a location of its own, fences, plain accesses, `int r = 1;`, `if (r == 1) {`.

BEGIN {
  split("relaxed acquire release acq_rel seq_cst", names); for (i in names) strength[names[i]] = i
  short["Relaxed"] = "relaxed"; short["Acquire"] = "acquire"; short["Release"] = "release"
  short["AcqRel"] = "acq_rel"; short["SeqCst"] = "seq_cst"
  n = split(instead, words, " ")
  for (i = 1; i <= n; i++) { split(words[i], pair, "="); other[pair[1]] = short[pair[2]] }
  arm = to ~ /^arm/; lse = to == "armv8.3"; riscv = to == "riscv"
  thread = -1
}
FILENAME == ARGV[1] { source[$1] = short[$2]; next }

{
  line = $0
  n = 0
  if (match(line, /\/\/ .*/)) { n = split(substr(line, RSTART), words, " "); line = substr(line, 1, RSTART - 1) }
  for (i = 1; i <= n; i++) if (words[i] ~ /\.rs:/) bind(words[i])
  if (line ~ /^ *$/) next
  if (first != "") line = with_orderings(line)
  first = second = ""
  if (/^C /) { title = name == "" ? $2 : name; line = "C " title }
  if (to == "c") { print line; next }
}

# The rest translates.
/^C / { next }
/^\{/ {
  sub(/^\{ */, ""); sub(/ *\} *$/, "")
  n = split($0, words, " *; *")
  for (i = 1; i <= n; i++) if (words[i] != "") { gsub(/ /, "", words[i]); split(words[i], pair, "="); initial[pair[1]] = pair[2] }
  next
}
/^P[0-9]/ { thread++; registers = locations = labels = temporaries = open = 0; delete register; delete found; next }
thread >= 0 && /^}/ { finish(); next }
thread >= 0 && !/^exists/ { sub(/^ +/, "", line); if (line != "") translate(line); next }
/^exists/ { condition = line; ended = 1 }

END { if (to != "c" && ended) show() }

function bind(id,    ordering, failure) {
  failure = id ":failure"
  if (!(id in source)) { print FILENAME ": there is no " id > "/dev/stderr"; exit 1 }
  ordering = id in other ? other[id] : source[id]
  first = common(ordering, first)
  if (!(failure in source)) return
  ordering = failure in other ? other[failure] : source[failure]
  second = common(ordering, second)
}

function common(one, other) {
  if (other == "") return one
  if (one != other && strength[one] + strength[other] == strength["acquire"] + strength["release"]) return "relaxed"
  return strength[one] < strength[other] ? one : other
}

function with_orderings(line,    count, result, ordering) {
  result = ""
  while (match(line, /memory_order_[a-z_]+/)) {
    ordering = count++ == 0 ? first : second
    if (check != "" && substr(line, RSTART + 13, RLENGTH - 13) != ordering) {
      print FILENAME ": the sources have " ordering " here:" $0 > "/dev/stderr"; exit 1
    }
    result = result substr(line, 1, RSTART - 1) "memory_order_" ordering
    line = substr(line, RSTART + RLENGTH)
  }
  return result line
}

function has(ordering, part) {
  return ordering == part || ordering == "acq_rel" || ordering == "seq_cst"
}
function emit(text) { code[thread, ++length_of[thread]] = text }
function prefix() { return arm ? "W" : "x" }
function reg(variable) {
  if (!(variable in register)) register[variable] = prefix() (++registers)
  return register[variable]
}
function temporary() {
  if (++temporaries > 13) { print FILENAME ": too many registers" > "/dev/stderr"; exit 1 }
  return prefix() (10 + temporaries)
}
function address(location) {
  sub(/^\*/, "", location)
  if (!(location in found) && !((thread, location) in pointer)) pointer[thread, location] = 24 + locations++
  return arm ? "[X" pointer[thread, location] "]" : "(x" pointer[thread, location] ")"
}
function constant(value,    r) { r = temporary(); emit(arm ? "MOV " r ",#" value : "addi " r ",x0," value); return r }
function label() { return "L" thread (++labels) }

function translate(line,    parts, target, operation, n) {
  if (line ~ /^}/) { emit(ends[open--] ":"); return }
  if (line ~ /^if/) {
    gsub(/[(){]/, " ", line); split(line, parts, " ")
    ends[++open] = label()
    branch_unless_equal(reg(parts[2]), parts[4], ends[open])
    return
  }
  sub(/;.*/, "", line)
  if (line ~ /^atomic_store/) { split_call(line, parts); store(parts[1], parts[2], parts[3]); return }
  if (line ~ /^atomic_thread_fence/) { split_call(line, parts); fence(parts[1]); return }
  n = index(line, " = ")
  target = substr(line, 1, n - 1); line = substr(line, n + 3)
  sub(/^int /, "", target)
  if (target ~ /^\*/) { store(target, line, "relaxed"); return }
  if (line ~ /^-?[0-9]+$/) { emit(arm ? "MOV " reg(target) ",#" line : "addi " reg(target) ",x0," line); return }
  if (line ~ /^\*/) {
    if (substr(line, 2) in found) emit(arm ? "MOV " reg(target) "," found[substr(line, 2)] : "addi " reg(target) "," found[substr(line, 2)] ",0")
    else load(reg(target), line, "relaxed")
    return
  }
  operation = line; sub(/_explicit.*/, "", operation); sub(/^atomic_/, "", operation)
  split_call(line, parts)
  if (operation == "load") load(reg(target), parts[1], parts[2])
  else if (operation == "compare_exchange_strong") exchange_if(reg(target), parts[1], parts[2], parts[3], parts[4], parts[5])
  else modify(operation, reg(target), parts[1], parts[2], parts[3])
}

function split_call(line, parts,    i, n) {
  sub(/^[^(]*\(/, "", line); sub(/\) *$/, "", line)
  n = split(line, parts, ", *")
  for (i = 1; i <= n; i++) sub(/^memory_order_/, "", parts[i])
}

function branch_unless_equal(r, value, to_label,    c) {
  if (arm) { emit("CMP " r ",#" value); emit("B.NE " to_label) }
  else { c = constant(value); emit("bne " r "," c "," to_label) }
}

function load(r, location, ordering) {
  if (arm) emit((ordering == "seq_cst" || ordering == "acquire" && !lse ? "LDAR " : ordering == "acquire" ? "LDAPR " : "LDR ") r "," address(location))
  else {
    if (ordering == "seq_cst") emit("fence rw,rw")
    emit("lw " r ",0" address(location))
    if (has(ordering, "acquire")) emit("fence r,rw")
  }
}

function store(location, value, ordering,    r) {
  r = constant(value)
  if (arm) emit((ordering == "relaxed" ? "STR " : "STLR ") r "," address(location))
  else {
    if (ordering != "relaxed") emit("fence rw,w")
    emit("sw " r ",0" address(location))
  }
}

function fence(ordering) {
  if (arm) emit(ordering == "acquire" ? "DMB ISHLD" : "DMB ISH")
  else emit(ordering == "seq_cst" ? "fence rw,rw" : ordering == "acq_rel" ? "fence.tso" : ordering == "acquire" ? "fence r,rw" : "fence rw,w")
}

function modify(operation, r, location, value, ordering,    v, t, suffix) {
  sub(/^fetch_/, "", operation)
  if (riscv || lse) {
    if (operation == "sub") { operation = "add"; value = -value }
    if (lse && operation == "and") { operation = "clr"; value = -1 - value }
    v = constant(value)
    if (riscv) {
      suffix = (has(ordering, "acquire") ? ".aq" : "") (has(ordering, "release") ? ".rl" : "")
      emit("amo" (operation == "exchange" ? "swap" : operation) ".w" suffix " " r "," v "," address(location))
    } else {
      suffix = (has(ordering, "acquire") ? "A" : "") (has(ordering, "release") ? "L" : "")
      emit((operation == "exchange" ? "SWP" : "LD" (operation == "or" ? "SET" : toupper(operation))) suffix " " v "," r "," address(location))
    }
    return
  }
  emit((has(ordering, "acquire") ? "LDAXR " : "LDXR ") r "," address(location))
  if (operation == "exchange") v = constant(value)
  else { v = temporary(); emit((operation == "or" ? "ORR" : toupper(operation)) " " v "," r ",#" value) }
  conditional_store(v, location, ordering)
}

# One that fails is tried again, so the outcome of interest is that of one that does not.
function conditional_store(v, location, ordering,    status) {
  status = temporary()
  if (arm) emit((has(ordering, "release") ? "STLXR " : "STXR ") status "," v "," address(location))
  else emit("sc.w" (has(ordering, "release") ? ".rl" : "") " " status "," v "," address(location))
  stored = stored " /\\ " thread ":" (arm ? "X" : "x") substr(status, 2) "=0"
}

function exchange_if(ok, location, expectation, value, success, failure,    v, f, l, ordering, acquires, releases) {
  acquires = has(success, "acquire") || has(failure, "acquire"); releases = has(success, "release")
  ordering = success == "seq_cst" || failure == "seq_cst" ? "seq_cst" : acquires && releases ? "acq_rel" : acquires ? "acquire" : releases ? "release" : "relaxed"
  v = constant(value)
  f = found[expectation] = temporary()
  if (lse) {
    emit("MOV " f ",#" initial[expectation])
    emit("CAS" (acquires ? "A" : "") (releases ? "L" : "") " " f "," v "," address(location))
    emit("CMP " f ",#" initial[expectation])
    emit("CSET " ok ",EQ")
    return
  }
  l = label()
  if (arm) { emit("MOV " ok ",#0"); emit((acquires ? "LDAXR " : "LDXR ") f "," address(location)) }
  else { emit("addi " ok ",x0,0"); emit("lr.w" (ordering == "seq_cst" ? ".aq.rl" : acquires ? ".aq" : "") " " f "," address(location)) }
  branch_unless_equal(f, initial[expectation], l)
  conditional_store(v, location, ordering)
  emit(arm ? "MOV " ok ",#1" : "addi " ok ",x0,1")
  emit(l ":")
}

function finish(    variable) {
  for (variable in register) register_of[thread ":" variable] = register[variable]
}

function show(    t, i, key, pair, init, text, longest) {
  print (arm ? "AArch64 " : "RISCV ") title
  init = ""
  for (key in pointer) { split(key, pair, SUBSEP); init = init pair[1] ":" (arm ? "X" : "x") pointer[key] "=" pair[2] "; " }
  for (key in initial) init = init key "=" initial[key] "; "
  print "{ " init "}"
  text = ""
  for (t = 0; t <= thread; t++) { text = text (t ? " | " : " ") "P" t; if (length_of[t] > longest) longest = length_of[t] }
  print text " ;"
  for (i = 1; i <= longest; i++) {
    text = ""
    for (t = 0; t <= thread; t++) text = text (t ? " | " : " ") code[t, i]
    print text " ;"
  }
  text = ""
  while (match(condition, /[0-9]+:[a-z_0-9]+/)) {
    key = substr(condition, RSTART, RLENGTH)
    t = register_of[key]
    if (arm) sub(/^W/, "X", t)
    text = text substr(condition, 1, RSTART - 1) substr(key, 1, index(key, ":")) t
    condition = substr(condition, RSTART + RLENGTH)
  }
  text = text condition
  sub(/^exists */, "", text)
  print "exists (" text stored ")"
}
