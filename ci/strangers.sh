#!/usr/bin/env bash
# Does what a reader of the documentation does: in an empty folder, copies the dependencies and the programs of a page, and compiles
# them. Every page that has a program has to say what it depends on.
#
#   ci/strangers.sh           all pages
#   ci/strangers.sh PAGE...   these, such as README.md
set -euo pipefail
cd "$(dirname "$0")/.."

if [ $# = 0 ]; then
  mapfile -t pages < <(git ls-files --cached --others --exclude-standard README.md 'crates/*/README.md' 'crates/*/docs/*.md')
else
  pages=("$@")
fi
root=$PWD
empty=$root/target/strangers
rm -rf "$empty/pages"
mkdir -p "$empty/pages"
export CARGO_TARGET_DIR=$empty/target CARGO_INCREMENTAL=0
status=0

for page in "${pages[@]}"; do
  # What is shown is what is copied: lines that rustdoc hides are left out.
  folder=$empty/pages/$(tr -c 'a-z0-9\n' - <<<"${page%.md}")
  programs=$(perl -e '
    use strict; use warnings;
    my ($page, $folder) = @ARGV;
    open my $file, "<", $page or die "$page: $!";
    my $text = do { local $/; <$file> };
    my (@programs, @dependencies);
    while ($text =~ /^```([^\n]*)\n(.*?)^```$/gms) {
      my ($language, $code) = ($1, $2);
      push @dependencies, split /^/, $1 if $language eq "toml" and $code =~ /\A\[dependencies\]\n(.*)\z/s;
      next if $language !~ /^(rust|no_run|standalone_crate|,)*$/ or $code !~ /\bfn main\(/;
      push @programs, join "", grep { !/^\s*# / and !/^\s*#$/ } split /^/, $code;
    }
    if (@programs and not @dependencies) { print STDERR "$page: a program, and no [dependencies]\n"; exit 1 }
    if (@programs) {
      mkdir $_ for $folder, "$folder/src", "$folder/src/bin";
      open my $manifest, ">", "$folder/Cargo.toml" or die $!;
      # It is in the workspace of nobody.
      my %seen;
      print $manifest "[package]\nname = \"stranger\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n", grep { !$seen{$_}++ } @dependencies;
      for my $n (1 .. @programs) {
        open my $source, ">", "$folder/src/bin/program-$n.rs" or die $!;
        print $source $programs[$n - 1];
      }
    }
    print scalar @programs;
  ' "$page" "$folder") || { status=1 && continue; }
  [ "$programs" != 0 ] || continue
  # As the README says, while the crates are not on crates.io. Those that the page does not use are not patched: cargo would warn.
  {
    echo
    sed -n '/^\[patch.crates-io\]$/,/^```$/p' README.md | grep -v '^```' | sed "s|path/to/clone|$root|"
  } >>"$folder/Cargo.toml"
  if (cd "$folder" && cargo check --quiet --bins) >"$folder/log" 2>&1; then
    echo "   $page: $programs compile"
  else
    echo "   $page: of $programs, not all compile" >&2
    grep -v 'was not used in the crate graph' "$folder/log" >&2
    status=1
  fi
done
exit $status
