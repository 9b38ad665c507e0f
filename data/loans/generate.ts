/** Generates archives from a command line: `node data/loans/generate.ts --quarters 1999Q1,1999Q2 --loans 10500 --folder ./archives`. */
import { parseArgs } from 'node:util'
import { generateArchive } from './generate-archive.ts'
import { layoutNamed } from './layouts/index.ts'

const { values } = parseArgs({
  options: {
    quarters: { type: 'string', default: '1999Q1,1999Q2' },
    layout: { type: 'string', default: 'r47' },
    loans: { type: 'string', default: '10500' },
    seed: { type: 'string', default: '1' },
    dirty: { type: 'string', default: '0.01' },
    through: { type: 'string' },
    folder: { type: 'string', default: 'archives' },
  },
})

for (const quarter of values.quarters.split(',')) {
  const started = performance.now()
  const { path, size, truth } = await generateArchive({
    quarter,
    layout: layoutNamed(values.layout).name,
    loans: Number(values.loans),
    seed: Number(values.seed),
    dirty: Number(values.dirty),
    ...(values.through && { through: values.through }),
    folder: values.folder,
  })
  const { origination, performance: monthly } = truth.tables
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  console.log(
    `${path}  ${size} bytes, ${origination.raw} originations and ${monthly.raw} performance rows in ${seconds} s`,
  )
}
