//! Which mutants do not compile: those in whose branch the compiler finds an error.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, BufRead, Write};
use std::path::Path;

use serde_json::Value;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Expr, ExprIf, Lit};

use crate::Place;

/// Looks for the innermost mutant at a place.
struct Finder {
    at: Place,
    found: Option<usize>,
}

/// The number, if this asks whether a mutant is active.
fn number(condition: &Expr) -> Option<usize> {
    let Expr::Call(call) = condition else { return None };
    let Expr::Path(function) = &*call.func else { return None };
    if function.path.segments.len() != 3 || function.path.segments[1].ident != "mutant" {
        return None;
    }
    match call.args.first() {
        Some(Expr::Lit(literal)) => match &literal.lit {
            Lit::Int(number) => number.base10_parse().ok(),
            _ => None,
        },
        _ => None,
    }
}

impl<'ast> Visit<'ast> for Finder {
    fn visit_expr_if(&mut self, expression: &'ast ExprIf) {
        if let Some(number) = number(&expression.cond) {
            let span = expression.then_branch.span();
            if (Place::from(span.start())..Place::from(span.end())).contains(&self.at) {
                self.found = Some(number);
            }
        }
        visit::visit_expr_if(self, expression);
    }
}

/// Reads what `cargo check --message-format=json` says, and adds those to blame to the list. Fails if it was somebody else.
pub(crate) fn blame(tree: &Path, left_out: &str) -> io::Result<()> {
    let mut parsed: BTreeMap<String, syn::File> = BTreeMap::new();
    let (mut blamed, mut others) = (BTreeSet::new(), Vec::new());
    for line in io::stdin().lock().lines() {
        let Ok(message) = serde_json::from_str::<Value>(&line?) else { continue };
        let message = &message["message"];
        if message["level"] != "error" {
            continue;
        }
        let mut found = None;
        for span in message["spans"].as_array().into_iter().flatten() {
            let Some(file) = span["file_name"].as_str().filter(|_| span["is_primary"] == true) else { continue };
            if !parsed.contains_key(file) {
                let text = fs::read_to_string(tree.join(file))?;
                parsed.insert(file.to_owned(), syn::parse_file(&text).map_err(io::Error::other)?);
            }
            let number = |key: &str| span[key].as_u64().map_or(0, |number| number as usize);
            let at = Place { line: number("line_start"), column: number("column_start") };
            let mut finder = Finder { at, found: None };
            finder.visit_file(&parsed[file]);
            found = found.or(finder.found);
        }
        match found {
            Some(number) => {
                blamed.insert(number);
            }
            None => others.push(message["rendered"].as_str().unwrap_or_default().to_owned()),
        }
    }
    if blamed.is_empty() {
        others.truncate(3);
        return Err(io::Error::other(others.join("\n")));
    }
    let mut list = fs::OpenOptions::new().create(true).append(true).open(left_out)?;
    for number in &blamed {
        writeln!(list, "{number}")?;
    }
    println!("   {} do not compile", blamed.len());
    Ok(())
}
