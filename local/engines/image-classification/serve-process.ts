/** The process behind one variant of an endpoint: loads the model, then answers pictures with probabilities. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SIDE } from './backbone/convert.ts'
import { failureReason, InferenceError } from './errors.ts'
import { Backbone } from './model/features.ts'
import { logitsOf, probabilities } from './model/head.ts'
import { readModel } from './model/model.ts'
import { decode, PIXELS } from './model/pixels.ts'
import type { Question, ServingEvent, ServingRequest } from './protocol.ts'

/** The middle 300 of 384 pixels. */
const CENTRE = 300 / 384

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

/** The picture, its mirror image, and its centre. */
function withViews(picture: Float32Array): Float32Array {
  const all = new Float32Array(3 * PIXELS)
  all.set(picture)
  const margin = (SIDE * (1 - CENTRE)) / 2
  for (let plane = 0; plane < 3; plane++) {
    for (let y = 0; y < SIDE; y++) {
      for (let x = 0; x < SIDE; x++) {
        const at = (plane * SIDE + y) * SIDE
        all[PIXELS + at + x] = picture[at + SIDE - 1 - x]!
        all[2 * PIXELS + at + x] = sample(picture, plane, margin + x * CENTRE, margin + y * CENTRE)
      }
    }
  }
  return all
}

/** Bilinear. */
function sample(picture: Float32Array, plane: number, x: number, y: number): number {
  const [left, top] = [Math.min(Math.floor(x), SIDE - 2), Math.min(Math.floor(y), SIDE - 2)]
  const [fx, fy] = [x - left, y - top]
  const at = (plane * SIDE + top) * SIDE + left
  const upper = picture[at]! * (1 - fx) + picture[at + 1]! * fx
  const lower = picture[at + SIDE]! * (1 - fx) + picture[at + SIDE + 1]! * fx
  return upper * (1 - fy) + lower * fy
}
