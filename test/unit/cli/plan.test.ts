import { afterEach, describe, expect, it, vi } from 'vitest'
import { Output } from '../../../cli/output.ts'
import { batchInput } from '../../../cli/plan.ts'

const rds = vi.hoisted(() => ({
  findMysqlServer: vi.fn(),
  INSTALL_HINT: 'install one with "apt-get install mariadb-server"',
}))
vi.mock('../../../local/services/rds/index.ts', () => rds)
afterEach(() => vi.unstubAllEnvs())

function listening() {
  const lines: string[] = []
  const stream = { write: (text: string) => lines.push(text) > 0 }
  return { lines, output: new Output({ stream: stream as never, environment: {} }) }
}

describe('the input of the batch workflow', () => {
  it('leaves MySQL out where there is none, and says in one line how to get it', async () => {
    rds.findMysqlServer.mockResolvedValue(undefined)
    vi.stubEnv('MYSQL_URL', undefined)
    const { lines, output } = listening()
    expect(await batchInput(output)).toEqual({ load: { mysql: false } })
    expect(lines).toEqual([
      'No MySQL server here, so MySQL is left out; install one with "apt-get install mariadb-server".\n',
    ])
  })

  it('is empty where there is a server, or MYSQL_URL names one', async () => {
    rds.findMysqlServer.mockResolvedValue('/usr/sbin/mariadbd')
    vi.stubEnv('MYSQL_URL', undefined)
    expect(await batchInput(listening().output)).toEqual({})
    rds.findMysqlServer.mockResolvedValue(undefined)
    vi.stubEnv('MYSQL_URL', 'mysql://root@127.0.0.1:3306')
    expect(await batchInput(listening().output)).toEqual({})
  })
})
