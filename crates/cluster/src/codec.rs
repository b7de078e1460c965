//! How plans travel: Ballista's own nodes as Ballista writes them, barriers as `lake` does.

use std::sync::Arc;

use ballista_core::serde::BallistaPhysicalExtensionCodec;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::TaskContext;
use datafusion::physical_plan::ExecutionPlan;
use datafusion_proto::physical_plan::{PhysicalExtensionCodec, PhysicalProtoConverterExtension};
use lake::questions::carry::CarriedExec;

/// The first byte of a node of Ballista's.
const BALLISTA: u8 = 0;
/// The first byte of a barrier.
const BARRIER: u8 = 1;

/// Writes and reads the nodes that DataFusion does not know.
#[derive(Debug, Default)]
pub(crate) struct Codec {
    ballista: BallistaPhysicalExtensionCodec,
}

impl PhysicalExtensionCodec for Codec {
    fn try_decode(
        &self,
        buf: &[u8],
        inputs: &[Arc<dyn ExecutionPlan>],
        context: &TaskContext,
        converter: &dyn PhysicalProtoConverterExtension,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let wrong =
            |what: &str| DataFusionError::Internal(format!("a plan arrived broken: {what}"));
        match buf.split_first() {
            Some((&BALLISTA, node)) => self.ballista.try_decode(node, inputs, context, converter),
            Some((&BARRIER, head)) => {
                let [tickets] = inputs else {
                    return Err(wrong("a barrier has one input"));
                };
                let carried = CarriedExec::from_bytes(head, Arc::clone(tickets))?;
                Ok(Arc::new(carried))
            }
            _ => Err(wrong("a node of neither sort")),
        }
    }

    fn try_encode(
        &self,
        node: Arc<dyn ExecutionPlan>,
        buf: &mut Vec<u8>,
        converter: &dyn PhysicalProtoConverterExtension,
    ) -> Result<()> {
        if let Some(carried) = node.downcast_ref::<CarriedExec>() {
            buf.push(BARRIER);
            buf.extend(carried.to_bytes());
            return Ok(());
        }
        buf.push(BALLISTA);
        self.ballista.try_encode(node, buf, converter)
    }
}
