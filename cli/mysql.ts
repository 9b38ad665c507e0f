/** Whether there is a MySQL-compatible server to load. */
import { accessSync, constants } from 'node:fs'
import path from 'node:path'

const PROGRAMS = ['mariadbd', 'mysqld']
// Where Debian, Homebrew and others put servers, which need not be on a person's PATH.
const FOLDERS = [
  '/usr/sbin',
  '/usr/local/sbin',
  '/usr/libexec',
  '/opt/homebrew/bin',
  '/usr/local/bin',
  '/usr/local/mysql/bin',
]

export function hasMysql(environment: NodeJS.ProcessEnv = process.env): boolean {
  if (environment.MYSQL_URL) return true
  const folders = [...(environment.PATH ?? '').split(path.delimiter), ...FOLDERS].filter((folder) => folder !== '')
  return folders.some((folder) => PROGRAMS.some((program) => isExecutable(path.join(folder, program))))
}

export const WITHOUT_MYSQL =
  'No MySQL server here, so MySQL is left out. To load it too: sudo apt-get install -y mariadb-server-core mariadb-client-core (or set MYSQL_URL), then run again.'

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
