//! Which conditions of a question may be looked at before the row filter: those that can neither
//! fail nor tell anything, and even they only let files and pages be skipped.

use datafusion::logical_expr::{BinaryExpr, Expr, Operator};

/// Whether a condition is made of comparisons of `free` columns with constants, and nothing else.
pub(crate) fn harmless(condition: &Expr, free: &dyn Fn(&str) -> bool) -> bool {
    match condition {
        Expr::BinaryExpr(BinaryExpr {
            left,
            op: Operator::And | Operator::Or,
            right,
        }) => harmless(left, free) && harmless(right, free),
        Expr::BinaryExpr(BinaryExpr { left, op, right }) if comparison(*op) => {
            (column(left, free) && literal(right)) || (literal(left) && column(right, free))
        }
        Expr::IsNull(inner) | Expr::IsNotNull(inner) => column(inner, free),
        Expr::Between(between) => {
            column(&between.expr, free) && literal(&between.low) && literal(&between.high)
        }
        Expr::InList(list) => column(&list.expr, free) && list.list.iter().all(literal),
        _ => false,
    }
}

fn comparison(operator: Operator) -> bool {
    matches!(
        operator,
        Operator::Eq
            | Operator::NotEq
            | Operator::Lt
            | Operator::LtEq
            | Operator::Gt
            | Operator::GtEq
    )
}

fn column(expression: &Expr, free: &dyn Fn(&str) -> bool) -> bool {
    matches!(expression, Expr::Column(column) if free(&column.name))
}

fn literal(expression: &Expr) -> bool {
    matches!(expression, Expr::Literal(..))
}

#[cfg(test)]
mod tests {
    use datafusion::prelude::{col, lit};

    use super::*;

    #[test]
    fn only_comparisons_of_free_columns_with_constants_pass() {
        let free = |name: &str| name != "masked";
        let passes = |condition: Expr| harmless(&condition, &free);
        assert!(passes(
            col("a")
                .eq(lit(1))
                .and(col("b").lt(lit(2)).or(col("c").is_null()))
        ));
        assert!(passes(lit(1).lt_eq(col("a"))));
        assert!(passes(col("a").between(lit(1), lit(2))));
        assert!(passes(col("a").in_list(vec![lit(1), lit(2)], false)));
        assert!(!passes(col("masked").eq(lit(1))));
        assert!(!passes(col("a").eq(lit(1)).and(col("masked").eq(lit(1)))));
        assert!(!passes(col("a").eq(col("b"))));
        assert!(!passes((lit(1) / col("a")).eq(lit(1))));
        assert!(!passes(col("a").like(lit("x%"))));
        assert!(!passes(Expr::Not(Box::new(col("a")))));
    }
}
