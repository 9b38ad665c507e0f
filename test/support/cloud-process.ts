/** The local cloud as a process of its own, which a test kills: `node cloud-process.ts <data directory> <address of the source site> <cloud assembly>`. */
import { boot } from '../../local/boot.ts'

const [dataDir = '', SourceUrl = '', assembly = ''] = process.argv.slice(2)
const parameters = { SourceDriver: 'http', SourceUrl }
const { url, outputs, close } = await boot({ assembly, dataDir, port: 0, warm: true, parameters })
// MySQL's server would outlive the process.
process.once('SIGTERM', () => void close().then(() => process.exit(0)))
console.log(JSON.stringify({ url, outputs }))
