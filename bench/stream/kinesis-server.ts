/** A Kinesis in a process of its own: `stepwell <data folder>`, or `kinesalite <its package's folder> <data folder>`. Sends its address. */
import { createRequire } from 'node:module'

const [kind, ...args] = process.argv.slice(2)
if (kind === 'stepwell') {
  const { modelOf } = await import('../../local/gateway/model.ts')
  const { listen } = await import('../../local/gateway/server.ts')
  const { LocalCloud } = await import('../../local/local-cloud.ts')
  const { createKinesis } = await import('../../local/services/kinesis/index.ts')
  const cloud = new LocalCloud({ dataDir: args[0]!, url: 'http://127.0.0.1' })
  const kinesis = createKinesis(cloud)
  cloud.services.set('kinesis', kinesis)
  const model = modelOf('kinesis', await kinesis.schemas())
  const { url } = await listen(
    0,
    Promise.resolve({
      model: async () => model,
      principal: () => cloud.admin,
      invoke: (call, service, operation, input) => cloud.invoke(call, service, operation, input),
      page: async () => undefined,
      log: () => {},
    }),
  )
  process.send!(url)
} else {
  // Written to disk, as Stepwell's is; shards would make no difference to it.
  const kinesalite = createRequire(import.meta.url)(args[0]!)
  const server = kinesalite({ path: args[1], createStreamMs: 10, shardLimit: 10 })
  server.listen(0, '127.0.0.1', () => process.send!(`http://127.0.0.1:${server.address().port}`))
}
