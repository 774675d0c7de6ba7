//! Writes the sources with the mutants in them.
//!
//! `a + b` becomes `if is(7) { a - b } else { a + b }`; a function that shall return something else does so before it does anything.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::{fs, io};

use syn::spanned::Spanned;
use syn::visit_mut::{self, VisitMut};
use syn::{BinOp, Block, Expr, ImplItemFn, ItemFn, Stmt, TraitItemFn, UnOp, parse_quote};

use crate::{Mutant, Place};

/// The mutants of a file, by their kind and place. Those of one place are alternatives.
struct Weaver<'a> {
    at: BTreeMap<(&'a str, Place), Vec<(usize, &'a str)>>,
}

pub(crate) fn weave(mutants: &[Mutant], from: &Path, to: &Path, left_out: &BTreeSet<usize>) -> io::Result<()> {
    let files: BTreeSet<&str> = mutants.iter().map(|mutant| mutant.file.as_str()).collect();
    for file in files {
        let mut weaver = Weaver { at: BTreeMap::new() };
        for (number, mutant) in mutants.iter().enumerate() {
            if mutant.file == file && mutant.can_be_woven() && !left_out.contains(&number) {
                let at = weaver.at.entry((&mutant.genre, mutant.span.start)).or_default();
                at.push((number, &mutant.replacement));
            }
        }
        let mut parsed = syn::parse_file(&fs::read_to_string(from.join(file))?).map_err(io::Error::other)?;
        weaver.visit_file_mut(&mut parsed);
        for at in weaver.at.into_values().flatten() {
            eprintln!("   not found in the sources: {}", mutants[at.0].name);
        }
        fs::write(to.join(file), prettyplease::unparse(&parsed))?;
    }
    Ok(())
}

impl Weaver<'_> {
    fn take(&mut self, genre: &'static str, at: impl Spanned) -> Vec<(usize, String)> {
        let place = Place::from(at.span().start());
        let taken = self.at.remove(&(genre, place)).unwrap_or_default();
        taken.into_iter().map(|(number, replacement)| (number, replacement.to_owned())).collect()
    }

    fn start_of(&mut self, block: &Block) -> Vec<(usize, String)> {
        block.stmts.first().map_or_else(Vec::new, |first| self.take("FnValue", first))
    }
}

/// Whether a `let` is in a condition, which cannot be put into parentheses.
fn has_let(expression: &Expr) -> bool {
    match expression {
        Expr::Let(_) => true,
        Expr::Binary(binary) => has_let(&binary.left) || has_let(&binary.right),
        _ => false,
    }
}

fn return_early(block: &mut Block, instead: Vec<(usize, String)>) {
    for (number, replacement) in instead {
        if let Ok(replacement) = syn::parse_str::<Expr>(&replacement) {
            let early: Stmt = parse_quote! { if crate::mutant::is(#number) { return #replacement; } };
            block.stmts.insert(0, early);
        }
    }
}

impl VisitMut for Weaver<'_> {
    fn visit_item_fn_mut(&mut self, function: &mut ItemFn) {
        let instead = self.start_of(&function.block);
        visit_mut::visit_item_fn_mut(self, function);
        return_early(&mut function.block, instead);
    }

    fn visit_impl_item_fn_mut(&mut self, function: &mut ImplItemFn) {
        let instead = self.start_of(&function.block);
        visit_mut::visit_impl_item_fn_mut(self, function);
        return_early(&mut function.block, instead);
    }

    fn visit_trait_item_fn_mut(&mut self, function: &mut TraitItemFn) {
        let instead = function.default.as_ref().map_or_else(Vec::new, |block| self.start_of(block));
        visit_mut::visit_trait_item_fn_mut(self, function);
        if let Some(block) = &mut function.default {
            return_early(block, instead);
        }
    }

    fn visit_arm_mut(&mut self, arm: &mut syn::Arm) {
        let deleted = self.take("MatchArm", &arm.pat);
        let guards = arm.guard.as_ref().map_or_else(Vec::new, |(_, guard)| self.take("MatchArmGuard", guard));
        visit_mut::visit_arm_mut(self, arm);
        if let Some((_, guard)) = &mut arm.guard {
            for (number, replacement) in guards {
                let replacement: Expr = syn::parse_str(&replacement).expect("a guard is an expression");
                **guard = parse_quote! { (if crate::mutant::is(#number) { #replacement } else { #guard }) };
            }
        }
        for (number, _) in deleted {
            let guard: Expr = match &arm.guard {
                Some((_, guard)) => parse_quote! { !crate::mutant::is(#number) && (#guard) },
                None => parse_quote! { !crate::mutant::is(#number) },
            };
            arm.guard = Some((parse_quote!(if), Box::new(guard)));
        }
    }

    fn visit_expr_mut(&mut self, expression: &mut Expr) {
        let instead = match expression {
            Expr::Binary(binary) if !has_let(&binary.left) && !has_let(&binary.right) => {
                self.take("BinaryOperator", binary.op)
            }
            Expr::Unary(unary) => self.take("UnaryOperator", unary.op),
            _ => Vec::new(),
        };
        visit_mut::visit_expr_mut(self, expression);
        let original = expression.clone();
        for (number, replacement) in instead {
            let other: Expr = match &original {
                Expr::Binary(binary) => {
                    let operator: BinOp = syn::parse_str(&replacement).expect("an operator");
                    let (left, right) = (&binary.left, &binary.right);
                    parse_quote! { (#left) #operator (#right) }
                }
                Expr::Unary(unary) => {
                    debug_assert!(matches!(unary.op, UnOp::Not(_) | UnOp::Neg(_)));
                    (*unary.expr).clone()
                }
                _ => unreachable!("nothing was taken for it"),
            };
            *expression = parse_quote! { (if crate::mutant::is(#number) { #other } else { #expression }) };
        }
    }
}
