/** Puts the items of a distributed Map into the inputs of its children: one each, or batches (ItemBatcher). */
import type { Distribution, MapState } from './definition.ts'
import type { Batch } from './distributed-map.ts'
import type { Frame } from './frame.ts'
import { type Json, textOf } from './json.ts'
import { itemInput } from './map.ts'
import { readInteger } from './setting.ts'

export async function itemBatches(
  frame: Frame<MapState>,
  distribution: Distribution,
  items: readonly Json[],
): Promise<Batch[]> {
  const inputs: Batch[] = []
  for (const [Index, Value] of items.entries()) {
    const item = { Index, Value }
    inputs.push({ item, input: await itemInput(frame, item), size: 1 })
  }
  const { batch } = distribution
  if (!batch) return inputs
  const most = batch.size ? await readInteger(frame, batch.size, 1) : Number.POSITIVE_INFINITY
  const bytes = batch.bytes ? await readInteger(frame, batch.bytes, 1) : Number.POSITIVE_INFINITY
  const shared = batch.input ? await batch.input.fill(frame.scope(frame.effectiveInput())) : undefined
  const around = textOf(shared === undefined ? { Items: [] } : { BatchInput: shared, Items: [] }).length
  const batches: Batch[] = []
  let held: Json[] = []
  let size = around
  const close = () => {
    if (held.length === 0) return
    const Items = held
    batches.push({
      item: { Index: batches.length, Value: Items },
      input: shared === undefined ? { Items } : { BatchInput: shared, Items },
      size: Items.length,
    })
    held = []
    size = around
  }
  for (const { input } of inputs) {
    const length = Buffer.byteLength(textOf(input)) + 1
    if (held.length === most || size + length > bytes) close()
    held.push(input)
    size += length
  }
  close()
  return batches
}
