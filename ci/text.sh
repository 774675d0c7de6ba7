#!/usr/bin/env bash
# Spelling of everything that is committed (typos, with the words of _typos.toml), and the links between Markdown files: the file
# exists, and has the heading. Links of rustdoc's own are checked by rustdoc; addresses in the web are not looked up.
set -euo pipefail
cd "$(dirname "$0")/.."

echo "== spelling"
typos=$(command -v typos || echo "$PWD/target/tools/typos/bin/typos")
if [ ! -x "$typos" ]; then
  # As a wheel, which has the program ready to run: to compile it would take minutes.
  python3 -m pip install --quiet --disable-pip-version-check --root-user-action ignore --target target/tools/typos 'typos>=1.39,<2' >target/typos.log 2>&1 || true
fi
if [ -x "$typos" ]; then
  "$typos" --format brief
else
  echo "   skipped: there is no typos, and pip cannot bring it (cargo install typos-cli): $(tail -n 1 target/typos.log 2>/dev/null)"
fi

echo "== links between Markdown files"
git ls-files -z --cached --others --exclude-standard '*.md' | xargs -0 perl -e '
  use strict; use warnings; use File::Basename; use File::Spec;
  my (%anchors, $broken);
  sub text { open my $file, "<", $_[0] or die "$_[0]: $!"; local $/; my $text = <$file>; $text =~ s/^```.*?^```//gms; $text }
  sub anchors {
    my ($path) = @_;
    return $anchors{$path} //= do {
      my %found;
      for (text($path) =~ /^#+ +(.+)$/mg) {
        my $slug = lc; $slug =~ s/\[([^\]]*)\]\([^)]*\)/$1/g; $slug =~ s/[^\w\- ]//g; $slug =~ s/ /-/g;
        $found{$slug} = 1;
      }
      \%found;
    };
  }
  for my $page (@ARGV) {
    # Pages that rustdoc shows name items, which rustdoc looks up.
    my $rustdoc = $page =~ m{^crates/[^/]+/docs/};
    for (text($page) =~ /\]\(([^()\s]+(?:\(\))?)\)/g) {
      next if m{^https?:} or m{^mailto:} or ($rustdoc and not m{/|\.md|^#});
      my ($path, $anchor) = split /#/, $_, 2;
      my $target = $path eq "" ? $page : File::Spec->catfile(dirname($page), $path);
      if (not -e $target) { print STDERR "$page: there is no $_\n"; $broken = 1; next }
      if (defined $anchor and $target =~ /\.md$/ and not anchors($target)->{$anchor}) {
        print STDERR "$page: there is no heading for $_\n"; $broken = 1;
      }
    }
  }
  exit($broken ? 1 : 0);
'
