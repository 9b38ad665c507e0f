import type { Distribution, MapState } from './definition.ts'
import { RuntimeFailure } from './errors.ts'
import type { Frame } from './frame.ts'
import type { Json } from './json.ts'

export async function runDistributedMap(_frame: Frame<MapState>, _distribution: Distribution): Promise<Json> {
  throw new RuntimeFailure('Distributed Map states are not served yet.')
}
