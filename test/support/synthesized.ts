/** Before the first test of the cloud: the template is synthesized, once for all files and by nobody's time-out. */
import { synthesize } from '../../local/deploy/synth.ts'

export async function setup(): Promise<void> {
  await synthesize()
}
