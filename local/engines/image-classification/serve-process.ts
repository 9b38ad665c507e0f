/** The process behind one variant of an endpoint: loads the model, then answers pictures with probabilities. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { failureReason, InferenceError } from './errors.ts'
import { Backbone } from './model/features.ts'
import { logitsOf, probabilities } from './model/head.ts'
import { readModel } from './model/model.ts'
import { decode, PIXELS } from './model/pixels.ts'
import { withViews } from './model/views.ts'
import type { Question, ServingEvent, ServingRequest } from './protocol.ts'

const tell = (event: ServingEvent) => void process.send?.(event)

process.once('message', async (message) => {
  try {
    const answer = await load(message as ServingRequest)
    process.on('message', async (question) => {
      const { id, body } = question as Question
      try {
        tell({ is: 'answer', id, probabilities: await answer(body) })
      } catch (error) {
        const status = error instanceof InferenceError ? error.status : 500
        tell({ is: 'refusal', id, status, message: (error as Error).message })
      }
    })
    tell({ is: 'ready' })
  } catch (error) {
    tell({ is: 'failed', reason: failureReason(error) })
    process.disconnect?.()
  }
})
process.on('disconnect', () => process.exit())

async function load({ model, folder, threads, views }: ServingRequest) {
  const { network, head } = await readModel(await readFile(model))
  await mkdir(folder, { recursive: true })
  const file = join(folder, 'backbone.onnx')
  await writeFile(file, network)
  const backbone = await Backbone.load(file, threads)
  // The first pass allocates: better now than in the first request.
  await backbone.features(new Float32Array(PIXELS))
  return async (body: Uint8Array): Promise<number[]> => {
    const picture = await decode(body)
    const pixels = views === 1 ? picture : withViews(picture)
    const features = await backbone.features(pixels)
    const logits = new Float64Array(head.classes)
    for (let view = 0; view < views; view++) {
      logitsOf(head, features, view).forEach((logit, k) => {
        logits[k]! += logit / views
      })
    }
    return probabilities(logits)
  }
}
