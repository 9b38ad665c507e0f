/** The process of one training job: its request comes first, a second message stops it. */
import { failureReason } from './errors.ts'
import type { TrainingEvent, TrainingRequest } from './protocol.ts'
import { train } from './train.ts'

const stop = new AbortController()
const tell = (event: TrainingEvent) => void process.send?.(event)

process.once('message', async (request) => {
  process.on('message', () => stop.abort())
  try {
    await train(request as TrainingRequest, tell, stop.signal)
  } catch (error) {
    tell({ is: 'failed', reason: failureReason(error) })
  }
  process.disconnect?.()
})
// The cloud is gone: nobody waits for the model.
process.on('disconnect', () => process.exit())
