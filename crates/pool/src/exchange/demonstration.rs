//! The agreements of a demonstration city, signed by its made-up offices.

use city::City;
use city::kinds::{Client, Role};

use super::agreements::Refused;
use super::calls::Exchange;
use super::signer::Signer;
use super::steps::{Standing, Statement, Step};

impl Exchange {
    /// Proposes and approves every agreement whose file nobody has signed yet and whose offices are
    /// made up for a demonstration; says how many came into force. Of a real city it signs nothing.
    ///
    /// # Errors
    /// The first step that was refused.
    pub fn sign_demonstration(&self) -> Result<usize, Refused> {
        let compiled = self.compiled();
        let city = compiled.city.clone();
        let now = self.now();
        let today = compiled.date(now);
        // What is over cannot be signed any more; a demonstration may show that as well.
        let open: Vec<_> = self
            .agreements()?
            .into_iter()
            .filter(|one| one.current && one.definition.until >= today)
            .collect();
        let sign = |id: &str, version: &str, step, department: &str, role| {
            let office = office(&city, department, role)?;
            let signer = Signer::demonstration(&office, 0).ok()?;
            Some(Statement::sign(&signer, id, version, step, now))
        };
        let mut proposals = Vec::new();
        let mut approvals = Vec::new();
        for one in &open {
            let proposal = sign(
                &one.id,
                &one.version,
                Step::Propose,
                &one.consumer,
                Role::Propose,
            );
            let approval = sign(
                &one.id,
                &one.version,
                Step::Approve,
                &one.provider,
                Role::Approve,
            );
            let (Some(proposal), Some(approval)) = (proposal, approval) else {
                continue;
            };
            match one.standing {
                Standing::Draft => {
                    proposals.push(proposal);
                    approvals.push(approval);
                }
                Standing::Proposed => approvals.push(approval),
                _ => {}
            }
        }
        for taken in self.steps(&proposals) {
            taken?;
        }
        let approved = self.steps(&approvals);
        let count = approved.len();
        approved
            .into_iter()
            .try_for_each(|taken| taken.map(|_| ()))?;
        Ok(count)
    }
}

/// A made-up office of a department that may sign as `role`.
fn office(city: &City, department: &str, role: Role) -> Option<String> {
    let of = |client: &&city::Definition<Client>| {
        client.department.as_deref() == Some(department)
            && client.demonstration
            && client.roles.contains(&role)
    };
    city.all::<Client>()
        .find(of)
        .map(|client| client.id.clone())
}
